package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/steps/report"
)

var update = flag.Bool("update", false, "write testdata/*.golden from what the reports are now")

// golden holds what was written against a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test -update accepts it):\n%s", file, diff)
	}
}

func write(t *testing.T, kind string, run *report.Run) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.Write(kind, &out, run); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Every format of a run in which everything happens, and of one in which all held.
func TestGolden(t *testing.T) {
	for kind, ext := range map[string]string{"text": "txt", "junit": "xml", "json": "json", "github": "github", "markdown": "md"} {
		t.Run(kind, func(t *testing.T) {
			golden(t, "failing."+ext, write(t, kind, failing()))
			golden(t, "passing."+ext, write(t, kind, passing()))
		})
	}
	var out bytes.Buffer
	if err := report.Terminal(&out, failing(), report.TerminalOptions{Color: true, Width: 80}); err != nil {
		t.Fatal(err)
	}
	golden(t, "failing.term", out.String())
}

// The order in which scenarios end differs from run to run; reports don't.
func TestOrder(t *testing.T) {
	for _, kind := range report.Kinds() {
		run := failing()
		want := write(t, kind, run)
		for i, j := 0, len(run.Results)-1; i < j; i, j = i+1, j-1 {
			run.Results[i], run.Results[j] = run.Results[j], run.Results[i]
		}
		if diff := cmp.Diff(want, write(t, kind, run)); diff != "" {
			t.Errorf("%s:\n%s", kind, diff)
		}
	}
}

// A run of which nothing came has a report too, and one that does not look well.
func TestEmpty(t *testing.T) {
	for _, kind := range report.Kinds() {
		if got := write(t, kind, &report.Run{}); !strings.Contains(got, "could not judge") {
			t.Errorf("%s does not say that nothing was judged:\n%s", kind, got)
		}
	}
}

// What a server sends can steer neither terminal nor browser nor CI service.
func TestHostileTextIsInert(t *testing.T) {
	commands := regexp.MustCompile(`(?m)^\s*::|##`)
	for _, kind := range report.Kinds() {
		got := write(t, kind, hostile())
		if !utf8.ValidString(got) {
			t.Errorf("%s: not UTF-8", kind)
		}
		for _, r := range got {
			if (unicode.IsControl(r) && r != '\n') || unicode.Is(unicode.Bidi_Control, r) || r == '\ufffe' {
				t.Errorf("%s: holds %U", kind, r)
				break
			}
		}
		found := commands.FindAllString(got, -1)
		switch kind {
		case "github":
			found = found[min(len(found), strings.Count(got, "\n")):] // one a line is ours
		case "markdown", "json", "html":
			continue // not for a log
		}
		if len(found) > 0 {
			t.Errorf("%s: a line would be taken for a command of a CI service: %q", kind, found)
		}
	}
}

// No report gives a password away, whatever the steps put into its texts.
func TestNoPasswords(t *testing.T) {
	for _, kind := range report.Kinds() {
		run := hostile()
		for i := range run.Results {
			for j := range run.Results[i].Events {
				run.Results[i].Events[j].Detail = "" // events come without secrets, by contract
			}
		}
		if got := write(t, kind, run); strings.Contains(got, "hunter2") {
			t.Errorf("%s holds the password", kind)
		}
	}
}

func TestUnknownKind(t *testing.T) {
	err := report.Write("pdf", new(bytes.Buffer), failing())
	if verdict.Exit(err) != verdict.ExitUsage || !strings.Contains(err.Error(), "github, html, json, junit, markdown, text") {
		t.Errorf("%v", err)
	}
}

// A report leaves the run as it was.
func TestRunIsLeftAlone(t *testing.T) {
	run := hostile()
	for _, kind := range report.Kinds() {
		write(t, kind, run)
	}
	if diff := cmp.Diff(hostile().Results[0].Actual, run.Results[0].Actual); diff != "" {
		t.Error(diff)
	}
}
