package steps

import (
	"errors"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/verdict"
)

// A comma is OR and binds closer than &&; ~ and not are NOT; the @ may be left out.
func TestTagExpressions(t *testing.T) {
	known := []string{"@must", "@should", "@needs-ftp", "@over-http", "@over-tftp"}
	for _, tt := range []struct {
		expression, tags string
		want             bool
	}{
		{"", "@must", true},
		{"@must", "@must @over-http", true},
		{"must", "@must", true},
		{"@must", "@should", false},
		{"~@must", "@should", true},
		{"not @must", "@must", false},
		{"@must,@should", "@should", true},
		{"@must && @over-http", "@must @over-tftp", false},
		{"@must,@should && ~@over-http", "@should @over-tftp", true},
		{"@must,@should && ~@over-http", "@should @over-http", false},
		{"~@must, ~@needs-ftp", "@must @needs-ftp", false},
		{"~@must,~@needs-ftp", "@must", true},
	} {
		e, err := parseTags(tt.expression, known)
		if err != nil {
			t.Errorf("%q: %v", tt.expression, err)
			continue
		}
		if got := e.match(strings.Fields(tt.tags)); got != tt.want {
			t.Errorf("%q chooses %q: %v, want %v", tt.expression, tt.tags, got, tt.want)
		}
	}
}

func TestWrongTagExpressions(t *testing.T) {
	for text, want := range map[string]string{
		"@must &&":      "want @tag",
		"&& @must":      "want @tag",
		"@must,,@must":  "want @tag",
		"~":             "want @tag",
		"@must @should": "want @tag",
		"@mst":          "did you mean @must?",
		"@xyzzy-plugh":  "there is no tag @xyzzy-plugh",
	} {
		_, err := parseTags(text, []string{"@must", "@should"})
		var usage *verdict.Usage
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzTags(f *testing.F) {
	for _, seed := range []string{"@must && ~@should,@must", "&&", "not not", "~~@must", ",", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseTags(text, []string{"@must", "@should"})
		if err != nil && e != nil {
			t.Errorf("%q: both an expression and %v", text, err)
		}
		e.match([]string{"@must"})
	})
}
