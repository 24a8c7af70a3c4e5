package fleet

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/testbed"
)

// patience is what phones of these tests have: with the defaults, which are the phone's own, one whose
// server dies in mid-transfer waits 73 s before it sends its ACK again.
var patience = []string{"tftp_ack_resend=2s", "tftp_ack_sends=3"}

// manyPhones bounds a load with as many phones as -fault-phones may ask for.
const manyPhones = 5 * time.Minute

// Ten thousand phones at once, over TFTP from dnsmasq and over HTTP from nginx: each is provisioned with
// its own settings, and nothing of it is left.
func TestTenThousand(t *testing.T) {
	tb := testbed.New(t, append(testbed.Dnsmasq.Needs, testbed.Nginx.Needs...))
	n := 10_000 / scale
	docroot := tb.Publish(tree(phones(t, n)))
	for _, c := range []struct {
		server   testbed.Server
		inFlight int
	}{{testbed.Dnsmasq, 100}, {testbed.Nginx, 500}} {
		t.Run(c.server.Name, func(t *testing.T) {
			s := tb.For(t).Start(c.server, docroot)
			r := load{
				Server: s.Endpoints[0].URL.String(), Phones: n, Stage: Stage{Arrival: "avalanche"},
				InFlight: c.inFlight, Expect: expectTree, Options: patience,
			}.run(t, tb)
			allServed(t, r, n)
			if want := uint64(5 * n); r.Requests < want {
				t.Errorf("%d files were asked for, want %d or more", r.Requests, want)
			}
		})
	}
}

// A server that is killed and started again in the middle of a storm: no phone is lost.
func TestServerRestarts(t *testing.T) {
	besideOthers(t)
	tb := testbed.New(t, append(testbed.Dnsmasq.Needs, testbed.Nginx.Needs...))
	n := meeting(10_000 / scale)
	docroot := tb.Publish(tree(phones(t, n)))
	for _, server := range []testbed.Server{testbed.Dnsmasq, testbed.Nginx} {
		t.Run(server.Name, func(t *testing.T) {
			s := tb.For(t).Start(server, docroot)
			r := load{
				Server: s.Endpoints[0].URL.String(), Phones: n, Stage: Stage{Arrival: "avalanche", Over: 6 * time.Second},
				InFlight: 100, Expect: expectTree, Options: patience, Most: manyPhones,
			}.run(t, tb, s.Kill, s.Revive)
			allServed(t, r, n)
			if r.Failed+r.Resends == 0 {
				t.Error("no phone noticed")
			}
			for _, l := range r.Latencies { // who came while it was away was not served before it was back
				if l.Stage == StageServed && l.Max < time.Second {
					t.Errorf("every phone was served within %s of its start, and the server was away for a second", l.Max)
				}
			}
		})
	}
}

// One datagram in twenty is lost: phones and server send again, and all get there.
func TestLoss(t *testing.T) {
	besideOthers(t)
	tb := testbed.New(t, testbed.Dnsmasq.Needs)
	n := meeting(1000 / scale)
	s := tb.Start(testbed.Dnsmasq, tb.Publish(tree(phones(t, n))))
	r := load{
		Server: s.Endpoints[0].URL.String(), Phones: n, Stage: Stage{Arrival: "avalanche", Over: time.Second},
		InFlight: 400, Expect: expectTree, Options: patience, Loss: 0.05, Most: manyPhones,
	}.run(t, tb)
	allServed(t, r, n)
	if r.Resends == 0 {
		t.Error("nothing was sent again")
	}
}

// serveHTTP runs a server of the test's own on the servers' side, and returns its URL.
func serveHTTP(t *testing.T, tb *testbed.Testbed, h http.Handler) string {
	t.Helper()
	l, err := tb.Server.Listen(t.Context(), "tcp", tb.Server.Addr.String()+":80")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h}
	var done sync.WaitGroup
	done.Go(func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(func() { s.Close(); done.Wait() })
	return "http://" + tb.Server.Addr.String() + "/"
}

// A server that takes a second for each answer. Those that wait for others of ours to be done have
// waited too: their latency counts from when they meant to start.
func TestSlowServer(t *testing.T) {
	besideOthers(t)
	tb := testbed.New(t, nil)
	n := meeting(400)
	inFlight := min(n/2, 2000)
	files := http.FileServerFS(tree(phones(t, n)))
	at := serveHTTP(t, tb, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(time.Second):
			files.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	r := load{Server: at, Phones: n, Stage: Stage{Arrival: "avalanche"}, InFlight: inFlight, Expect: expectTree, Most: manyPhones}.run(t, tb)
	allServed(t, r, n)
	for _, l := range r.Latencies {
		switch l.Stage {
		case StageService: // five files
			if l.P50 < 5*time.Second {
				t.Errorf("the service took %s (p50)", l.P50)
			}
		case StagePass: // half of the phones waited for the other half
			if l.P99 < 10*time.Second {
				t.Errorf("passes took %s (p99), want 10s or more", l.P99)
			}
		}
	}
	if r.Health.WaitedPermits < uint64(n-inFlight) {
		t.Errorf("%d phones waited for a permit", r.Health.WaitedPermits)
	}
}

// mixer serves files, and once gives a phone the file that another one asked for before.
type mixer struct {
	tree  fstest.MapFS
	files http.Handler
	after int

	mu    sync.Mutex
	asked int
	last  string
	mixed [2]string // who asked, and whose file it was
}

func (m *mixer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	m.mu.Lock()
	m.asked++
	if _, own := m.tree[name]; own && strings.HasPrefix(name, "0221f2") {
		if m.asked >= m.after && m.mixed[0] == "" && m.last != "" && m.last != name {
			m.mixed = [2]string{name[:12], m.last[:12]}
			r.URL.Path = "/" + m.last
		}
		m.last = name
	}
	m.mu.Unlock()
	m.files.ServeHTTP(w, r)
}

// A server that mixes up two phones' files once in ten thousand requests is caught, and the two are
// named.
func TestMixedUp(t *testing.T) {
	tb := testbed.New(t, nil)
	n := 3000 / scale
	files := tree(phones(t, n))
	m := &mixer{tree: files, files: http.FileServerFS(files), after: 10_000 / scale}
	at := serveHTTP(t, tb, m)
	r := valid(t, func() (*Report, error) {
		m.mu.Lock()
		m.asked, m.last, m.mixed = 0, "", [2]string{}
		m.mu.Unlock()
		return load{Server: at, Phones: n, InFlight: 100, Expect: expectTree}.run(t, tb), nil
	})
	if r.Wrong != 1 || r.Mixed != 1 || len(r.Wrongs) != 1 {
		t.Fatalf("%d wrong, %d mixed up: %v", r.Wrong, r.Mixed, r.Wrongs)
	}
	asked, _ := device.ParseMAC(m.mixed[0])
	whose, _ := device.ParseMAC(m.mixed[1])
	if w := r.Wrongs[0]; w.Phone != asked || w.Whose != whose {
		t.Errorf("%s, where %s got the file of %s", w, asked, whose)
	}
	if err := r.Verdict(); err == nil || !strings.Contains(err.Error(), "wrong settings") {
		t.Errorf("verdict %v", err)
	}
}
