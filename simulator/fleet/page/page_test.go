package page

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/trace"
)

// hostile is what a server may send for a name or a value.
const hostile = `"></script><script>alert(1)</script><img src=x onerror=alert(1)>` + "\x1b[31m\u202egnp.exe"

// report is one with all that a report can hold, as far as others wrote it.
func report() *fleet.Report {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	mac := device.MAC{0x02, 0x21, 0xf2, 0, 0, 1}
	events := []trace.Event{
		{At: at, Phone: mac, Kind: trace.PassStart, Detail: "power-on"},
		{At: at.Add(time.Millisecond), Phone: mac, Kind: trace.FetchRequest, Name: hostile, URL: "tftp://192.0.2.9/" + hostile,
			Peer: netip.MustParseAddrPort("192.0.2.9:69"), Attempt: 1},
		{At: at.Add(time.Second), Phone: mac, Kind: trace.FetchFailed, Fault: trace.ServerError, Detail: "503 " + hostile},
		{At: at.Add(time.Second), Phone: mac, Kind: trace.FetchRedirect, URL: "http://bob:hunter2@192.0.2.9/x"},
	}
	for range 500 {
		events = append(events, trace.Event{At: at.Add(time.Second), Phone: mac, Kind: trace.FetchIgnored, Detail: hostile})
	}
	sample := fleet.Sample{Phone: mac, Why: "failed", Fault: trace.ServerError, Took: time.Second, Events: events, LeftOut: 7}
	sampled := sample
	sampled.Why, sampled.Fault = "sample", ""
	wrong := fleet.Wrong{Phone: mac, Whose: device.MAC{0x02, 0x21, 0xf2, 0, 0, 2},
		Differences: []string{"lang.gui: want French, the phone holds " + hostile + " (expect.cfg:1)"}}
	r := &fleet.Report{
		Format: fleet.FormatReport, Version: fleet.FormatVersion, Began: at, Seed: 7, Ended: "done", Took: 12 * time.Second,
		Servers: []string{"tftp://192.0.2.9/"}, Stages: []string{"storm of 3 phones"},
		Phones: 3, Provisioned: 1, Verified: true, Meant: 3, Passes: 3, OK: 1, Failed: 1, Wrong: 1, Mixed: 1, Rate: .25, Requests: 15,
		Outcomes: map[string]uint64{"provisioned": 1, "failed": 1, "wrong": 1},
		Errors:   map[trace.Code]uint64{trace.ServerError: 1}, FileErrors: map[trace.Code]uint64{trace.ServerError: 1, "": 2},
		Latencies: []fleet.Latency{
			{Stage: fleet.StageService, Protocol: "tftp", Outcome: "provisioned", Count: 1, P50: time.Second, P99: time.Second, Max: time.Second},
		},
		Course: []fleet.Slot{
			{Took: 6 * time.Second, Meant: 3, OK: 1, P50: time.Second, P90: time.Second, P99: time.Second, Max: time.Second, Heat: []uint64{0, 1}},
			{At: 6 * time.Second, Took: 6 * time.Second},
			{At: 12 * time.Second, Took: time.Second, Failed: 1, Wrong: 1, P50: 1, P99: 1, Max: 1},
		},
		HeatBounds: []time.Duration{time.Millisecond, 2 * time.Second},
		SIP:        &fleet.SIPCounts{Requests: 9, CheckSync: 4}, Foreign: 1,
		Thresholds: []fleet.Judged{{Threshold: "p99(pass)<5s", Value: 1, Shown: "1s", Held: true}, {Threshold: "errors<1%", Value: .6, Shown: "66.667% (2 of 3)"}},
		Judgement:  fleet.Judgement{Word: fleet.Fails, Why: []string{"1 passes ended with wrong settings", "errors<1% does not hold: 66.667%"}, Exit: 1},
		Health:     fleet.Health{Processors: 2, CPU: .3, MachineCPU: .9, LagP99: time.Second, LateTimers: 5, InFlight: 100, DropsKnown: true},
		Wrongs:     []fleet.Wrong{wrong}, Slowest: []fleet.Sample{sample}, Samples: []fleet.Sample{sample, sampled},
	}
	return r
}

func html(t *testing.T, r *fleet.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// elsewhere is what would make a browser load something: scripts and styles are in the document.
var elsewhere = regexp.MustCompile(`(?i)<(?:script|img|link|iframe|object|embed|base|form)\b[^>]*\s(?:src|href|action|data)\s*=|@import|url\(`)

// Whatever a server sends is text in a report, and no password is in it.
func TestHostile(t *testing.T) {
	text := html(t, report())
	for _, bad := range []string{"<script>alert", "<img src=x", "</script><script>alert", "\x1b", "\u202e", "hunter2"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if found := elsewhere.FindString(text); found != "" {
		t.Errorf("the page loads something: %s", found)
	}
	if n := strings.Count(text, "<script"); n != 3 {
		t.Errorf("%d scripts, want the data, the library and ours", n)
	}
	if !strings.Contains(text, "gnp.exe") || strings.Count(text, "lines left out") != 3 {
		t.Error("what the server sent is not shown")
	}
}

// The verdict stands on top, then figures, charts, outcomes, stages, this machine, and single phones.
func TestOrder(t *testing.T) {
	text := html(t, report())
	at := 0
	for _, want := range []string{
		`<header id="verdict" data-live class="fail">`, "<span class=\"word\">fails</span>", "storm of 3 phones against tftp://192.0.2.9/, done in 12s",
		"1 passes ended with wrong settings", "<code>p99(pass)&lt;5s</code>", ">broken</span>", "<dt>provisioned</dt><dd><strong>1</strong> <span>of 3 phones",
		`data-chart="rate"`, `data-chart="latency"`, `data-chart="heat"`, `data-chart="flight"`, `data-chart="health"`,
		"Outcomes of passes", "Why passes failed", "the server answers with an error of its own", "Files that could not be had",
		"Phones with wrong settings", "0221f2000001 holds what is 0221f2000002", "Stages of a pass", "the whole pass, from its first packet",
		`<tr class="bad"><th scope="row">timers fired late</th><td>1s (p99)`, "90% by everything on this machine",
		"The slowest passes", "02:21:F2:00:00:01", "Passes that failed", "and 7 more events", "Samples", "<dt>seed</dt><dd>7</dd>",
		"9 requests answered", "1 SIP and DHCP messages for no phone",
	} {
		i := strings.Index(text[at:], want)
		if i < 0 {
			t.Fatalf("the page has no %q after %q", want, text[max(at-60, 0):at])
		}
		at += i
	}
}

// What the charts draw is JSON whose arrays are of one length, with nothing where no pass ended.
func TestData(t *testing.T) {
	_, rest, _ := strings.Cut(html(t, report()), `<script type="application/json" id="data">`)
	body, _, _ := strings.Cut(rest, "</script>")
	var all []chartData
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	d := all[0]
	if len(all) != 1 || len(d.At) != 3 || len(d.P99) != 3 || len(d.Heat) != 3 || len(d.Lag) != 3 || len(d.Bounds) != 2 || len(d.Rates.At) != 3 {
		t.Fatalf("%s", body)
	}
	if d.P50[1] != nil || *d.P50[0] != 1 || *d.P99[2] != 1e-6 {
		t.Errorf("p50 %v", body)
	}
}

// A run in which nothing happened, one that has just begun, and no run at all have a page too.
func TestNothing(t *testing.T) {
	if text := html(t, &fleet.Report{}); !strings.Contains(text, "nothing was measured yet") {
		t.Error("a report of nothing says so nowhere")
	}
	var b bytes.Buffer
	if err := Live(&b, nil, nil); err != nil || !strings.Contains(b.String(), "nothing has begun yet") {
		t.Errorf("%v: %s", err, &b)
	}
	r := report()
	r.Ended, r.Judgement.Word = "running", fleet.Running
	b.Reset()
	if err := Live(&b, r, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`class="run"`, "under way", "for 12s now", `src="/assets/follow.js"`, "in flight"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("a page that follows has no %q", want)
		}
	}
	if strings.Contains(b.String(), "<style>") || strings.Contains(b.String(), "Content-Security-Policy") {
		t.Error("a page that follows has styles of its own; the server's policy forbids them")
	}
}

// A search shows each trial, and those that decided it whole.
func TestSearch(t *testing.T) {
	held, broke, invalid := report(), report(), report()
	f := &fleet.Found{
		Format: fleet.FormatFound, Version: 1, Ended: "done", Threshold: "p99(pass)<1s", Rate: 80, Broke: 84, First: "mac-cfg took 2s (p99) after 63ms " + hostile,
		Trials: []fleet.Trial{
			{Rate: 80, Judged: fleet.Judged{Threshold: "p99(pass)<1s", Shown: "63ms", Held: true}, Report: held},
			{Rate: 160, Judged: fleet.Judged{Shown: "2m"}, Invalid: []string{"timers fired late"}, Report: invalid},
			{Rate: 84, Judged: fleet.Judged{Shown: "2s"}, Report: broke},
		},
	}
	var b bytes.Buffer
	if err := Search(&b, f); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"80.0 phones a second</span>", "holds up to 80.0 phones a second, and breaks at 84.0", "broke first: mac-cfg took 2s",
		"timers fired late", `<rect width="50%"`, "At 84.0 phones a second: 2s", "At 80.0 phones a second: 63ms", `data-report="r1"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(text, "At 160") || strings.Contains(text, "<script>alert") {
		t.Error("a trial that decided nothing is shown whole, or the server's text is markup")
	}
	for word, f := range map[string]fleet.Found{
		"under way": {Ended: "running", Trying: 20}, "invalid": {Ended: "done", Ours: "3 phones last for less than 2s"},
		"not found": {Ended: "done", Broke: 10}, "not judged": {Ended: "interrupted"},
	} {
		b.Reset()
		if err := Search(&b, &f); err != nil || !strings.Contains(b.String(), `<span class="word">`+word) {
			t.Errorf("no %q: %v", word, err)
		}
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 999: "999ns", 12345 * time.Microsecond: "12.3ms", 100 * time.Second: "1m40s"} {
		if got := short(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567"} {
		if got := number(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := tame(strings.Repeat("ä", 500)); !strings.HasSuffix(got, "… (100 more characters)") {
		t.Errorf("%q", got)
	}
}
