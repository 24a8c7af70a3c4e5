package discover

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/fipsim/fipsim/simulator/device"
)

// Finder is one way of finding the server. Find blocks until there is an offer or
// the way's own waiting time is over; ctx ends it earlier. Its error is an *Error,
// which errors.Is matches with ErrNothing or ErrPrivilege where one of them is why.
type Finder interface {
	Find(ctx context.Context, id device.Identity) (Offer, error)
}

// The ways of finding a server, as Offer.Source and Error.Source carry them; the
// option source_order uses the same words.
const (
	SourcePnP    = "pnp"
	SourceDHCP   = "dhcp"
	SourceStatic = "static"
)

// Offer is a server's address as somebody offered it.
type Offer struct {
	Source   string         // SourcePnP, SourceDHCP, SourceStatic
	URL      string         // as offered, white space around it cut; may be a bare host, and may carry a password
	From     netip.AddrPort // who offered it; invalid where nobody did
	Detail   string         // one line for a person, without secrets: "NOTIFY from 192.168.50.183:7777"
	Took     time.Duration  // from the first packet to this offer
	Lease    *Lease         // SourceDHCP: what else the server said; nil otherwise
	Exchange *Exchange      // SourcePnP: the messages; nil otherwise
}

// Conditions of a search that failed, for errors.Is.
var (
	// ErrNothing: nobody answered in time, or no answer held an address.
	ErrNothing = errors.New("no offer")
	// ErrPrivilege: this process may not do what the way needs, such as CAP_NET_RAW
	// for raw frames. Error.Detail says what is needed.
	ErrPrivilege = errors.New("missing privilege")
)

// Error is a search without an offer. Detail says in one line, without secrets, what
// was done and what came back.
type Error struct {
	Source   string        // SourcePnP, SourceDHCP, SourceStatic
	Detail   string        // "no NOTIFY within 5s after 4 SUBSCRIBEs to 224.0.1.75:5060"
	Err      error         // ErrNothing, ErrPrivilege, or the cause underneath
	Took     time.Duration // how long the search lasted
	Exchange *Exchange     // SourcePnP: the messages, where there were any
}

// Error returns "pnp: what came".
func (e *Error) Error() string { return e.Source + ": " + e.Detail }

// Unwrap returns the condition or the cause underneath.
func (e *Error) Unwrap() error { return e.Err }

// withoutUserInfo is an offered address as events may carry it: what stands before an
// @ in the host part, a name and perhaps a password, is cut. It works on text that is
// no URL too.
func withoutUserInfo(offered string) string {
	scheme, rest, found := strings.Cut(offered, "://")
	if !found {
		scheme, rest = "", offered
	} else {
		scheme += "://"
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	return harmless(scheme + rest[strings.LastIndexByte(rest[:end], '@')+1:])
}

// harmless leaves out what would drive a terminal or turn its line around.
func harmless(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
}

// short cuts a text where it is longer than most bytes.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// addrPortOf returns a UDP address as a netip.AddrPort, IPv4 in its short form.
func addrPortOf(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := u.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
