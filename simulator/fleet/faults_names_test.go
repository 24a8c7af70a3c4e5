package fleet

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/fipsim/fipsim/simulator/testbed"
)

// names is a DNS server that knows one address, whatever name is asked for, and for no time to be kept.
type names struct {
	mu   sync.Mutex
	addr netip.Addr // invalid: SERVFAIL
}

// serveNames runs one on the servers' side, and returns where.
func serveNames(t *testing.T, tb *testbed.Testbed) (*names, string) {
	t.Helper()
	conn, err := tb.Server.Network().ListenPacket(t.Context(), "udp4", tb.Server.Addr.String()+":53")
	if err != nil {
		t.Fatal(err)
	}
	n := new(names)
	var done sync.WaitGroup
	done.Go(func() { n.serve(conn) })
	t.Cleanup(func() { conn.Close(); done.Wait() })
	return n, conn.LocalAddr().String()
}

// is gives the name another address.
func (n *names) is(addr netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addr = addr
}

func (n *names) serve(conn net.PacketConn) {
	buf := make([]byte, 1500)
	for {
		size, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:size]) != nil || len(m.Questions) != 1 {
			continue
		}
		answer, err := n.answer(m)
		if err == nil {
			_, _ = conn.WriteTo(answer, from) // who misses it asks again
		}
	}
}

func (n *names) answer(m dnsmessage.Message) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Answers, m.Additionals = true, true, nil, nil
	switch {
	case !n.addr.IsValid():
		m.RCode = dnsmessage.RCodeServerFailure
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: n.addr.As4()},
		}}
	}
	return m.Pack()
}
