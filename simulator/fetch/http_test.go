package fetch

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

func TestHTTPStatus(t *testing.T) {
	for _, test := range []struct {
		status int
		want   error
		words  string
	}{
		{204, ErrServer, "HTTP 204 No Content"},
		{206, ErrServer, "HTTP 206 Partial Content"},
		{304, ErrServer, "HTTP 304 Not Modified"},
		{400, ErrServer, "HTTP 400 Bad Request"},
		{403, ErrForbidden, "HTTP 403 Forbidden"},
		{404, ErrNotFound, "HTTP 404 Not Found"},
		{410, ErrNotFound, "HTTP 410 Gone"},
		{429, ErrServer, "HTTP 429 Too Many Requests"},
		{500, ErrServer, "HTTP 500 Internal Server Error"},
		{503, ErrServer, "HTTP 503 Service Unavailable"},
	} {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status) }))
			defer server.Close()
			_, err := new(kit).fetch(t, server.URL+"/0021f2000001.boot")
			fails(t, err, test.want, test.words)
			if want := netip.MustParseAddrPort(server.Listener.Addr().String()); err.Peer != want {
				t.Errorf("peer is %v, want %v", err.Peer, want)
			}
		})
	}
}

// The request is the phone's: its User-Agent, and nothing that it does not send.
func TestHTTPRequestBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan string, 1)
		m := new(wire.Memory)
		m.HandleTCP(netip.AddrPortFrom(scriptedHost, 8080), func(c net.Conn) {
			defer c.Close()
			var request strings.Builder
			for in := bufio.NewScanner(c); in.Scan() && in.Text() != ""; {
				request.WriteString(in.Text() + "\n")
			}
			got <- request.String()
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na = 1")
		})
		k := &kit{Options: Options{Network: m}}
		k.body(t, Request{URL: withUser(t, "http://192.0.2.80:8080/HTTP%20Directory/sip.cfg?a=b#c")}, "a = 1")
		want := "GET /HTTP%20Directory/sip.cfg?a=b HTTP/1.1\nHost: 192.0.2.80:8080\n" +
			"User-Agent: Flyingvoice FIP14G V0.5.15 00:21:F2:00:00:01\n"
		if diff := cmp.Diff(want, <-got); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
	})
}

func TestHTTPNames(t *testing.T) {
	tree := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) }))
	defer tree.Close()
	for _, name := range oddNames {
		u := mustURL(t, tree.URL)
		u.Path = "/" + name
		new(kit).body(t, Request{URL: u}, "/"+name)
	}
}

// oddNames are file names that must survive every scheme.
var oddNames = []string{
	"plain.cfg", "HTTP Directory/sip.cfg", "100%.cfg", "%41.cfg", "Büro Köln/電話.cfg",
	"a+b&c=d.cfg", "q?x#y.cfg", "a;b:c@d.cfg", "it's \"so\".cfg",
}

// One connection a host serves the whole pass, whatever the answers.
func TestHTTPKeepsOneConnection(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/missing", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, strings.Repeat("no ", 5000), http.StatusNotFound)
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/here", http.StatusFound) })
	mux.HandleFunc("/here", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("x", 100_000)) })
	server := httptest.NewUnstartedServer(mux)
	var connections atomic.Int32
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	k := new(kit)
	s := k.schemes(t)
	defer s.Close()
	for range 3 {
		for _, name := range []string{"/missing", "/moved", "/here"} {
			if _, err := k.over(t, s, Request{URL: mustURL(t, server.URL+name)}); err != nil && !errors.Is(err, ErrNotFound) {
				t.Fatal(err)
			}
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	var kinds []trace.Kind
	for _, e := range k.events.Events()[:7] {
		kinds = append(kinds, e.Kind)
	}
	want := []trace.Kind{
		trace.FetchRequest, trace.FetchMissing,
		trace.FetchRequest, trace.FetchRedirect, trace.FetchRequest, trace.FetchDone, trace.FetchRequest,
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A body that is encoded though nobody asked is kept as it came, and recorded.
func TestHTTPUnaskedEncoding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kit{Options: Options{Network: scriptHTTP("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b")}}
		k.body(t, Request{URL: mustURL(t, "http://server/x.cfg")}, "\x1f\x8b")
		if said := k.said(trace.FetchReply); len(said) != 1 || !strings.Contains(said[0], "gzip") {
			t.Errorf("replies %q, want one about gzip", said)
		}
	})
}

// Redirects: relative, absolute, to another host, down to plain HTTP.
func TestHTTPRedirects(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Referer") != "" {
			t.Error("the phone sends a Referer")
		}
		io.WriteString(w, "at "+r.URL.Path)
	}))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/a":
			w.Header().Set("Location", "b c?x=1")
			w.WriteHeader(308)
		case "/b c":
			http.Redirect(w, r, plain.URL+"/end", http.StatusSeeOther)
		}
	}))
	defer secure.Close()
	k := &kit{Options: Options{TLS: TLS{Insecure: true}}}
	res, err := k.fetch(t, secure.URL+"/a")
	if err != nil {
		t.Fatal(err)
	}
	if string(res.Body) != "at /end" || res.URL.String() != plain.URL+"/end" {
		t.Errorf("got %q from %s", res.Body, res.URL)
	}
	var went []string
	for _, e := range k.events.Events() {
		if e.Kind == trace.FetchRedirect {
			went = append(went, e.URL+" "+e.Detail)
		}
	}
	want := []string{
		secure.URL + "/b%20c?x=1 HTTP 308 Permanent Redirect",
		plain.URL + "/end HTTP 303 See Other, from https to http: no longer encrypted",
	}
	if diff := cmp.Diff(want, went); diff != "" {
		t.Errorf("redirects (-want +got):\n%s", diff)
	}
}

func TestHTTPMaxRedirects(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if left := len(r.URL.Path) - 1; left > 0 {
			http.Redirect(w, r, r.URL.Path[:left], http.StatusFound)
		}
	}))
	defer server.Close()
	k := &kit{Options: Options{Behaviour: device.Behaviour{MaxRedirects: 3}}}
	k.body(t, Request{URL: mustURL(t, server.URL+"/aaa")}, "")
	_, err := k.fetch(t, server.URL+"/aaaa")
	fails(t, err, ErrRedirects, "more than 3 redirects")
}

// What goes to Request.Body does not stay in memory; a writer that fails is our own
// machine's fault.
func TestHTTPBodyWriter(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ring") }))
	defer server.Close()
	var to strings.Builder
	res, err := new(kit).request(t, Request{URL: mustURL(t, server.URL), Body: &to})
	if err != nil || to.String() != "ring" || res.Body != nil || res.Bytes != 4 {
		t.Errorf("wrote %q, response %+v, error %v", to.String(), res, err)
	}
	_, err = new(kit).request(t, Request{URL: mustURL(t, server.URL), Body: fullDisk{}})
	fails(t, err, ErrLocal, "no space left")
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestHTTPBadUserAgent(t *testing.T) {
	_, err := New(Options{Behaviour: device.Behaviour{UserAgent: "a\r\nX-Evil: b"}})
	if err == nil || !strings.Contains(err.Error(), "user_agent") {
		t.Errorf("error %v, want one about user_agent", err)
	}
}

func TestHTTPSRefusesNoCertificates(t *testing.T) {
	if _, err := New(Options{TLS: TLS{CA: []byte("nothing here")}}); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("error %v, want one about no certificate", err)
	}
	if _, err := New(Options{TLS: TLS{Certificates: []tls.Certificate{{}}}}); err != nil {
		t.Error(err)
	}
}
