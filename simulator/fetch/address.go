package fetch

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/fipsim/fipsim/simulator/trace"
)

// hostPort returns where u is served, as Network.DialContext takes it; port is the
// scheme's own.
func hostPort(u *url.URL, port string) (string, error) {
	if u.Hostname() == "" {
		return "", &Error{Code: trace.BadURL, Detail: "the URL names no host"}
	}
	if p := u.Port(); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			return "", &Error{Code: trace.BadURL, Detail: fmt.Sprintf("port %s is not a number from 1 to 65535", clean(p))}
		}
		port = p
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

// peerOf returns the other side's address; the zero value where it has none.
func peerOf(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	default:
		return netip.AddrPort{}
	}
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// credentials returns the user and password for u: its own, else those of the
// request. set says whether there are any.
func (r Request) credentials() (user, password string, set bool) {
	if r.URL.User != nil {
		password, _ = r.URL.User.Password()
		return r.URL.User.Username(), password, true
	}
	return r.User, r.Password, r.User != "" || r.Password != ""
}

// bare returns u without user info and fragment.
func bare(u *url.URL) *url.URL {
	b := *u
	b.User, b.Fragment, b.RawFragment = nil, "", ""
	return &b
}
