package phone_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/textproto"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// gate is a way of finding the server that lets a pass wait: it says when one has come,
// and holds it until it is opened.
type gate struct {
	url    string
	came   chan struct{}
	open   chan struct{}
	passes atomic.Int64
}

func (g *gate) Find(ctx context.Context, id device.Identity) (discover.Offer, error) {
	g.passes.Add(1)
	g.came <- struct{}{}
	select {
	case <-g.open:
	case <-ctx.Done():
		return discover.Offer{}, ctx.Err()
	}
	return discover.Static{URL: g.url}.Find(ctx, id)
}

// onLoopback gives a phone with that cfg a SIP side at a free port, and waits until it
// hears.
func onLoopback(t *testing.T, o phone.Options, cfg string) (*phone.Phone, *phone.SIP, *trace.Recorder) {
	t.Helper()
	events := new(trace.Recorder)
	side := phone.NewSIP(phone.SIPOptions{})
	o.Trace = trace.NewStream(device.DefaultMAC, events)
	o.Attach = []phone.Attachment{side}
	if o.Finders == nil {
		o.Finders = map[string]discover.Finder{"static": discover.Static{URL: publish(t, tree{"0021f2000001.cfg": cfg})}}
	}
	p, err := phone.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	if _, err := events.Wait(t.Context(), trace.OfKind(trace.SIPListening)); err != nil {
		t.Fatal(err)
	}
	return p, side, events
}

// A client that we did not write asks over UDP and over TCP.
func TestSIPAgainstSIPGo(t *testing.T) {
	t.Parallel()
	_, side, events := onLoopback(t, phone.Options{}, "account.1.label=x\n")
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
	agent, err := sipgo.NewUA(sipgo.WithUserAgent("pbx"))
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	client, err := sipgo.NewClient(agent, sipgo.WithClientHostname("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	at := side.Addr()
	for _, transport := range []string{"UDP", "TCP"} {
		for _, test := range []struct {
			method sip.RequestMethod
			event  string
			code   int
		}{{sip.OPTIONS, "", 200}, {sip.NOTIFY, "check-sync;reboot=false", 200}, {sip.NOTIFY, "talk", 489}, {sip.MESSAGE, "", 405}} {
			request := sip.NewRequest(test.method, sip.Uri{Scheme: "sip", User: "1001", Host: "127.0.0.1", Port: int(at.Port())})
			request.SetTransport(transport)
			if test.event != "" {
				request.AppendHeader(sip.NewHeader("Event", test.event))
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			response, err := client.Do(ctx, request)
			cancel()
			if err != nil || response.StatusCode != test.code {
				t.Errorf("%s %s %s: %v, %v; want %d", transport, test.method, test.event, response, err, test.code)
			}
		}
	}
	if _, err := events.Wait(t.Context(), func(e trace.Event) bool { return e.Kind == trace.PassStart && e.Detail == "check-sync" }); err != nil {
		t.Error(err)
	}
}

// Ten thousand NOTIFYs, each answered: one pass at most waits, and memory stays flat.
func TestNotifyFlood(t *testing.T) {
	const flood, window = 10000, 64
	g := &gate{url: publish(t, tree{"0021f2000001.cfg": "account.1.label=x\n"}), came: make(chan struct{}, 8), open: make(chan struct{}, 8)}
	g.open <- struct{}{} // the power-on pass
	p, side, events := onLoopback(t, phone.Options{
		Finders: map[string]discover.Finder{"static": g}, Behaviour: device.Behaviour{Rediscover: "always"},
	}, "")
	<-g.came

	conn, err := net.Dial("udp", side.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	notify := func(i int) {
		fmt.Fprintf(conn, "NOTIFY sip:1001@phone SIP/2.0\r\nVia: SIP/2.0/UDP pbx;branch=z9hG4bK%d;rport\r\nFrom: <sip:pbx>;tag=1\r\nTo: <sip:1001@phone>\r\n"+
			"Call-ID: %[1]d\r\nCSeq: 1 NOTIFY\r\nEvent: check-sync\r\nContent-Length: 0\r\n\r\n", i)
	}
	notify(-1)
	<-g.came // the pass of the first NOTIFY is under way, and stays so
	before, goroutines := heap(), runtime.NumGoroutine()
	answer := make([]byte, 2048)
	start := time.Now()
	for i := range flood {
		notify(i)
		if i >= window { // so that no buffer overflows
			if _, err := conn.Read(answer); err != nil || !bytes.HasPrefix(answer, []byte("SIP/2.0 200 ")) {
				t.Fatalf("%q, %v", answer, err)
			}
		}
	}
	for range window + 1 {
		if _, err := conn.Read(answer); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d NOTIFYs answered in %v", flood, time.Since(start).Round(time.Millisecond))
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("%d bytes more than before", grown)
	}
	if now := runtime.NumGoroutine(); now > goroutines+2 {
		t.Errorf("%d goroutines, %d before", now, goroutines)
	}
	if got := p.Status(); got.Kept != device.CheckSync || got.Passes != 2 {
		t.Errorf("%+v", got)
	}
	g.open <- struct{}{} // the pass that was under way
	<-g.came             // the one that waited
	g.open <- struct{}{}
	done := 0
	_, err = events.Wait(t.Context(), func(e trace.Event) bool {
		if e.Kind == trace.PassDone {
			done++
		}
		return done == 3
	})
	if err != nil {
		t.Error(err)
	}
	if got := g.passes.Load(); got != 3 || p.Status().Passes != 3 || side.Counts().CheckSync != flood+1 {
		t.Errorf("%d passes, %+v", got, side.Counts())
	}
	told := 0
	for _, e := range events.Events() {
		if strings.HasPrefix(string(e.Kind), "sip.") {
			told++
		}
	}
	if told > 2000 {
		t.Errorf("%d events of a flood", told)
	}
}

// heap returns the bytes that are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Over TCP messages come one after another, in pieces, with keep-alives between them;
// one that is too large ends the connection.
func TestSIPStream(t *testing.T) {
	t.Parallel()
	_, side, _ := onLoopback(t, phone.Options{}, "account.1.label=x\n")
	conn, err := net.Dial("tcp", side.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	options := func(i int) string {
		return fmt.Sprintf("OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP pbx;branch=z9hG4bK%d\r\nFrom: <sip:pbx>;tag=1\r\nTo: <sip:x>\r\n"+
			"Call-ID: %[1]d\r\nCSeq: 1 OPTIONS\r\nl: 5\r\n\r\n\r\n\r\n!", i)
	}
	text := "\r\n\r\n" + options(1) + "\r\n\r\n" + options(2) + options(3)
	go func() {
		for i := range len(text) {
			if _, err := conn.Write([]byte{text[i]}); err != nil {
				return
			}
		}
	}()
	in := textproto.NewReader(bufio.NewReader(conn))
	for i := 1; i <= 3; i++ {
		status, err := in.ReadLine()
		if err != nil || status != "SIP/2.0 200 OK" {
			t.Fatalf("%q, %v", status, err)
		}
		header, err := in.ReadMIMEHeader()
		if err != nil || header.Get("Call-ID") != fmt.Sprint(i) {
			t.Fatalf("%v, %v; want Call-ID %d", header, err, i)
		}
	}
	if _, err := fmt.Fprintf(conn, "OPTIONS sip:x SIP/2.0\r\nX: %s", strings.Repeat("x", 4096)); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(in.R); len(rest) > 0 {
		t.Errorf("%q, %v after a line without end", rest, err)
	}
}

// Others may open 64 connections; one more is closed at once.
func TestSIPConnections(t *testing.T) {
	t.Parallel()
	_, side, _ := onLoopback(t, phone.Options{}, "account.1.label=x\n")
	ended := make(chan struct{}, 100)
	for range 70 {
		conn, err := net.Dial("tcp", side.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go func() {
			_, _ = conn.Read(make([]byte, 1))
			ended <- struct{}{}
		}()
	}
	for range 6 {
		<-ended
	}
}

// An account over TLS registers where the certificate is trusted, and hears its
// check-sync over that connection; elsewhere it says why not.
func TestRegisterTLS(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil) // for its certificate
	web.Close()
	certificate, ca := web.TLS.Certificates[0], pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := fmt.Sprintf("account.1.enable=1\naccount.1.user_name=1001\naccount.1.sip_server_host=127.0.0.1\naccount.1.transport=2\n"+
		"account.1.sip_server_port=%d\n", l.Addr().(*net.TCPAddr).Port)
	contacts := make(chan string, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveTLSRegistrar(conn, contacts)
		}
	}()

	_, side, events := onLoopback(t, phone.Options{TLS: fetch.TLS{CA: ca}}, cfg)
	if _, err := events.Wait(t.Context(), trace.OfKind(trace.RegisterDone)); err != nil {
		t.Fatal(err)
	}
	if contact := <-contacts; !strings.HasSuffix(contact, ";transport=tls>") || strings.Contains(contact, side.Addr().String()) {
		t.Errorf("Contact %s", contact)
	}
	if _, err := events.Wait(t.Context(), func(e trace.Event) bool { return e.Kind == trace.PassStart && e.Detail == "check-sync" }); err != nil {
		t.Error(err)
	}

	_, side, events = onLoopback(t, phone.Options{}, cfg)
	if e, err := events.Wait(t.Context(), trace.OfKind(trace.RegisterFailed)); err != nil || e.Fault != trace.TLSFailure {
		t.Errorf("%+v, %v", e, err)
	}
	if got := side.Registrations()[0].Detail; !strings.Contains(got, "signed by an authority that is not trusted") {
		t.Error(got)
	}
}

// serveTLSRegistrar accepts every REGISTER, and sends a check-sync after the first.
func serveTLSRegistrar(conn net.Conn, contacts chan<- string) {
	defer conn.Close()
	in := textproto.NewReader(bufio.NewReader(conn))
	for first := true; ; first = false {
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		header, err := in.ReadMIMEHeader()
		if err != nil {
			return
		}
		if !strings.HasPrefix(line, "REGISTER ") {
			continue
		}
		fmt.Fprintf(conn, "SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=r\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: %s;expires=%s\r\nContent-Length: 0\r\n\r\n",
			header.Get("Via"), header.Get("From"), header.Get("To"), header.Get("Call-ID"), header.Get("Cseq"), header.Get("Contact"), header.Get("Expires"))
		if first {
			contacts <- header.Get("Contact")
			fmt.Fprintf(conn, "NOTIFY sip:1001@phone SIP/2.0\r\nVia: SIP/2.0/TLS pbx;branch=z9hG4bKtls\r\nFrom: <sip:pbx>;tag=1\r\nTo: <sip:1001@phone>\r\n"+
				"Call-ID: tls\r\nCSeq: 1 NOTIFY\r\nEvent: check-sync\r\nContent-Length: 0\r\n\r\n")
		}
	}
}
