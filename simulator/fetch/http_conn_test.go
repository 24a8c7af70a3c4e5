package fetch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// connections makes a network whose host "server" answers the requests on its connections by script: an
// answer each, in order, and after the last of a connection it is ended.
func connections(answers ...[]string) *wire.Memory {
	m := new(wire.Memory)
	m.AddHost("server", scriptedHost)
	next := make(chan []string, len(answers))
	for _, a := range answers {
		next <- a
	}
	m.HandleTCP(netip.AddrPortFrom(scriptedHost, 80), func(c net.Conn) {
		defer c.Close()
		in := bufio.NewReader(c)
		for _, answer := range <-next {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			if _, err := io.WriteString(c, answer); err != nil {
				return
			}
		}
	})
	return m
}

const (
	answered = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na=b"
	silent   = "" // the request is read, and the connection ended
)

// What becomes of the connection between two files: which sending of the second request brought its answer.
func TestHTTPConnectionBetweenFiles(t *testing.T) {
	for name, test := range map[string]struct {
		answers [][]string
		want    []int // attempts, of both files
	}{
		"kept":                        {[][]string{{answered, answered}}, []int{1, 1}},
		"ended by the server":         {[][]string{{answered}, {answered}}, []int{1, 1}},
		"ended as the request comes":  {[][]string{{answered, silent}, {answered}}, []int{1, 1, 2}},
		"not to be kept":              {[][]string{{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\na=b", answered}, {answered}}, []int{1, 1}},
		"HTTP/1.0":                    {[][]string{{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\na=b", answered}, {answered}}, []int{1, 1}},
		"body until the end":          {[][]string{{"HTTP/1.1 200 OK\r\n\r\na=b"}, {answered}}, []int{1, 1}},
		"more than was asked for":     {[][]string{{answered + "HTTP/1.1 200 OK\r\n", answered}, {answered}}, []int{1, 1}},
		"empty body":                  {[][]string{{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", answered}}, []int{1, 1}},
		"chunks":                      {[][]string{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n", answered}}, []int{1, 1}},
		"interim answers":             {[][]string{{"HTTP/1.1 103 Early Hints\r\n\r\n" + answered, "HTTP/1.1 100 Continue\r\n\r\n" + answered}}, []int{1, 1}},
		"a miss":                      {[][]string{{"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", answered}}, []int{1, 1}},
		"a miss too long to be read":  {[][]string{{"HTTP/1.1 404 Not Found\r\nContent-Length: 99999\r\n\r\n" + strings.Repeat("x", maxDrain)}, {answered}}, []int{1, 1}},
		"another protocol from there": {[][]string{{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", answered}, {answered}}, []int{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := &kit{Options: Options{Network: connections(test.answers...)}}
				s := k.schemes(t)
				for range 2 {
					res, err := k.over(t, s, Request{URL: mustURL(t, "http://server/x.cfg"), Name: "x.cfg"})
					if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrServer) || err == nil && len(res.Body) != int(res.Bytes) {
						t.Error(res, err)
					}
					synctest.Wait() // until the server has done what it does
				}
				s.Close()
				var got []int
				for _, e := range k.events.Events() {
					if e.Kind == trace.FetchRequest {
						got = append(got, e.Attempt)
					}
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("attempts (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A fresh connection that brings nothing is the server's failure: the request is not sent again.
func TestHTTPNoSecondSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kit{Options: Options{Network: connections([]string{silent}, []string{answered})}}
		_, err := k.fetch(t, "http://server/x.cfg")
		fails(t, err, ErrTruncated, "the server ended the connection")
	})
}

// Over TLS too the end of a kept connection is seen before the next request, with what TLS has to say first.
func TestHTTPSConnectionEndedBetweenFiles(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) }))
	defer server.Close()
	k := &kit{Options: Options{TLS: TLS{Insecure: true}}}
	s := k.schemes(t)
	defer s.Close()
	var from []string
	for range 2 {
		for range 2 {
			res, err := k.over(t, s, Request{URL: mustURL(t, server.URL)})
			if err != nil {
				t.Fatal(err)
			}
			from = append(from, string(res.Body))
		}
		server.CloseClientConnections()
	}
	if from[0] != from[1] || from[1] == from[2] || from[2] != from[3] {
		t.Errorf("connections from %v, want two of two requests each", from)
	}
	for _, e := range k.events.Events() {
		if e.Kind == trace.FetchRequest && e.Attempt != 1 {
			t.Errorf("sent again: %+v", e)
		}
	}
}

// A pass that is cancelled ends at once, wherever it waits, and its connection is not used again.
func TestHTTPCancelled(t *testing.T) {
	for name, answer := range map[string]string{
		"for the answer": "", "in the header": "HTTP/1.1 200", "in the body": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
		"in a body that is not looked at": "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nhalf",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := &kit{Options: Options{Network: scriptHTTP(answer)}}
				s := k.schemes(t)
				defer s.Close()
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(3*time.Second, cancel)
				start := time.Now()
				_, err := s.Fetch(ctx, Request{URL: mustURL(t, "http://server/x.cfg"), Limit: 100})
				if !errors.Is(err, ErrCancelled) || time.Since(start) != 3*time.Second {
					t.Errorf("after %s: %v", time.Since(start), err)
				}
			})
		})
	}
}

// A context that has ended takes the kept connection along; the next file has another.
func TestHTTPContextEndsBetweenFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kit{Options: Options{Network: connections([]string{answered, answered}, []string{answered})}}
		s := k.schemes(t)
		defer s.Close()
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			if _, err := s.Fetch(ctx, Request{URL: mustURL(t, "http://server/x.cfg")}); err != nil {
				t.Error(err)
			}
			cancel()
			synctest.Wait()
		}
		for _, e := range k.events.Events() {
			if e.Kind == trace.FetchRequest && e.Attempt != 1 {
				t.Errorf("sent again: %+v", e)
			}
		}
	})
}

// Files that are fetched at once take turns on the one connection.
func TestHTTPTakesTurns(t *testing.T) {
	var mu sync.Mutex
	from, atOnce := make(map[string]bool), 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		from[r.RemoteAddr] = true
		if atOnce++; atOnce > 1 {
			t.Error("two requests at once")
		}
		mu.Unlock()
		fmt.Fprint(w, r.URL.Path)
		mu.Lock()
		atOnce--
		mu.Unlock()
	}))
	defer server.Close()
	s := new(kit).schemes(t)
	defer s.Close()
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			u := mustURL(t, fmt.Sprintf("%s/%d", server.URL, i))
			res, err := s.Fetch(t.Context(), Request{URL: u})
			if err != nil || string(res.Body) != u.Path {
				t.Error(res, err)
			}
		})
	}
	all.Wait()
	if len(from) != 1 {
		t.Errorf("%d connections, want 1", len(from))
	}
}
