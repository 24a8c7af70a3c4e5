package phone_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// office is a scripted network with TFTP servers in it, whose files may change while
// the phone lives. Files are shorter than a block. A datagram takes 5 ms.
type office struct {
	net wire.Memory

	mu      sync.Mutex
	files   map[netip.Addr]map[string]string
	renders map[string]func() string // files that are another at each request
}

var serverA, serverB = netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.20")

func newOffice() *office {
	o := &office{files: make(map[netip.Addr]map[string]string), renders: make(map[string]func() string)}
	o.net.Latency = 5 * time.Millisecond
	return o
}

// serve makes server hold a file; it starts a server that is not there yet.
func (o *office) serve(server netip.Addr, name, body string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.files[server] == nil {
		o.files[server] = make(map[string]string)
		o.plugIn(server)
	}
	o.files[server][name] = body
}

// render makes every server's file of this name another at each request.
func (o *office) render(name string, body func() string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.renders[name] = body
}

func (o *office) plugIn(server netip.Addr) {
	o.net.HandleUDP(netip.AddrPortFrom(server, 69), func(d wire.Datagram, send func(wire.Datagram)) {
		request, err := tftp.Parse(d.Payload)
		if err != nil || request.Op != tftp.RRQ {
			return
		}
		answer := tftp.AppendError(nil, tftp.FileNotFound, "File not found")
		if body, ok := o.file(server, request.Filename); ok {
			answer = tftp.AppendData(nil, 1, []byte(body))
		}
		send(wire.Datagram{From: netip.AddrPortFrom(server, 5000), To: d.From, Payload: answer})
	})
}

func (o *office) unplug(server netip.Addr) { o.net.HandleUDP(netip.AddrPortFrom(server, 69), nil) }

func (o *office) file(server netip.Addr, name string) (string, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if render := o.renders[name]; render != nil {
		return render(), true
	}
	body, ok := o.files[server][name]
	return body, ok
}

// living is a phone that Run has given power.
type living struct {
	*phone.Phone
	t      *testing.T
	events *trace.Recorder
	start  time.Time
	cancel context.CancelFunc
	done   chan error
	lives  context.Context //nolint:containedctx // it ends with Run
}

// on gives it power.
func (l *living) on() {
	ctx, cancel := context.WithCancel(context.Background())
	lives, over := context.WithCancel(l.t.Context())
	l.cancel, l.lives = cancel, lives
	go func() {
		err := l.Run(ctx)
		over()
		l.done <- err
	}()
}

// live gives a phone in the office power. Options are completed: its static server is
// server A unless it has another way.
func (o *office) live(t *testing.T, options phone.Options, set ...string) *living {
	t.Helper()
	l := &living{t: t, events: new(trace.Recorder), start: time.Now(), done: make(chan error, 1)}
	options.Network = &o.net
	options.Trace = trace.NewStream(device.DefaultMAC, l.events)
	if options.Finders == nil {
		options.Finders = map[string]discover.Finder{"static": discover.Static{URL: "tftp://" + serverA.String() + "/"}}
	}
	for _, option := range set {
		key, value, _ := strings.Cut(option, "=")
		if err := options.Behaviour.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if l.Phone, err = phone.New(options); err != nil {
		t.Fatal(err)
	}
	l.on()
	return l
}

// off ends the phone's life.
func (l *living) off() {
	l.t.Helper()
	l.cancel()
	if err := <-l.done; err != nil {
		l.t.Errorf("Run: %v", err)
	}
}

// at waits until so long after power-on; in a bubble only.
func (l *living) at(d time.Duration) { time.Sleep(time.Until(l.start.Add(d))) }

// story is what happened of these kinds, a line an event; no kinds means all.
func (l *living) story(kinds ...trace.Kind) []string {
	var lines []string
	for _, e := range l.events.Events() {
		if len(kinds) > 0 && !trace.OfKind(kinds...)(e) {
			continue
		}
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%s %s %s", clock(e.At.Sub(l.start)), e.Kind, word(e)), " "))
	}
	return lines
}

// word is what an event says, for a story.
func word(e trace.Event) string {
	words := []string{}
	for _, w := range []string{e.Name, e.URL, string(e.Fault), e.Detail} {
		if w != "" {
			words = append(words, w)
		}
	}
	if e.Bytes > 0 {
		words = append(words, fmt.Sprintf("(%d)", e.Bytes))
	}
	return strings.Join(words, " | ")
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d:%06.3f", int(d.Hours()), int(d.Minutes())%60, (d % time.Minute).Seconds())
}

// mapFS is a tree as a file system.
func mapFS(files tree) fs.FS {
	m := make(fstest.MapFS)
	for name, body := range files {
		m[name] = &fstest.MapFile{Data: []byte(body)}
	}
	return m
}
