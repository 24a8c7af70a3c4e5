package pcaps

import (
	"bytes"
	"fmt"
	"net/netip"
	"path"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// recognize says which protocol a connection speaks by its first bytes; not known yet:
// more are needed. A nil talk with known is a protocol of no interest.
func (f *flow) recognize(m moment) (t talk, known bool) {
	client, server := f.head[1], f.head[0]
	is, wait := isSIP(client, server)
	switch {
	case is:
		return &sipTalk{f: f}, true
	case isRequestLine(client):
		return newHTTPTalk(f, "http"), true
	case len(client) >= 6 && client[0] == 0x16 && client[1] == 3 && client[5] == 1:
		return newTLSTalk(f, m), true
	case bytes.HasPrefix(server, []byte("220 ")) || bytes.HasPrefix(server, []byte("220-")):
		if f.server.Port() == 25 || f.server.Port() == 587 || bytes.Contains(server, []byte("SMTP")) {
			return nil, true
		}
		return newFTPTalk(f), true
	case wait:
	case len(server)+len(client) > 0 && (f.server.Port() == sipPort || f.client.Port() == sipPort):
		return &sipTalk{f: f, lost: [2]bool{true, true}}, true // the capture began in the middle of a message
	case len(server) >= 4 || len(client) > 16:
		return nil, true
	}
	return nil, false
}

// isRequestLine tells an HTTP request of a kind that fetches a file.
func isRequestLine(b []byte) bool {
	return bytes.HasPrefix(b, []byte("GET ")) || bytes.HasPrefix(b, []byte("HEAD ")) || bytes.HasPrefix(b, []byte("PUT /")) ||
		bytes.HasPrefix(b, []byte("POST /"))
}

// isProvisioning tells the names that only phones ask for.
func isProvisioning(name string) bool {
	base := strings.ToLower(path.Base(name))
	if strings.HasSuffix(base, ".boot") || strings.HasSuffix(base, ".cfg") || strings.HasPrefix(base, "y0000") {
		return true
	}
	_, ok := macIn(name)
	return ok
}

// readAgent takes what a User-Agent tells, "Flyingvoice FIP13G V0.6.24 00:21:F2:…"; false
// where it is not a phone's.
func readAgent(p *Phone, agent string) bool {
	if p.UserAgent == "" {
		p.UserAgent = trace.Clean(agent)
	}
	words := strings.Fields(trace.Clean(agent))
	if len(words) < 4 {
		return false
	}
	if _, err := device.ParseMAC(words[len(words)-1]); err != nil {
		return false
	}
	p.Model, p.Firmware = words[1], words[2]
	return true
}

// who returns the phone at the client's side of a connection.
func (f *flow) who() *Phone {
	p := f.w.r.phoneAt(f.client.Addr(), f.hw)
	if p != nil && isPhoneMaker(f.hw) {
		p.provisions = true
	}
	return p
}

// connectionTo begins what stands in the place of a file's name where no connection came
// about.
const connectionTo = "connection to port "

// unanswered is a connection that did not come about.
func (f *flow) unanswered() {
	p := f.w.r.at[f.client.Addr()].real()
	if p == nil && isPhoneMaker(f.hw) {
		p = f.who()
	}
	if p == nil {
		return
	}
	e := Event{Event: trace.Event{Kind: trace.FetchFailed, At: f.last.at, Frame: f.last.frame, Peer: f.server, Attempt: f.syns,
		Name: fmt.Sprint(connectionTo, f.server.Port()), Took: sinceOf(f.start.at, f.last.at), Fault: trace.NoAnswer}}
	e.URL = portURL(f.server)
	e.Detail = fmt.Sprintf("no answer to %s for a connection", times(f.syns, "request"))
	if f.refused {
		e.Fault, e.Detail = trace.Refused, "connection refused: nothing listens there"
	}
	f.w.r.record(p, e)
}

// portURL is a server as a URL, by what its port is for.
func portURL(server netip.AddrPort) string {
	switch server.Port() {
	case 21:
		return urlOf("ftp", server, 21, "")
	case 443, 8443:
		return urlOf("https", server, 443, "")
	default:
		return urlOf("http", server, 80, "")
	}
}

func times(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// round makes a time fit for a sentence.
func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
