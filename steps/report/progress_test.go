package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/steps/report"
)

// Where lines can't be rewritten, a result is a character, and a line says how far the run is.
func TestProgressPlain(t *testing.T) {
	var out bytes.Buffer
	p := &report.Progress{W: &out, Total: 55}
	for i := range 55 {
		r := res("R", "c", features.Must, "tftp", report.Pass)
		switch i {
		case 10:
			r.Status = report.Fail
		case 20:
			r.Status = report.Error
		case 30:
			r.Status = report.Skip
		case 40:
			r.Status, r.Rule.Level = report.Fail, features.Should
		}
		p.Add(r)
	}
	p.Done()
	p.Done()
	want := "..........F.........E.........s.........w.........  50 of 55\n" +
		"....." + strings.Repeat(" ", 45) + "  55 of 55\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// On a terminal one line is rewritten; it never wraps, and is gone at the end.
func TestProgressLive(t *testing.T) {
	var out bytes.Buffer
	p := &report.Progress{W: &out, Live: true, Width: 40}
	p.Add(res("FIP-NAME-001", "names", features.Must, "tftp", report.Pass))
	p.Add(res("FIP-NAME-002-"+strings.Repeat("x", 99), "names", features.Must, "tftp", report.Fail))
	p.Done()
	want := "\r\x1b[K1: 1 passed  FIP-NAME-001 over TFTP" +
		"\r\x1b[K2: 1 passed, 1 failed  FIP-NAME-002-xxx" +
		"\r\x1b[K"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// Scenarios run side by side.
func TestProgressSideBySide(t *testing.T) {
	var out bytes.Buffer
	p := &report.Progress{W: &out}
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() { p.Add(res(fmt.Sprint(i), "c", features.Must, "", report.Pass)) })
	}
	all.Wait()
	if got := strings.Count(out.String(), "."); got != 100 {
		t.Errorf("%d results", got)
	}
}
