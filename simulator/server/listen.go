package server

import (
	"context"
	"net"
	"net/netip"
	"net/url"
)

// listenTCP listens at address and returns the URL that leads there.
func listenTCP(ctx context.Context, scheme, address string) (net.Listener, *url.URL, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, nil, err
	}
	return l, baseURL(scheme, l.Addr()), nil
}

// baseURL is the URL of the tree's root at a listening socket.
func baseURL(scheme string, at net.Addr) *url.URL {
	return &url.URL{Scheme: scheme, Host: reachable(addrPort(at)).String(), Path: "/"}
}

// reachable puts this machine's own address in the place of "all addresses", which no
// client can connect to everywhere.
func reachable(at netip.AddrPort) netip.AddrPort {
	if at.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return at
}
