package pcaps

import (
	"cmp"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/trace"
)

// play lets two SIPps talk over TCP, so many calls of them in one connection.
func play(t *testing.T, listener, caller *testbed.Namespace, scenario [2]string, calls int) {
	t.Helper()
	run := func(ns *testbed.Namespace, name string, more ...string) *exec.Cmd {
		file, err := filepath.Abs("testdata/sipp/" + name + ".xml")
		if err != nil {
			t.Fatal(err)
		}
		cmd := ns.Command(t.Context(), "sipp", append(more, "-sf", file, "-i", ns.Addr.String(), "-m", fmt.Sprint(calls), "-r", "100",
			"-t", "t1", "-nostdin", "-recv_timeout", "5000", "-timeout", "20s", "-timeout_error")...)
		cmd.Dir = t.TempDir()
		return cmd
	}
	hears := run(listener, scenario[0], "-p", "5060")
	if err := hears.Start(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		out, err := listener.Command(t.Context(), "ss", "-Hltn", "sport = :5060").Output()
		if err == nil && len(out) > 0 {
			break
		}
		if i > 500 {
			t.Fatalf("sipp does not listen: %v", err)
		}
		<-tick.C
	}
	if out, err := run(caller, scenario[1], net.JoinHostPort(listener.Addr.String(), "5060")).CombinedOutput(); err != nil {
		t.Errorf("sipp %s: %v\n%s", scenario[1], err, out[max(0, len(out)-2000):])
	}
	if err := hears.Wait(); err != nil {
		t.Errorf("sipp %s: %v", scenario[0], err)
	}
}

// SIPp speaks for phones and their servers over TCP, and each message is the event that
// tshark's fields make of it.
func TestSIPOverTCPAsTshark(t *testing.T) {
	tb := testbed.New(t, slices.Concat(testbed.SIPpNeeds, testbed.CaptureNeeds, testbed.Needs{"ss"}))
	capture := tb.Capture(tb.Phone, "tcp")
	const calls = 3
	play(t, tb.Server, tb.Phone, [2]string{"pnp-server", "pnp-phone"}, calls)
	play(t, tb.Server, tb.Phone, [2]string{"register-server", "register-phone"}, calls)
	play(t, tb.Phone, tb.Server, [2]string{"checksync-phone", "checksync-server"}, 1)
	file := capture.Stop()

	var want []string
	for _, r := range testbed.TsharkFields(t, file, nil, "sip", "frame.number", "sip.Method", "sip.Status-Code", "sip.CSeq.method", "sip.Event",
		"sip.r-uri.user", "sip.To") {
		want = append(want, strings.Join(messagesOf(r), "\n"))
	}
	want = strings.Split(strings.Join(want, "\n"), "\n")
	var got []string
	c := readCapture(t, file)
	var events []Event
	for _, p := range c.Phones {
		events = append(events, p.Events...)
	}
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.Frame, b.Frame) })
	for _, e := range events {
		switch e.Kind {
		case trace.PnPSubscribe, trace.PnPResponse, trace.PnPNotify, trace.PnPAnswer, trace.NotifyCheckSync, trace.SIPAnswer,
			trace.RegisterRequest, trace.RegisterAnswer, trace.RegisterDone:
			got = append(got, fmt.Sprint(e.Frame, " ", e.Fact("sip.method"), e.Fact("sip.status"), " ", e.Fact("sip.cseq-method"), " ", e.Fact("sip.event")))
		default:
			t.Errorf("%s: %s", e.Kind, e.Detail)
		}
	}
	slices.Sort(want) // messages of one frame are of several phones
	slices.Sort(got)
	if diff := gocmp.Diff(want, got); diff != "" || len(want) != calls*8+2 {
		t.Errorf("%d messages (-tshark +got):\n%s", len(want), diff)
	}
	if len(c.Phones) != calls || len(c.Notes) > 0 {
		t.Errorf("%d phones, %q", len(c.Phones), c.Notes)
	}
}

// messagesOf are the messages that tshark finds in a frame, a line each. A field has as
// many values as messages have it, in their order.
func messagesOf(r []string) []string {
	methods, codes, of, events := split(r[1]), split(r[2]), split(r[3]), split(r[4])
	var all []string
	for i, method := range of {
		word := ""
		switch {
		case len(methods) > 0 && methods[0] == method && (len(codes) == 0 || len(of)-i <= len(methods)):
			word, methods = methods[0], methods[1:]
		default:
			word, codes = codes[0], codes[1:]
		}
		event := ""
		if word == method && (method == "SUBSCRIBE" || method == "NOTIFY") {
			event, events = events[0], events[1:]
		}
		all = append(all, fmt.Sprint(r[0], " ", word, " ", method, " ", event))
	}
	return all
}

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
