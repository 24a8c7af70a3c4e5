package features_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fipsim/fipsim/features"
)

// What a user's feature file lacks is told with its place; nothing in it is left out
// unsaid.
func TestReadOfWrongFiles(t *testing.T) {
	const rule = "  @FIP-OURS-001 @must @grade-A\n  Scenario: X\n    Handbook 3.2\n    Given the server publishes a file of 1 byte\n"
	for _, tt := range []struct{ name, body, want string }{
		{"empty", "", "o/o.feature: it is empty"},
		{"comments alone", "# later\n", "o/o.feature: it is empty"},
		{"a word misspelt", "Feature: X\n  Scenari: Y\n", "o/o.feature: it has no Scenario"},
		{"no id", strings.Replace("Feature: O\n"+rule, "@FIP-OURS-001 ", "", 1), "o/o.feature:3: no rule id"},
		{"no level", strings.Replace("Feature: O\n"+rule, "@must ", "", 1), "o/o.feature:3: FIP-OURS-001 has no level"},
		{"no grade", strings.Replace("Feature: O\n"+rule, " @grade-A", "", 1), "o/o.feature:3: FIP-OURS-001 has no grade"},
		{"a guess as must", strings.Replace("Feature: O\n"+rule, "grade-A", "grade-C", 1), "rests on grade C"},
		{"no source", strings.Replace("Feature: O\n"+rule, "    Handbook 3.2\n", "", 1), "names no source"},
		{"no step", "Feature: O\n" + rule[:strings.Index(rule, "    Given")], `o/o.feature:3: "X" has no step`},
		{"below a Rule", "Feature: O\n  Rule: R\n" + rule, "o/o.feature:2: Rule: a scenario is a rule by itself"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := features.Read(fstest.MapFS{"o/o.feature": {Data: []byte(tt.body)}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestReadOfABackground(t *testing.T) {
	body := "Feature: O\n  Background:\n    Given phones that the server knows\n\n" +
		"  @FIP-OURS-001 @must @grade-A\n  Scenario: X\n    Handbook 3.2\n    Given each of them provisions\n"
	rules, err := features.Read(fstest.MapFS{"o/o.feature": {Data: []byte(body)}})
	if err != nil || len(rules) != 1 || rules[0].ID != "FIP-OURS-001" || rules[0].Line != 6 {
		t.Errorf("%+v, %v", rules, err)
	}
}
