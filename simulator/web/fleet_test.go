package web

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/fleet"
)

// The names of hostile servers, and what a load of one looks like, from the page's side.
const hostileName = `"></script><script>alert(1)</script>`

// aLoad runs a small load against a server that gives phones hostile values, fails some and has a
// password in its URL, and returns a window on it, ended.
func aLoad(t *testing.T) *fleet.Live {
	t.Helper()
	live := new(fleet.Live)
	if err := loadOnto(t.Context(), live, nil); err != nil {
		t.Fatal(err)
	}
	return live
}

// startFleet serves a live page until the test ends.
func startFleet(t *testing.T, o FleetOptions) *Server {
	t.Helper()
	s, err := StartFleet(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// fetchPage asks a page and returns its status and text.
func fetchPage(t *testing.T, url string, edit func(*http.Request)) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(r)
	}
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(body)
}

// The page of a load shows it, loads nothing from elsewhere, and shows what a server sent as text.
func TestFleetPage(t *testing.T) {
	s := startFleet(t, FleetOptions{Live: aLoad(t)})
	status, header, text := fetchPage(t, s.URL(), nil)
	if status != 200 || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'self'") {
		t.Fatalf("%d %v", status, header)
	}
	for _, want := range []string{"Outcomes of passes", "The slowest passes", "server-error", `class="fail"`, "wrong settings"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, bad := range []string{"<script>alert", "geheim", "http://bob"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, link := range regexp.MustCompile(`(?:src|href)="(/[^"]*)"`).FindAllStringSubmatch(text, -1) {
		if status, _, _ := fetchPage(t, strings.TrimSuffix(s.URL(), "/")+link[1], nil); status != 200 {
			t.Errorf("%s: status %d", link[1], status)
		}
	}
	if n := len(regexp.MustCompile(`(?:src|href)="(?:https?:)?//`).FindAllString(text, -1)); n > 0 {
		t.Error("the page loads something from elsewhere")
	}
	if status, _, _ := fetchPage(t, s.URL()+"assets/", nil); status != 404 {
		t.Errorf("the assets are listed: %d", status)
	}
}

// A page of another site cannot read what is measured, and no other name than this machine's leads to it.
func TestFleetGuard(t *testing.T) {
	s := startFleet(t, FleetOptions{Live: new(fleet.Live)})
	for want, edit := range map[int]func(*http.Request){
		200: nil,
		421: func(r *http.Request) { r.Host = "fleet.evil.example" },
		403: func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Sec-Fetch-Mode", "cors")
		},
	} {
		for _, path := range []string{"", "metrics"} {
			if got, _, _ := fetchPage(t, s.URL()+path, edit); got != want {
				t.Errorf("/%s: status %d, want %d", path, got, want)
			}
		}
	}
	guarded := startFleet(t, FleetOptions{Live: new(fleet.Live), Password: "sesame"})
	if got, _, _ := fetchPage(t, guarded.URL()+"metrics", nil); got != 401 {
		t.Errorf("without the password: status %d", got)
	}
	if got, _, _ := fetchPage(t, guarded.URL()+"metrics", func(r *http.Request) { r.SetBasicAuth("prometheus", "sesame") }); got != 200 {
		t.Errorf("with the password: status %d", got)
	}
}

// exported are the samples of /metrics by name, and their lines.
func exported(t *testing.T, s *Server) (map[string][]string, string) {
	t.Helper()
	status, header, text := fetchPage(t, s.URL()+"metrics", nil)
	if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %v: %s", status, header, text)
	}
	names := make(map[string][]string)
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			name, _, _ := strings.Cut(line, " ")
			name, _, _ = strings.Cut(name, "{")
			names[name] = append(names[name], line)
		}
	}
	return names, text
}

// The metrics are the report's numbers.
func TestFleetMetrics(t *testing.T) {
	live := aLoad(t)
	names, text := exported(t, startFleet(t, FleetOptions{Live: live}))
	r := live.Report()
	for line, n := range map[string]uint64{
		`fipsim_phones`: r.Phones, `fipsim_phones_provisioned`: r.Provisioned, `fipsim_starts_total`: r.Meant, `fipsim_files_total`: r.Requests,
		`fipsim_passes_total{outcome="wrong"}`: r.Wrong, `fipsim_pass_failures_total{fault="server-error"}`: r.Failed,
		`fipsim_stage_seconds_bucket{outcome="wrong",protocol="http",stage="pass",le="+Inf"}`: r.Wrong,
		`fipsim_stage_seconds_count{outcome="wrong",protocol="http",stage="pass"}`:            r.Wrong,
		`fipsim_threshold_held{threshold="errors<1%"}`:                                        0, `fipsim_running`: 0,
	} {
		if want := line + " " + strconv.FormatUint(n, 10) + "\n"; !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	if r.Wrong == 0 || r.Failed == 0 || len(names["fipsim_stage_seconds_bucket"]) < 17 {
		t.Errorf("%d wrong, %d failed", r.Wrong, r.Failed)
	}
	if strings.Contains(text, "geheim") {
		t.Error("the metrics tell a password")
	}
	if names, _ := exported(t, startFleet(t, FleetOptions{Live: new(fleet.Live)})); names["fipsim_phones"] != nil {
		t.Error("there are metrics of a load before there is one")
	}
}

// Each metric that the dashboard asks for is one that is exported, and each of ours is asked for.
func TestDashboard(t *testing.T) {
	body, err := os.ReadFile("../../docs/grafana/fipsim-load.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct{ List []struct{ Definition string } }
	}
	if err := json.Unmarshal(body, &dashboard); err != nil {
		t.Fatal(err)
	}
	names, _ := exported(t, startFleet(t, FleetOptions{Live: aLoad(t)}))
	metric := regexp.MustCompile(`\b(?:fipsim|process|go)_[a-z_0-9]+`)
	asked := make(map[string]bool)
	check := func(where, expr string) {
		found := metric.FindAllString(expr, -1)
		if len(found) == 0 {
			t.Errorf("%s asks for nothing: %q", where, expr)
		}
		for _, name := range found {
			asked[name] = true
			if names[name] == nil {
				t.Errorf("%s asks for %s, which is not exported", where, name)
			}
		}
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			check(p.Title, target.Expr)
		}
	}
	check("a variable", dashboard.Templating.List[1].Definition)
	for name := range names {
		base := strings.TrimSuffix(strings.TrimSuffix(name, "_sum"), "_count")
		if strings.HasPrefix(name, "fipsim_") && !asked[name] && !asked[base+"_bucket"] {
			t.Errorf("no panel shows %s", name)
		}
	}
	if len(dashboard.Panels) < 10 {
		t.Errorf("%d panels", len(dashboard.Panels))
	}
}

// A page that is open when a load ends is given the time to show it; where none is, nobody waits.
func TestLinger(t *testing.T) {
	s := startFleet(t, FleetOptions{Live: aLoad(t)})
	s.Linger(t.Context()) // returns, though nobody ever asks
	fetchPage(t, s.URL(), nil)
	done := make(chan struct{})
	go func() { s.Linger(t.Context()); close(done) }()
	for asked := false; !asked; {
		select {
		case <-done:
			asked = true
		case <-time.After(10 * time.Millisecond):
			fetchPage(t, s.URL(), nil)
		}
	}
}
