package target_test

import (
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
	"github.com/fipsim/fipsim/steps/target"
)

// breaks are the rules that a way in to a real server breaks; docs/servers.md has the
// sentence for each, and what was seen.
var breaks = map[string][]string{
	"atftpd/tftp":       {"FIP-TFTP-023"},
	"dnsmasq/tftp":      {"FIP-TFTP-042"},
	"nginx/https":       {"FIP-TLS-011"},
	"nginx/https+basic": {"FIP-TLS-011"},
	"lighttpd/https":    {"FIP-TLS-013"},
}

// mayBreak are those that a real server breaks at times.
var mayBreak = map[string][]string{
	"vsftpd/ftp":             {"FIP-MANY-002"}, // its queue of connections is 32 long
	"vsftpd-login/ftp+login": {"FIP-MANY-002"},
}

// TestRealServers judges ten servers that people use, each as Debian configures it plus
// the least that serving a folder needs, over each of their protocols and logins. What
// they break is listed, with the sentence that says so, in docs/servers.md.
func TestRealServers(t *testing.T) {
	tb := testbed.New(t, testbed.AllNeeds())
	for _, s := range testbed.Servers {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			tb := tb.For(t)
			running := tb.Start(s, tb.Publish(os.DirFS(t.TempDir())))
			for _, e := range running.Endpoints {
				t.Run(strings.TrimPrefix(e.Name, s.Name+"/"), func(t *testing.T) { judgeEndpoint(t, tb, running, e) })
			}
		})
	}
}

// judgeEndpoint judges one way in to a server.
func judgeEndpoint(t *testing.T, tb *testbed.Testbed, running *testbed.Running, e testbed.Endpoint) {
	file := &scenarios.TargetFile{
		Kind: scenarios.KindDocroot, URLs: []*url.URL{e.URL}, Docroot: running.Docroot, CA: running.CA.PEM,
	}
	d, err := target.Open(t.Context(), file, target.Options{Network: tb.Phone.Network()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	run, err := steps.Run(t.Context(), steps.Options{Target: d, Network: tb.Phone.Network()})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, run, e.Name)
}

// compare holds what was found against what is known.
func compare(t *testing.T, run *report.Run, way string) {
	t.Helper()
	var got []string
	for _, r := range run.Results {
		if r.Status == report.Pass || r.Status == report.Skip || slices.Contains(mayBreak[way], r.Rule.ID) {
			continue
		}
		if !slices.Contains(got, r.Rule.ID) {
			got = append(got, r.Rule.ID)
		}
		t.Logf("%s: %s @%s: %s: expected %s; came %s", r.Status, report.Label(r), r.Rule.Level, r.Step, r.Expected, r.Actual)
	}
	slices.Sort(got)
	if diff := cmp.Diff(breaks[way], got); diff != "" {
		t.Errorf("rules that are broken (-want +got):\n%s", diff)
	}
	v := run.Verdict()
	if v.Word != report.Conforms {
		t.Errorf("verdict: %s, want %s", v, report.Conforms)
	}
	t.Logf("%s; %d results in %v", v, len(run.Results), run.Took)
}
