package fetch

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// What a name server may make a phone do.
const (
	maxAddresses = 8                // of one name that are tried; a name server is no list of hosts to look at
	namedLimit   = 10 * time.Second // for a connection to any of several addresses
	namedShare   = 2 * time.Second  // of it for each, at least
)

// names is the network of one pass. A name keeps the addresses that it had first, as in
// libcurl's cache, which holds them for 60 s: a name server that changes its mind between
// a request and the same with credentials leads them to no other host. The next pass
// asks anew.
type names struct {
	wire.Network

	mu    sync.Mutex
	known map[string][]netip.Addr // made when first needed; most URLs have an address
}

// LookupHost implements wire.Network. An address that no server can have is none.
func (n *names) LookupHost(ctx context.Context, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	found := n.known[host]
	n.mu.Unlock()
	if found != nil {
		return found, nil
	}
	all, err := n.Network.LookupHost(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if len(found) < maxAddresses && !a.Unmap().IsUnspecified() && !isGroup(a) {
			found = append(found, a)
		}
	}
	switch {
	case len(all) == 0:
		return nil, failure(trace.UnknownHost, nil, "no address is known for %s", clean(host))
	case len(found) == 0:
		return nil, failure(trace.UnknownHost, nil, "the name %s leads to %s, which no server can have: "+
			"name servers that block a name answer so", clean(host), all[0])
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = make(map[string][]netip.Addr)
	}
	n.known[host] = found
	return found, nil
}

// isGroup reports whether an address is that of several machines.
func isGroup(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// DialContext implements wire.Network: a name's addresses are tried in turn.
func (n *names) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return n.Network.DialContext(ctx, network, address)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return n.Network.DialContext(ctx, network, address)
	}
	addrs, err := n.LookupHost(ctx, host)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 1 {
		return n.Network.DialContext(ctx, network, net.JoinHostPort(addrs[0].String(), port))
	}
	until := time.Now().Add(namedLimit)
	var first error
	for i, a := range addrs {
		left := time.Until(until)
		if left <= 0 {
			break
		}
		share := min(left, max(left/time.Duration(len(addrs)-i), namedShare))
		conn, err := n.dialFor(ctx, share, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// dialFor waits so long for a connection.
func (n *names) dialFor(ctx context.Context, limit time.Duration, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return n.Network.DialContext(ctx, network, address)
}
