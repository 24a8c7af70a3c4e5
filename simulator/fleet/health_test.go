package fleet

import (
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/simulator/wire"
)

// What a socket's full receive buffer loses is counted, to the datagram.
func TestSocketDrops(t *testing.T) {
	var d drops
	conn, err := counting{Network: wire.OS{}, drops: &d}.ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp := conn.(*countedConn)
	if _, ok := socketDrops(udp.UDPConn); !ok {
		t.Skip("this system does not tell what a socket lost")
	}
	if err := udp.SetReadBuffer(1); err != nil { // the kernel makes it as small as it allows
		t.Fatal(err)
	}
	from, err := net.DialUDP("udp4", nil, udp.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	const sent = 200
	for range sent {
		if _, err := from.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	lost, _ := socketDrops(udp.UDPConn)
	if lost == 0 || lost >= sent {
		t.Errorf("%d of %d datagrams were lost in a buffer of a few", lost, sent)
	}
	if err := udp.Close(); err != nil || d.lost.Load() != uint64(lost) || d.blind.Load() {
		t.Errorf("%v; %d counted, %d lost", err, d.lost.Load(), lost)
	}
}

// On a network that cannot tell, that is told; one in memory loses nothing, whatever else this machine loses.
func TestSocketDropsUnknown(t *testing.T) {
	memory := new(wire.Memory)
	for _, c := range []struct {
		network wire.Network
		blind   bool
	}{{memory, false}, {struct{ wire.Network }{memory}, true}} {
		var d drops
		conn, err := counting{Network: c.network, drops: &d}.ListenPacket(t.Context(), "udp4", ":0")
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		if d.blind.Load() != c.blind {
			t.Errorf("%T: blind is %v, want %v", c.network, d.blind.Load(), c.blind)
		}
	}
}

// Where this machine, and not the server, decided what was measured, the verdict is invalid and says why.
func TestInvalid(t *testing.T) {
	broken := Judged{Threshold: "p99(pass)<5s", Value: 6, Shown: "6s"}
	fast := broken
	fast.Held = true
	for _, c := range []struct {
		name    string
		health  Health
		judged  Judged
		service time.Duration // what a pass took without waiting for others of ours
		wrong   uint64
		want    string // of the verdict; empty: it holds
		exit    int
	}{
		{name: "a quiet machine", judged: fast},
		{name: "timers late", health: Health{LagP99: 300 * time.Millisecond, LateTimers: 3, CPU: .5}, judged: fast, want: "timers fired 300ms late", exit: 3},
		{name: "a hiccup in a short run", health: Health{LagP99: 300 * time.Millisecond, LateTimers: 2}, judged: fast},
		{name: "starts late", health: Health{DispatchP99: 101 * time.Millisecond, LateStarts: 3}, judged: fast, want: "starts were handed out 101ms late", exit: 3},
		{name: "a few drops", health: Health{SocketDrops: 1, DropsKnown: true}, judged: fast},
		{name: "drops", health: Health{SocketDrops: 11, DropsKnown: true}, judged: fast, want: "11 datagrams were lost in full receive buffers of this machine", exit: 3},
		{name: "drops of others", health: Health{BufferErrors: 500, DropsKnown: true}, judged: fast},
		{name: "drops of whom is not known", health: Health{BufferErrors: 500}, judged: fast, want: "500 datagrams", exit: 3},
		{name: "no sockets", health: Health{LocalFailures: 1}, judged: fast, want: "raise ulimit -n", exit: 3},
		{name: "the server is slow", judged: broken, service: 6 * time.Second, want: "does not hold", exit: 1},
		{name: "busy, and it holds", health: Health{CPU: .97, Processors: 2}, judged: fast},
		{name: "busy, and it does not", health: Health{CPU: .97, Processors: 2}, judged: broken, service: 6 * time.Second, want: "this process used 97% of 2 processors", exit: 3},
		{name: "read late, by less than what is too much", health: Health{EchoP99: 90 * time.Millisecond}, judged: broken, service: 6 * time.Second, want: "does not hold", exit: 1},
		{name: "read late, ten answers a pass", health: Health{EchoP99: 110 * time.Millisecond}, judged: broken, service: 6 * time.Second, want: "read up to 110ms late (p99), 1.1s in all", exit: 3},
		{name: "read late, and it holds", health: Health{EchoP99: time.Second}, judged: fast},
		{name: "waiting for permits", health: Health{WaitedPermits: 40, InFlight: 10}, judged: broken, service: time.Second, want: "40 phones waited for one of 10 permits", exit: 3},
		{name: "starting late", health: Health{WaitForPermits: 60 * time.Millisecond}, judged: broken, service: time.Second, want: "because phones started late, 60ms", exit: 3},
		{name: "wrong, whatever the speed", health: Health{LagP99: time.Second, LateTimers: 9}, judged: fast, wrong: 2, want: "2 passes ended with wrong settings; and nothing can be said of the rest", exit: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			threshold, err := ParseThreshold(c.judged.Threshold)
			if err != nil {
				t.Fatal(err)
			}
			r := &run{Options: Options{Thresholds: []Threshold{threshold}}}
			s := newShard()
			s.observe(series{StageService, "tftp", "provisioned"}, c.service)
			out := &Report{Ended: "done", Passes: 1000, Requests: 10_000, Wrong: c.wrong, Thresholds: []Judged{c.judged}, Health: c.health}
			out.Invalid = r.invalid(out, merge([]*shard{s}))
			err = out.Verdict()
			if got := verdict.Exit(err); got != c.exit || out.judge().Exit != c.exit {
				t.Errorf("exit status %d, %d; want %d", got, out.judge().Exit, c.exit)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("verdict %v, want %q", err, c.want)
			}
		})
	}
}

// What was done to the processors comes from the first line of /proc/stat.
func TestMachineTime(t *testing.T) {
	const before = "cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3 4\n"
	const after = "cpu  175 5 70 850 50 0 0 0 30 0\n"
	b, a := parseMachineTime(before), parseMachineTime(after)
	if got := a.since(b); got != float64(100)/150 {
		t.Errorf("busy for %v of the time", got)
	}
	for _, text := range []string{"", "cpu\n", "cpu 1 2 3\n", "cpu a b c d e\n", "intr 1 2 3 4 5\n"} {
		if got := parseMachineTime(text); got != (machineTime{}) {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if b.since(a) != 0 || b.since(b) != 0 {
		t.Error("a share of no time")
	}
}

// Of traces that failed, what is rare is kept though the rest is many; and all is bounded.
func TestNotesBounded(t *testing.T) {
	var n notes
	n.init(1, 1)
	add := func(i int, s state, fault trace.Code) {
		if wanted, why := n.wants(int32(i), s, fault); wanted {
			n.keep(Sample{Phone: DefaultFirst.Add(uint64(i)), Why: why, Fault: fault, Events: make([]trace.Event, 100)})
		}
	}
	for i := range 5000 {
		add(i, stateFailed, trace.NoAnswer)
	}
	for i := range 3 {
		add(6000+i, stateFailed, trace.Truncated)
		add(7000+i, stateWrong, "")
	}
	for i := range 5000 {
		add(i, stateFailed, trace.NoAnswer)
		add(i, stateOK, "")
	}
	of := make(map[trace.Code]int)
	for i := range n.failed {
		of[n.failed[i].kind()]++
	}
	if len(n.failed) != maxFailed || of[trace.Truncated] != 3 || of["wrong"] != 3 {
		t.Errorf("%d traces of failures: %v", len(n.failed), of)
	}
	if len(n.sampled)*100 > maxKept || len(n.sampled) < maxKept/200 {
		t.Errorf("%d samples of 100 events are kept, at most %d events may be", len(n.sampled), maxKept)
	}
}

// The slowest passes are kept with their traces, the slowest first. Who was shown some has them still when others
// are slower.
func TestSlowest(t *testing.T) {
	var n notes
	var shown, want []Sample
	for i := range 100 {
		s := &sink{events: make([]trace.Event, i+1)}
		for j := range s.events {
			s.events[j].Line = i
		}
		if i == 50 {
			shown = n.show()
			for _, s := range shown {
				s.Events = slices.Clone(s.Events)
				want = append(want, s)
			}
		}
		n.slow(DefaultFirst.Add(uint64(i)), time.Duration((i*37)%100)*time.Second, "provisioned", s)
	}
	if diff := cmp.Diff(want, shown, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("what was shown (-want +got):\n%s", diff)
	}
	var got []int
	for _, s := range n.slowest {
		got = append(got, int(s.Took/time.Second))
		if want := int(s.Phone[5]) + 1; len(s.Events) != want {
			t.Errorf("%s has %d events, want %d", s.Phone, len(s.Events), want)
		}
	}
	if want := []int{99, 98, 97, 96, 95, 94, 93, 92, 91, 90}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// Of a run's course at most so many parts are kept, and nothing of it is lost.
func TestCourseBounded(t *testing.T) {
	r := &run{shards: []*shard{newShard()}, began: time.Now().Add(-time.Hour), health: &health{processors: 2}}
	s := r.shards[0]
	for i := range 5 * maxSlots {
		s.counts.OK++
		s.ended(time.Duration(i) * time.Millisecond)
		r.slots.look(r)
		r.slots.mu.Lock()
		r.slots.open.Took = max(r.slots.open.Took, r.slots.width) // as if time had passed
		r.slots.mu.Unlock()
	}
	var ok, heat uint64
	all := r.slots.all(r)
	for _, slot := range all {
		ok += slot.OK
		for _, c := range slot.Heat {
			heat += c
		}
	}
	if len(all) > maxSlots+1 || ok != 5*maxSlots || heat != 5*maxSlots {
		t.Errorf("%d parts hold %d passes, %d in the heat map", len(all), ok, heat)
	}
}

// A datagram to ourselves comes back, and its time is known; where there is no socket, nothing is known.
func TestEcho(t *testing.T) {
	e := openEcho()
	if e == nil {
		t.Skip("no loopback interface is up")
	}
	defer e.close()
	for e.at(50) == 0 {
		if t.Context().Err() != nil {
			t.Fatal("nothing came back")
		}
		e.send()
		runtime.Gosched()
	}
	var none *echo
	none.send()
	none.close()
	if none.at(99) != 0 {
		t.Error("a time of no socket")
	}
}
