package pcaps

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/diagnosis.md anew")

// badPass is a pass with one thing wrong that is known, and what a good diagnosis says
// of it first. The label says what was done, not what was found.
type badPass struct {
	wrong string // what is wrong
	how   string // how it was made
	cause Cause
	side  Side
	shots func(*testing.T) []shot
	ends  bool // the capture ends with it
}

const (
	diagnosisPage = "../docs/diagnosis.md"
	leastRight    = 27
)

// Each bad pass, among other traffic, is told by its right cause first; and no server is
// blamed for what is not its fault.
func TestBadPasses(t *testing.T) {
	all := badPasses()
	if len(all) < 30 {
		t.Fatalf("%d bad passes", len(all))
	}
	made := make([][]byte, len(all))
	t.Run("made", func(t *testing.T) {
		for i, p := range all {
			t.Run(p.wrong, func(t *testing.T) {
				t.Parallel() // most of them wait for an answer that never comes
				made[i] = mixed(t, p.shots(t), p.ends)
			})
		}
	})
	right := 0
	var rows strings.Builder
	for i, p := range all {
		if made[i] == nil {
			t.FailNow() // as the subtest said
		}
		c := read(t, made[i])
		d, blamed := p.told(t, c)
		if lines := missed(t, written(t, made[i]), c); lines != "" {
			t.Errorf("%s: the filters do not show these frames of the diagnoses:\n%s\n%s", p.wrong, lines, d.Filter)
		}
		mark := "yes"
		if d.Cause != p.cause || d.Side != p.side {
			mark = "**no**"
			t.Logf("%s: %s (%s): %s; want %s (%s)", p.wrong, d.Cause, d.Side, d.Text, p.cause, p.side)
		} else {
			right++
		}
		if blamed && p.side != ByServer {
			t.Errorf("%s: the server is blamed", p.wrong)
		}
		fmt.Fprintf(&rows, "| %d | %s | %s | `%s`, %s | `%s`, %s: %s | %s |\n", i+1, p.wrong, p.how, p.cause, p.side, d.Cause, d.Side,
			steady(d.Text), mark)
	}
	if right < leastRight {
		t.Errorf("%d of %d right, want %d at least", right, len(all), leastRight)
	}
	holdDiagnosisPage(t, fmt.Sprintf("%d of %d", right, len(all)), rows.String())
}

// written is a capture as a file.
func written(t *testing.T, b []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "made.pcap")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// told returns what is said first of the pass's phone, and whether the server is blamed
// anywhere.
func (p badPass) told(t *testing.T, c *Capture) (first Diagnosis, blamed bool) {
	t.Helper()
	for _, phone := range c.Phones {
		if phone.MAC.String() != passMAC {
			continue
		}
		all := Diagnose(phone)
		for _, d := range all {
			blamed = blamed || d.Side == ByServer
		}
		if len(all) == 0 {
			break
		}
		return all[0], blamed
	}
	t.Errorf("%s: the phone is not in the capture: %s", p.wrong, c.summary())
	return Diagnosis{}, false
}

var (
	somePort = regexp.MustCompile(`(127\.0\.0\.\d+|localhost):\d+`)
	someTime = regexp.MustCompile(`\b(\d+m)?\d+(\.\d+)?(ms|s|µs)\b`)
	someSend = regexp.MustCompile(`sent \d times?( in …)?`)
	someDate = regexp.MustCompile(`\b20\d\d-\d\d-\d\d\b`)
	someXID  = regexp.MustCompile(`0x[0-9a-f]{8}`)
)

// steady takes out of a text what is another at every run.
func steady(text string) string {
	text = somePort.ReplaceAllString(text, "$1:PORT")
	text = someXID.ReplaceAllString(someDate.ReplaceAllString(text, "DATE"), "XID")
	return cell(someSend.ReplaceAllString(someTime.ReplaceAllString(text, "…"), "sent N times"))
}

// holdDiagnosisPage compares the table with the one that is published.
func holdDiagnosisPage(t *testing.T, score, rows string) {
	t.Helper()
	page := "# What a diagnosis is worth\n\n" +
		"Passes with one thing wrong that is known, mixed into the traffic of other phones and of a laptop, and what\n" +
		"`fipsim pcap show` says of them first. Right is a row whose cause and side are the label's. " + score + " are right; no\n" +
		"server is blamed in a row whose label does not blame it. `go test ./pcaps -run BadPasses -update` writes this page.\n\n" +
		"| # | what is wrong | made how | label | told first | right |\n|---|---|---|---|---|---|\n" + rows
	if *update {
		if err := os.WriteFile(diagnosisPage, []byte(page), 0o644); err != nil { //nolint:gosec // a page of the project
			t.Fatal(err)
		}
	}
	is, err := os.ReadFile(diagnosisPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(is) != page && !testing.Short() { // a machine that is busy may be late to answer
		t.Errorf("%s is not what the test finds; -update writes it:\n%s", diagnosisPage, page)
	}
}
