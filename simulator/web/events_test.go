package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// message of a stream of server-sent events.
type sent struct {
	Name, ID string
	Lines    []string
}

// stream is what a page reads.
type stream struct {
	*http.Response
	lines *bufio.Scanner
}

// open follows the timeline of the page at base from a place on.
func open(t *testing.T, base, after string, header ...string) *stream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"events?after="+after, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	s := &stream{Response: answer, lines: bufio.NewScanner(answer.Body)}
	s.lines.Buffer(nil, 16<<20)
	return s
}

// next returns the next event; false where the stream has ended.
func (s *stream) next(t *testing.T) (sent, bool) {
	t.Helper()
	var m sent
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch name {
		case "event":
			m.Name = value
		case "id":
			m.ID = value
		case "data":
			var lines []Line
			if err := json.Unmarshal([]byte(value), &lines); err != nil {
				t.Fatalf("%v in %s", err, value)
			}
			m.Lines = texts(lines)
		case "":
			if m.Name != "" {
				return m, true
			}
		}
	}
	return sent{}, false
}

// read returns lines until there are n of them.
func (s *stream) read(t *testing.T, n int) (lines []string, id string) {
	t.Helper()
	for len(lines) < n {
		m, ok := s.next(t)
		if !ok {
			t.Fatalf("the stream ended after %q", lines)
		}
		lines, id = append(lines, m.Lines...), m.ID
	}
	return lines, id
}

func start(t *testing.T, timeline *Timeline) *Server {
	t.Helper()
	s, err := Start(t.Context(), Options{Phone: new(fakePhone), Timeline: timeline})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// A page gets what it has not seen, then what happens; one that comes again goes on
// where it was.
func TestEvents(t *testing.T) {
	timeline := new(Timeline)
	page := start(t, timeline)
	say(timeline, 1)
	_, seen := timeline.latest(1)
	say(timeline, 2)

	s := open(t, page.URL(), seen.String())
	if got := s.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("Content-Type: %s", got)
	}
	lines, _ := s.read(t, 1)
	say(timeline, 3)
	more, id := s.read(t, 1)
	if diff := cmp.Diff([]string{"2", "3"}, append(lines, more...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.Body.Close()

	say(timeline, 4)
	// The browser itself takes it up again: the id counts, not what the page asked at first.
	lines, _ = open(t, page.URL(), seen.String(), "Last-Event-ID", id).read(t, 1)
	if diff := cmp.Diff([]string{"4"}, lines); diff != "" {
		t.Errorf("again (-want +got):\n%s", diff)
	}
}

// A page that cannot go on where it was gets everything, and is told to forget the rest.
func TestEventsReset(t *testing.T) {
	timeline := new(Timeline)
	page := start(t, timeline)
	say(timeline, 1)
	for _, after := range []string{"", "nonsense", "zz-1"} {
		m, ok := open(t, page.URL(), after).next(t)
		_, at := timeline.latest(1)
		if diff := cmp.Diff(sent{"reset", at.String(), []string{"1"}}, m); !ok || diff != "" {
			t.Errorf("after %q (-want +got):\n%s", after, diff)
		}
	}
}

// A page that does not read holds nobody up, and is dropped when it is overtaken.
func TestSlowPageIsDropped(t *testing.T) {
	timeline := new(Timeline)
	page := start(t, timeline)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", page.address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	for n := range 20 * timelineLines { // it returns: nobody waits for the page
		say(timeline, n)
	}
	// The page reads on: what it gets ends, as it has been overtaken.
	s := &stream{lines: bufio.NewScanner(conn)}
	s.lines.Buffer(nil, 16<<20)
	for {
		if _, ok := s.next(t); !ok {
			return
		}
		for n := range 2 * timelineLines { // overtake it again
			say(timeline, n)
		}
	}
}

// There is a limit to the pages that follow; one that goes makes room.
func TestManyPages(t *testing.T) {
	timeline := new(Timeline)
	page := start(t, timeline)
	say(timeline, 1)
	var pages []*stream
	for range maxWatchers {
		s := open(t, page.URL(), "")
		s.read(t, 1)
		pages = append(pages, s)
	}
	s := open(t, page.URL(), "")
	if s.StatusCode != http.StatusServiceUnavailable || s.Header.Get("Retry-After") == "" {
		t.Errorf("status %d", s.StatusCode)
	}
	pages[0].Body.Close()
	for ctx := t.Context(); ctx.Err() == nil; { // until the server has seen it go
		if s := open(t, page.URL(), ""); s.StatusCode == http.StatusOK {
			return
		}
	}
}

// Close ends the streams, and with ctx they end too.
func TestCloseEndsStreams(t *testing.T) {
	for name, end := range map[string]func(*Server, context.CancelFunc){
		"Close": func(s *Server, _ context.CancelFunc) { _ = s.Close() },
		"ctx":   func(_ *Server, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			timeline := new(Timeline)
			page, err := Start(ctx, Options{Phone: new(fakePhone), Timeline: timeline})
			if err != nil {
				t.Fatal(err)
			}
			defer page.Close()
			say(timeline, 1)
			s := open(t, page.URL(), "")
			s.read(t, 1)
			end(page, cancel)
			if m, ok := s.next(t); ok {
				t.Errorf("the stream goes on with %v", m)
			}
		})
	}
}

// An address that cannot be listened at is an error that names it.
func TestStartFails(t *testing.T) {
	page := start(t, nil)
	_, err := Start(t.Context(), Options{Listen: page.address.String(), Phone: new(fakePhone)})
	if err == nil || !strings.Contains(err.Error(), page.address.String()) {
		t.Errorf("%v", err)
	}
}
