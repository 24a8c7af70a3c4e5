package fetch

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// secret is the password of all tests of HTTP and FTP: no error and no event may
// show it.
const secret = "s3cr3t&/:@"

// kit is a phone's side: options to change before the first fetch, and all events.
type kit struct {
	Options
	events trace.Recorder
}

// fetch gets one URL by a fresh Schemes and checks what holds for each fetch: an
// error is an *Error in one line, and nothing shows the password.
func (k *kit) fetch(t *testing.T, address string) (*Response, *Error) {
	t.Helper()
	return k.request(t, Request{URL: mustURL(t, address)})
}

func (k *kit) request(t *testing.T, r Request) (*Response, *Error) {
	t.Helper()
	s := k.schemes(t)
	defer s.Close()
	return k.over(t, s, r)
}

func (k *kit) schemes(t *testing.T) *Schemes {
	t.Helper()
	k.Trace = &k.events
	s, err := New(k.Options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (k *kit) over(t *testing.T, f Fetcher, r Request) (*Response, *Error) {
	t.Helper()
	res, err := f.Fetch(context.Background(), r)
	for _, e := range k.events.Events() {
		if strings.Contains(e.Detail+e.URL, secret) || strings.Contains(e.URL, "test1:") {
			t.Errorf("event shows a secret: %+v", e)
		}
	}
	if err == nil {
		return res, nil
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error is a %T: %v", err, err)
	}
	if strings.Contains(e.Error(), secret) || strings.ContainsAny(e.Error(), "\r\n\x1b") || e.Detail == "" {
		t.Errorf("error shows a secret, is no single line, or says nothing: %q", e)
	}
	for _, jargon := range []string{"dial tcp", "net/http", "x509", "tls: ", "read tcp", "EOF", "lookup ", "i/o timeout", "context "} {
		if strings.Contains(e.Detail, jargon) {
			t.Errorf("error speaks Go: %q", e.Detail)
		}
	}
	return nil, e
}

// body fails the test unless the fetch got want.
func (k *kit) body(t *testing.T, r Request, want string) {
	t.Helper()
	res, err := k.request(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if string(res.Body) != want || res.Bytes != int64(len(want)) {
		t.Errorf("body is %q (%d bytes), want %q", res.Body, res.Bytes, want)
	}
}

// fails fails the test unless the error is want and its words contain all of words.
func fails(t *testing.T, e *Error, want error, words ...string) {
	t.Helper()
	if e == nil {
		t.Fatalf("fetched, want %v", want)
	}
	if !errors.Is(e, want) {
		t.Errorf("error is %s (%s), want %v", e.Code, e.Detail, want)
	}
	for _, w := range words {
		if !strings.Contains(e.Detail, w) {
			t.Errorf("error says %q, want in it %q", e.Detail, w)
		}
	}
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// withUser returns the URL with user test1 and the secret password.
func withUser(t *testing.T, text string) *url.URL {
	t.Helper()
	u := mustURL(t, text)
	u.User = url.UserPassword("test1", secret)
	return u
}

// said returns the details of the events of a kind.
func (k *kit) said(kind trace.Kind) []string {
	var said []string
	for _, e := range k.events.Events() {
		if e.Kind == kind {
			said = append(said, e.Detail)
		}
	}
	return said
}

// scriptedHost is where scripted peers are.
var scriptedHost = netip.MustParseAddr("192.0.2.80")

// scriptHTTP makes a network with a host "server" at whose port 80 each connection
// is answered with these bytes for each request, and then left open.
func scriptHTTP(answer string) *wire.Memory {
	m := new(wire.Memory)
	m.AddHost("server", scriptedHost)
	m.HandleTCP(netip.AddrPortFrom(scriptedHost, 80), func(c net.Conn) {
		defer c.Close()
		in := bufio.NewReader(c)
		for {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			if _, err := c.Write([]byte(answer)); err != nil {
				return
			}
		}
	})
	return m
}
