package steps_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/simulator/faulty"
)

var (
	tableRow = regexp.MustCompile(`(?m)^\| ([a-z]+/[^ ]+) \| (FIP-[A-Z]+-\d+) \| (yes|no) \|([^|]*)\|`)
	ruleID   = regexp.MustCompile(`FIP-[A-Z]+-\d{3}`)
)

// The table has every fault that there is, each of them caught, and every rule: one that
// no fault trips may be wrong without anybody's noticing.
func TestMutationTable(t *testing.T) {
	table, err := os.ReadFile(mutationTable)
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for _, row := range tableRow.FindAllSubmatch(table, -1) {
		rows[string(row[1])] = string(row[2])
		if string(row[3]) != "yes" {
			t.Errorf("the table says that %s is not caught; make mutation FAULT=%[1]s judges it anew", row[1])
		}
	}
	for _, f := range faulty.All() {
		if rows[f.Name] != f.Rule {
			t.Errorf("fault %s of rule %s: the table has rule %q; make mutation writes it anew", f.Name, f.Rule, rows[f.Name])
		}
		delete(rows, f.Name)
	}
	for name := range rows {
		t.Errorf("the table has %s, which is no fault any more; make mutation writes it anew", name)
	}
	tripped := ruleID.FindAllString(string(table), -1)
	for _, r := range features.Rules() {
		if !slices.Contains(tripped, r.ID) {
			t.Errorf("no fault trips %s, %s", r.ID, r.Title)
		}
	}
}
