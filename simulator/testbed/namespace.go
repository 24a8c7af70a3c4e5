package testbed

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"

	"github.com/fipsim/fipsim/simulator/wire"
)

// cable is the name of the interface at both ends of the cable.
const cable = "eth0"

// Namespace is one side of a testbed: a network stack with a loopback interface and
// one cable, to the other side. It has no name in /run/netns; it lives as long as
// the test.
type Namespace struct {
	Addr      netip.Addr // its address on the cable
	Interface string     // the name of the cable's interface

	held *os.File // keeps the namespace alive
}

func (tb *Testbed) namespace(name string, addr netip.Addr) *Namespace {
	tb.t.Helper()
	ns := &Namespace{Addr: addr, Interface: cable}
	var err error
	onThread(func() {
		if err = leaveNetwork(); err == nil {
			ns.held, err = os.Open("/proc/thread-self/ns/net")
		}
	})
	tb.must(err, "make the "+name+"'s namespace")
	tb.t.Cleanup(func() { _ = ns.held.Close() })
	return ns
}

// Path names the namespace for other programs, as in nsenter --net=PATH or ip link
// set … netns PATH, as long as the test runs.
func (ns *Namespace) Path() string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), ns.held.Fd())
}

// Run calls f inside the namespace: sockets that f makes belong to it for good, also
// when they are used elsewhere later. Goroutines that f starts are outside again.
func (ns *Namespace) Run(f func()) error {
	var err error
	onThread(func() {
		if err = enterNetwork(ns.held); err == nil {
			f()
		}
	})
	if err != nil {
		return fmt.Errorf("testbed: enter namespace: %w", err)
	}
	return nil
}

// running reports whether the cable's end has its carrier (netdevice(7), IFF_RUNNING).
func (ns *Namespace) running() (bool, error) {
	var cable *net.Interface
	var err error
	if runErr := ns.Run(func() { cable, err = net.InterfaceByName(ns.Interface) }); runErr != nil {
		return false, runErr
	}
	return err == nil && cable.Flags&net.FlagRunning != 0, err
}

// Command is exec.CommandContext for a program that runs inside the namespace.
func (ns *Namespace) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	path, err := lookPath(name)
	if err != nil {
		path = name // nsenter tells that it is not there
	}
	return exec.CommandContext(ctx, "nsenter", append([]string{"--net=" + ns.Path(), "--", path}, args...)...)
}

// Network is the namespace as our own code sees it.
func (ns *Namespace) Network() wire.Network { return network{ns: ns} }

// Listen is net.Listen inside the namespace.
func (ns *Namespace) Listen(ctx context.Context, networkName, address string) (l net.Listener, err error) {
	if runErr := ns.Run(func() { l, err = new(net.ListenConfig).Listen(ctx, networkName, address) }); runErr != nil {
		return nil, runErr
	}
	return l, err
}

// network implements wire.Network by the operating system's, on a thread inside the
// namespace. Hosts are addresses only: there is no DNS in a testbed, and the
// resolver's goroutines would ask the one outside.
type network struct {
	ns    *Namespace
	local netip.Addr // source of whatever leaves; invalid: the system's choice
}

// ListenPacket implements wire.Network.
func (n network) ListenPacket(ctx context.Context, networkName, address string) (conn net.PacketConn, err error) {
	if runErr := n.ns.Run(func() { conn, err = n.os().ListenPacket(ctx, networkName, address) }); runErr != nil {
		return nil, runErr
	}
	return conn, err
}

// DialContext implements wire.Network. Its address has no name for a host.
func (n network) DialContext(ctx context.Context, networkName, address string) (conn net.Conn, err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if _, err := n.LookupHost(ctx, host); err != nil {
		return nil, err
	}
	if runErr := n.ns.Run(func() { conn, err = n.os().DialContext(ctx, networkName, address) }); runErr != nil {
		return nil, runErr
	}
	return conn, err
}

// LookupHost implements wire.Network: an address is its own, no name is known.
func (n network) LookupHost(_ context.Context, host string) ([]netip.Addr, error) {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return []netip.Addr{addr}, nil
}

func (n network) os() wire.OS { return wire.OS{Local: n.local} }

// WithSource is that of wire.OS, inside the namespace.
func (n network) WithSource(addr netip.Addr) (_ wire.Network, ok bool) {
	if err := n.ns.Run(func() { _, ok = n.os().WithSource(addr) }); err != nil || !ok {
		return nil, false
	}
	return network{ns: n.ns, local: addr}, true
}

// SourceFor is that of wire.OS, inside the namespace.
func (n network) SourceFor(peer netip.AddrPort) (addr netip.Addr, ok bool) {
	if err := n.ns.Run(func() { addr, ok = n.os().SourceFor(peer) }); err != nil {
		return netip.Addr{}, false
	}
	return addr, ok
}

// onThread calls f on an operating system thread that no other goroutine gets, then
// or later: it stays locked, and so ends with its goroutine.
func onThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		f()
	}()
	<-done
}
