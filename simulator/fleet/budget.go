package fleet

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/wire"
)

// BudgetError says that this machine is too small for a load, and what to raise.
type BudgetError struct{ Detail string }

// Error returns Detail.
func (e *BudgetError) Error() string { return e.Detail }

// What passes and phones cost, roughly and from above.
const (
	filesOfPass      = 2       // descriptors: FTP has a control and a data connection
	filesOfOurs      = 64      // descriptors that the rest of the process needs
	discoverInFlight = 5000    // passes at once where discovery needs no descriptors, and nobody says
	bytesOfPass      = 200e3   // memory: sockets, buffers, a file and its parse
	bytesOfPhone     = 4e3     // memory of a phone at rest, dozens of settings of its own included
	maxInFlight      = 100000  // more goroutines than that are of no use
	maxPaths         = 256     // source addresses in use
	maxTried         = 4096    // source addresses that are tried
	manyFiles        = 1 << 20 // descriptors, where the system does not tell
)

// machine is what the operating system allows.
type machine struct {
	files  uint64 // descriptors that may be open
	inUse  uint64 // that are
	ports  uint64 // of one address, for connections that leave
	low    uint64 // the lowest of them
	memory uint64 // bytes available; 0: not known
}

// budget settles how many passes may be under way at once: as many as was asked for,
// else DefaultInFlight or what the machine allows; and how many of them may have
// sockets of their own. Its error is a *BudgetError.
func (r *run) budget(m machine) error {
	conns := 0 // over TCP, within the time that a port rests
	if slices.ContainsFunc(r.schemes(), func(s string) bool { return s != "tftp" && s != "file" }) {
		for i := range r.Stages {
			conns = max(conns, r.Stages[i].within(portRest, &r.Options))
		}
	}
	shared := r.uses(discover.SourcePnP) || r.uses(discover.SourceDHCP)
	var err error
	if r.inFlight, err = m.budget(len(r.Phones), r.InFlight, len(r.paths), conns, shared); err != nil {
		return err
	}
	if most := min(m.sockets(len(r.paths)), max(DefaultInFlight, r.InFlight)); shared && most < r.inFlight {
		r.transfers = make(chan struct{}, most)
	}
	return nil
}

// portRest is how long the port of a connection that we ended rests: Linux's TIME-WAIT
// (TCP_TIMEWAIT_LEN).
const portRest = time.Minute

// within is how many phones mean to start within d at most. Where the server asks them
// to, that is taken to be at an even pace.
func (s *Stage) within(d time.Duration, o *Options) int {
	share := func(all time.Duration) float64 { return min(1, float64(d)/float64(max(all, 1))) }
	n := share(s.Over)
	if s.Arrival == "interval" {
		if n = share(s.Every); s.hears(o) > 0 {
			n += share(s.Over)
		}
	}
	if s.Arrival == "ramp" {
		n *= 2 // its end is that much denser than the whole
	}
	return int(math.Ceil(min(1, n) * float64(s.Phones)))
}

// sockets is how many passes may have sockets of their own at once.
func (m machine) sockets(paths int) int {
	free := (max(m.files, m.inUse+filesOfOurs) - m.inUse - filesOfOurs) / filesOfPass
	return int(min(free, m.ports*uint64(paths)))
}

// budget is that of a machine for so many phones; asked is 0 where nobody said how
// many passes are to be under way at once; conns is how many connect over TCP within
// portRest. Those that discover by shared sockets wait
// for their own until they know their server.
func (m machine) budget(phones, asked, paths, conns int, shared bool) (int, error) {
	want := asked
	if want == 0 {
		want = min(DefaultInFlight, phones)
		if shared {
			want = min(discoverInFlight, phones)
		}
	}
	if want < 0 || want > maxInFlight {
		return 0, &BudgetError{fmt.Sprintf("%d passes at once: want 1 to %d", want, maxInFlight)}
	}
	free := (max(m.files, m.inUse+filesOfOurs) - m.inUse - filesOfOurs) / filesOfPass
	ports := m.ports * uint64(paths)
	if asked == 0 && !shared {
		want = int(min(uint64(want), free, ports))
	}
	if shared && free > 0 && ports > 0 {
		free, ports = max(free, uint64(want)), max(ports, uint64(want)) // transfers take turns
	}
	switch {
	case want == 0, uint64(want) > free:
		return 0, &BudgetError{fmt.Sprintf("%d passes at once need %d open files, and only %d are allowed: "+
			"raise ulimit -n, or let fewer passes run at once",
			max(want, 1), uint64(max(want, 1))*filesOfPass+m.inUse+filesOfOurs, m.files)}
	case uint64(want) > ports:
		return 0, &BudgetError{fmt.Sprintf("%d passes at once need a port each, and %d addresses have %d: "+
			"widen net.ipv4.ip_local_port_range, or give more addresses with --local", want, paths, ports)}
	case uint64(conns) > m.ports*uint64(paths):
		return 0, &BudgetError{fmt.Sprintf("%d phones in a minute need a connection each, whose port rests for a minute after it, "+
			"and %d addresses have %d ports: "+
			"give more addresses with --local, or widen net.ipv4.ip_local_port_range", conns, paths, m.ports*uint64(paths))}
	}
	need := uint64(phones)*bytesOfPhone + uint64(want)*bytesOfPass
	if m.memory > 0 && need > m.memory {
		return 0, &BudgetError{fmt.Sprintf("%d phones, %d of them in a pass at once, need about %d MB of memory, "+
			"and %d MB are free: take fewer of either", phones, want, need>>20, m.memory>>20)}
	}
	return want, nil
}

// thisMachine asks the operating system.
func thisMachine() machine {
	m := machine{files: fileLimit()}
	m.low, m.ports = wire.LocalPorts()
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		m.inUse = uint64(len(open))
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == "MemAvailable:" {
				if n, err := strconv.ParseUint(f[1], 10, 64); err == nil {
					m.memory = n << 10
				}
			}
		}
	}
	return m
}

// openPaths returns the ways out of this machine.
func (r *run) openPaths(ctx context.Context) ([]wayOut, error) {
	m := thisMachine()
	if len(r.Local) == 0 {
		return []wayOut{{network: wire.InTurn(counting{r.Network, &r.drops, r.spares}, m.low, m.ports)}}, nil
	}
	var paths []wayOut
	for _, addr := range r.Local {
		n, ok := withLocal(r.Network, addr)
		if !ok {
			return nil, &BudgetError{fmt.Sprintf("phones cannot send from %s: this network gives them no address of their own", addr)}
		}
		conn, err := n.ListenPacket(ctx, "udp", net.JoinHostPort(addr.String(), "0"))
		if err != nil {
			return nil, &BudgetError{fmt.Sprintf("phones cannot send from %s: %v; ip address add %s/32 dev lo adds it", addr, err, addr)}
		}
		_ = conn.Close()
		paths = append(paths, wayOut{addr, wire.InTurn(counting{n, &r.drops, r.spares}, m.low, m.ports)})
	}
	return paths, nil
}

// withLocal returns n with a source address. Every address of 127.0.0.0/8 is the
// machine's, though no interface lists it.
func withLocal(n wire.Network, addr netip.Addr) (wire.Network, bool) {
	if os, ok := n.(wire.OS); ok {
		os.Local = addr
		return os, true
	}
	return wire.WithSource(n, addr)
}
