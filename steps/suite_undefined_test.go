package steps

import (
	"strings"
	"testing"
	"testing/fstest"
)

// Every step of the rules is written.
func TestStepsAreWritten(t *testing.T) {
	if _, err := newSources(nil); err != nil {
		t.Error(err)
	}
}

// A step that nobody wrote is told with its place, and with what is near to it.
func TestUndefinedSteps(t *testing.T) {
	for _, tt := range []struct{ name, step, want string }{
		{"a slip of the pen", "When the phone provisionz", `o.feature:6: there is no step "the phone provisionz"; did you mean the phone provisions?`},
		{"another keyword", "Then the phone provisions", `o.feature:6: "the phone provisions" is a step of When, not of Then`},
		{"nothing near", "When all is well in Denmark, and the rest is silence", "look at a rule that is near to yours"},
		{"a value", `Then it holds "lang.gui" is "x" and not as "y"`, `did you mean it holds "…" as "…" and not as "…"?`},
		{"written", "When the phone provisions", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := "Feature: O\n\n  @FIP-OURS-001 @must @grade-A\n  Scenario: X\n    Handbook 3.2\n    " + tt.step + "\n"
			err := sources{}.clone().read("", fstest.MapFS{"o.feature": {Data: []byte(body)}})
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
