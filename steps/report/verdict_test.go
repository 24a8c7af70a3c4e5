package report_test

import (
	"testing"
	"time"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/steps/report"
)

// began is when the runs of these tests did.
var began = time.Date(2026, 3, 1, 14, 29, 30, 0, time.UTC)

// res is a short way to write a result of a rule in a chapter of the same name.
func res(id, chapter string, level features.Level, over string, status report.Status) report.Result {
	return report.Result{Rule: features.Rule{ID: id, Chapter: chapter, Level: level, Title: "t"}, Over: over, Status: status, Actual: "why"}
}

func needs(r report.Result, capabilities ...string) report.Result {
	r.Rule.Needs = capabilities
	return r
}

func known(r report.Result, days int) report.Result {
	r.Known = &report.Known{Rule: r.Rule.ID, Reason: "ticket 12", Expires: began.Truncate(24*time.Hour).AddDate(0, 0, days)}
	return r
}

func TestVerdict(t *testing.T) {
	const must, should, may = features.Must, features.Should, features.May
	const pass, fail, failure, skip = report.Pass, report.Fail, report.Error, report.Skip
	held := res("R1", "boot-files", must, "tftp", pass)
	for _, tt := range []struct {
		name    string
		run     report.Run
		want    string
		exit    int
		strict  string // under Strict; empty: the same
		stricts int
	}{
		{
			name: "all held",
			run: report.Run{Results: []report.Result{
				held, res("R2", "cfg-files", must, "tftp", pass), res("R3", "override", must, "tftp", pass),
				needs(res("R4", "pnp", must, "", skip), "pnp"), needs(res("R5", "dhcp", must, "", skip), "dhcp"),
			}},
			want: "conforms: TFTP, boot files, cfg files, override; not judged: FTP, HTTP, HTTPS, DHCP, PnP",
		},
		{
			name: "a chapter that has a protocol's name is named once",
			run:  report.Run{Results: []report.Result{res("R1", "tftp", must, "tftp", pass)}},
			want: "conforms: TFTP; not judged: FTP, HTTP, HTTPS",
		},
		{
			name: "a selection is told",
			run:  report.Run{Selected: "--rule R1", Results: []report.Result{held}},
			want: "conforms (only --rule R1): TFTP, boot files; not judged: FTP, HTTP, HTTPS",
		},
		{
			name: "a must is broken",
			run:  report.Run{Results: []report.Result{held, res("R2", "cfg-files", must, "ftp", fail)}},
			want: "fails: R2; held: TFTP, boot files; not judged: HTTP, HTTPS", exit: 1,
		},
		{
			name: "a rule broken over two protocols is named once",
			run:  report.Run{Results: []report.Result{res("R2", "c", must, "ftp", fail), res("R2", "c", must, "tftp", fail)}},
			want: "fails: R2; not judged: HTTP, HTTPS", exit: 1,
		},
		{
			name:   "a should is a warning",
			run:    report.Run{Results: []report.Result{held, res("R2", "boot-files", should, "tftp", fail)}},
			want:   "conforms: TFTP, boot files; not judged: FTP, HTTP, HTTPS; warnings: R2",
			strict: "fails: R2; not judged: FTP, HTTP, HTTPS", stricts: 1,
		},
		{
			name: "a may informs",
			run:  report.Run{Results: []report.Result{held, res("R2", "boot-files", may, "tftp", fail)}},
			want: "conforms: TFTP, boot files; not judged: FTP, HTTP, HTTPS",
		},
		{
			name: "nothing was chosen",
			want: "could not judge: no rule was chosen; not judged: TFTP, FTP, HTTP, HTTPS", exit: 3,
		},
		{
			name: "all was skipped",
			run:  report.Run{Results: []report.Result{needs(res("R1", "pnp", must, "", skip), "pnp")}},
			want: "could not judge: every rule that was chosen was skipped; not judged: TFTP, FTP, HTTP, HTTPS, PnP", exit: 3,
		},
		{
			name: "an error",
			run:  report.Run{Results: []report.Result{held, res("R2", "boot-files", may, "tftp", failure)}},
			want: "could not judge: R2 over TFTP: why; held: TFTP, boot files; not judged: FTP, HTTP, HTTPS", exit: 3,
		},
		{
			name: "errors",
			run:  report.Run{Results: []report.Result{held, res("R2", "boot-files", must, "", failure), res("R3", "boot-files", must, "", failure)}},
			want: "could not judge: 2 errors, the first: R2: why; held: TFTP, boot files; not judged: FTP, HTTP, HTTPS", exit: 3,
		},
		{
			name: "a broken rule outweighs an error",
			run:  report.Run{Results: []report.Result{res("R1", "boot-files", must, "tftp", fail), res("R2", "boot-files", must, "tftp", failure)}},
			want: "fails: R1; could not judge all: R2 over TFTP: why; not judged: FTP, HTTP, HTTPS", exit: 1,
		},
		{
			name: "stopped early",
			run:  report.Run{Stopped: "interrupted", Results: []report.Result{held}},
			want: "could not judge: stopped early: interrupted; held: TFTP, boot files; not judged: FTP, HTTP, HTTPS", exit: 3,
		},
		{
			name: "stopped early, with a broken rule",
			run:  report.Run{Stopped: "interrupted", Results: []report.Result{res("R1", "boot-files", must, "tftp", fail)}},
			want: "fails: R1; could not judge all: stopped early: interrupted; not judged: FTP, HTTP, HTTPS", exit: 1,
		},
		{
			name: "a must is skipped although declared",
			run: report.Run{
				Capabilities: []scenarios.Capability{scenarios.TFTP, scenarios.PnP},
				Results:      []report.Result{held, needs(res("R2", "pnp", must, "", skip), "pnp")},
			},
			want: "partial: 1 @must rule skipped although what it needs was declared: R2; held: TFTP, boot files; not judged: FTP, HTTP, HTTPS, PnP", exit: 3,
		},
		{
			name: "a must that is known to be broken is skipped, as it stands on another such one",
			run: report.Run{
				Capabilities: []scenarios.Capability{scenarios.TFTP, scenarios.PnP},
				Results:      []report.Result{held, known(needs(res("R2", "pnp", must, "", skip), "pnp"), 0)},
			},
			want: "conforms: TFTP, boot files; not judged: FTP, HTTP, HTTPS, PnP",
		},
		{
			name: "a should is skipped although declared",
			run: report.Run{
				Capabilities: []scenarios.Capability{scenarios.TFTP, scenarios.PnP},
				Results:      []report.Result{held, needs(res("R2", "pnp", should, "", skip), "pnp")},
			},
			want: "conforms: TFTP, boot files; not judged: FTP, HTTP, HTTPS, PnP",
		},
		{
			name: "a must is skipped over a protocol that is not declared",
			run: report.Run{
				Capabilities: []scenarios.Capability{scenarios.TFTP},
				Results:      []report.Result{held, res("R1", "boot-files", must, "ftp", skip)},
			},
			want: "conforms: TFTP, boot files; not judged: FTP, HTTP, HTTPS",
		},
		{
			name: "a known failure",
			run:  report.Run{Results: []report.Result{held, known(res("R2", "boot-files", must, "tftp", fail), 0)}},
			want: "conforms: TFTP, boot files; not judged: FTP, HTTP, HTTPS; warnings: R2",
		},
		{
			name:   "a known failure that has expired",
			run:    report.Run{Results: []report.Result{held, known(res("R2", "boot-files", must, "tftp", fail), -1)}},
			want:   "conforms: TFTP, boot files; not judged: FTP, HTTP, HTTPS; warnings: R2",
			strict: "fails: R2; not judged: FTP, HTTP, HTTPS", stricts: 1,
		},
		{
			name:   "a known failure that holds",
			run:    report.Run{Results: []report.Result{known(held, 9)}},
			want:   "conforms: TFTP, boot files; not judged: FTP, HTTP, HTTPS; warnings: R1",
			strict: "fails: R1; not judged: FTP, HTTP, HTTPS", stricts: 1,
		},
		{
			name: "a known failure that holds over one protocol only",
			run:  report.Run{Results: []report.Result{known(held, 9), known(res("R1", "boot-files", must, "ftp", fail), 9)}},
			want: "conforms: TFTP, boot files; not judged: HTTP, HTTPS; warnings: R1",
		},
		{
			name: "what a server sent forges no line",
			run:  report.Run{Stopped: "it said \"bye\nconforms: all\x1b[2J\""},
			want: "could not judge: stopped early: it said \"bye conforms: all�[2J\"; not judged: TFTP, FTP, HTTP, HTTPS", exit: 3,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.run.Started = began
			check := func(want string, exit int) {
				t.Helper()
				v := tt.run.Verdict()
				if v.String() != want || v.Exit() != exit {
					t.Errorf("strict %t:\n got %d %s\nwant %d %s", tt.run.Strict, v.Exit(), v, exit, want)
				}
			}
			check(tt.want, tt.exit)
			tt.run.Strict = true
			if tt.strict == "" {
				check(tt.want, tt.exit)
			} else {
				check(tt.strict, tt.stricts)
			}
		})
	}
}

func TestTitle(t *testing.T) {
	for name, want := range map[string]string{
		"tftp": "TFTP", "boot": "boot files", "boot-files": "boot files", "includes-and-urls": "includes and URLs", "dhcp-option-66": "DHCP option 66", "": "",
	} {
		if got := report.Title(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
