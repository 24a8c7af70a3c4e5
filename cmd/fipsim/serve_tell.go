package main

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/server"
)

// requestTeller prints what a server does, a line a request.
type requestTeller struct {
	mu  sync.Mutex
	out io.Writer
}

// open tells what is served where, and what in the tree a phone would never find.
func (t *requestTeller) open(docroot string, s *server.Server, flags []listenFlag, tree fs.FS) {
	fmt.Fprintf(t.out, "serving %s\n", docroot)
	for _, f := range flags {
		for _, u := range reachableBy(s.URL(f.scheme), f.address) {
			fmt.Fprintf(t.out, "  %-5s  %s%s\n", f.scheme, u, remarks[f.scheme])
		}
	}
	findings, err := config.CheckTree(tree)
	for _, finding := range findings {
		fmt.Fprintf(t.out, "finding  %s\n", finding)
	}
	if err != nil {
		fmt.Fprintf(t.out, "finding  the folder could not be looked through: %v\n", err)
	}
}

// announce tells how phones are told of the server, and that all is ready.
func (t *requestTeller) announce(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(t.out, line)
	}
	fmt.Fprintln(t.out, "Ctrl-C ends it. Requests:")
}

var remarks = map[string]string{
	"https": "  (its certificate is made for this run: phones take it with --insecure)",
}

// tell prints one request: time, who, over what, which file, and how it ended.
func (t *requestTeller) tell(r server.Request) {
	var line strings.Builder
	fmt.Fprintf(&line, "%s  %-21s  %-5s  %s  %s", r.At.Format("15:04:05.000"), r.Peer, r.Scheme, strconv.Quote(r.Name), r.Outcome)
	if r.Status != "" {
		fmt.Fprintf(&line, " (%s)", r.Status)
	}
	if r.Outcome == server.Sent {
		fmt.Fprintf(&line, ", %d bytes", r.Bytes)
	}
	if r.Outcome == server.Failed {
		fmt.Fprintf(&line, " after %d bytes: %s", r.Bytes, r.Detail)
	}
	if r.UserAgent != "" {
		fmt.Fprintf(&line, "  %s", r.UserAgent)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(t.out, line.String())
}

// reachableBy are the URLs that a phone may be given: for a server on all addresses
// one for each IPv4 address of this machine.
func reachableBy(base *url.URL, address string) []string {
	host, _, err := net.SplitHostPort(address)
	addr, notAddr := netip.ParseAddr(host)
	if err != nil || (host != "" && (notAddr != nil || !addr.IsUnspecified())) {
		return []string{base.String()}
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return []string{base.String()}
	}
	var all []string
	for _, a := range own {
		if prefix, ok := a.(*net.IPNet); ok && prefix.IP.To4() != nil {
			u := *base
			u.Host = net.JoinHostPort(prefix.IP.String(), base.Port())
			all = append(all, u.String())
		}
	}
	return all
}
