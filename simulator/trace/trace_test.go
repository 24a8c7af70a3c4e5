package trace_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

var full = trace.Event{
	Seq: 7, Pass: 2, At: time.Date(2021, 3, 1, 14, 29, 30, 719753000, time.UTC), Phone: device.DefaultMAC,
	Kind: trace.FetchFailed, Name: "0021f2000001.boot", Line: 3, Peer: netip.MustParseAddrPort("192.168.50.92:69"),
	URL: "tftp://192.168.50.92/0021f2000001.boot", Attempt: 2, Bytes: 70, Took: 4235 * time.Millisecond,
	Fault: trace.NoAnswer, Detail: "no answer", Frame: 580,
}

// An event survives JSON both ways.
func TestJSONBothWays(t *testing.T) {
	var file bytes.Buffer
	w := trace.NewJSONWriter(&file)
	want := []trace.Event{full, {Seq: 8, At: full.At, Kind: trace.PassDone}}
	for _, e := range want {
		w.Record(e)
	}
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	if head, _, _ := strings.Cut(file.String(), "\n"); head != `{"format":"fipsim-trace","version":1}` {
		t.Errorf("first line %s", head)
	}
	var got []trace.Event
	for e, err := range trace.Read(&file) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Error(diff)
	}
}

func TestReadErrors(t *testing.T) {
	const head = `{"format":"fipsim-trace","version":1}` + "\n"
	for file, want := range map[string]string{
		"":                                      "trace line 1: empty",
		"{}\n":                                  "trace line 1: not a header",
		`{"format":"fipsim-trace","version":9}`: "trace line 1: version 9",
		head + `{"seq":1}` + "\n" + `{"seq":`:   "trace line 3:",
		head + `{"phone":"nonsense"}`:           "trace line 2:",
		head + strings.Repeat("x", 2<<20):       "trace line 2:",
	} {
		var err error
		for _, err = range trace.Read(strings.NewReader(file)) {
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60q: %v, want %s", file, err, want)
		}
	}
}

func TestStreamStamps(t *testing.T) {
	var r trace.Recorder
	s := trace.NewStream(device.DefaultMAC, &r)
	s.Record(trace.Event{Kind: trace.PassStart})
	s.BeginPass(4)
	s.Record(trace.Event{Kind: trace.PassDone})
	got := r.Events()
	if len(got) != 2 || got[0].Seq != 1 || got[1].Seq != 2 || got[0].Pass != 0 || got[1].Pass != 4 ||
		got[1].Phone != device.DefaultMAC || got[1].At.IsZero() {
		t.Errorf("%+v", got)
	}
	trace.NewStream(device.DefaultMAC, nil).Record(full) // discards
}

func TestRecorderWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r trace.Recorder
		r.Record(trace.Event{Kind: trace.PassStart})
		time.AfterFunc(time.Hour, func() { r.Record(trace.Event{Kind: trace.PassDone, Detail: "late"}) })
		e, err := r.Wait(t.Context(), trace.OfKind(trace.PassDone))
		if err != nil || e.Detail != "late" {
			t.Errorf("%+v, %v", e, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := r.Wait(ctx, trace.OfKind(trace.RebootNeeded)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an event that never comes: %v", err)
		}
	})
}

func TestTee(t *testing.T) {
	var a, b trace.Recorder
	trace.Tee(&a, nil, &b).Record(full)
	if len(a.Events()) != 1 || len(b.Events()) != 1 {
		t.Error("a sink was left out")
	}
}

// A timeline that a stranger understands, and that nobody can forge a line of.
func TestPrinter(t *testing.T) {
	var out bytes.Buffer
	p := trace.NewPrinter(&out)
	at := func(ms int) time.Time { return full.At.Add(time.Duration(ms) * time.Millisecond) }
	const url = "tftp://192.168.50.92/0021f2000001.boot"
	for _, e := range []trace.Event{
		{At: at(0), Kind: trace.PassStart, Detail: "power-on"},
		{At: at(1), Kind: trace.FetchRequest, Name: "0021f2000001.boot", URL: url, Peer: full.Peer, Attempt: 1},
		{At: at(4236), Kind: trace.FetchRequest, Name: "0021f2000001.boot", URL: url, Peer: full.Peer, Attempt: 2},
		{At: at(4237), Kind: trace.FetchMissing, Name: "0021f2000001.boot", URL: url, Detail: "TFTP ERROR 1 \x1b[31mFile\nnot found"},
		{At: at(4238), Kind: trace.FetchRequest, URL: "tftp://192.168.50.92/", Peer: full.Peer, Attempt: 1},
		{At: at(4238), Kind: trace.FetchDone, Bytes: 512, Took: time.Millisecond, Detail: "the capture lacks block 1"},
		{At: at(4238), Kind: trace.PassDone, Detail: "provisioned", Took: 4238 * time.Millisecond},
	} {
		p.Record(e)
	}
	want := `    0.000  == power-on
    0.001  -> tftp asks 192.168.50.92:69 for 0021f2000001.boot
    4.236  -> tftp asks 192.168.50.92:69 for 0021f2000001.boot again, the 2nd time
    4.237  <- not there (TFTP ERROR 1 �[31mFile�not found): the phone goes on
    4.238  -> tftp asks 192.168.50.92:69 for a file without a name
    4.238  <- 512 bytes in 1ms (the capture lacks block 1)
    4.238  == provisioned in 4.238s
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestURLHidesCredentials(t *testing.T) {
	u, err := url.Parse("ftp://test1:123456@10.3.6.234/HTTP%20Directory/sip.cfg")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := trace.URL(u), "ftp://10.3.6.234/HTTP%20Directory/sip.cfg"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
