package pcaps

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/trace"
)

// finding takes what the ways of finding the server show: which counts, and how long
// the phone waits for each.
func (l *likeness) finding() {
	subscribes, discovers := l.story.of(trace.PnPSubscribe), l.story.of(trace.DHCPDiscover)
	if a := l.first(); a != nil {
		l.order(a, len(subscribes) > 0)
	}
	if len(subscribes) > 0 {
		l.set("pnp_event", l.template(subscribes[0].Fact("sip.event")))
		l.pnpTimes(subscribes[0])
	}
	if len(discovers) > 0 && len(l.story.of(trace.DHCPOffer)) == 0 {
		if e, ok := l.after(discovers[0].Frame, trace.PnPSubscribe, trace.FetchRequest); ok {
			l.wait("dhcp_wait", e.At.Sub(discovers[0].At))
		}
	}
}

// order tells which way of finding the server comes first, where the file that was
// asked for shows it. That a phone asks DHCP first shows nothing: it needs an address.
func (l *likeness) order(a *attempt, subscribed bool) {
	var others []string // sources whose offers were there and were not used
	used := l.story.offerFor(a).Source
	for _, o := range l.story.offers {
		if source := strings.ToLower(o.source); o.e.Pass == a.pass && o.e.Seq < a.requests[0].Seq && source != used {
			others = append(others, source)
		}
	}
	switch {
	case used == discover.SourceDHCP && (!subscribed || slices.Contains(others, discover.SourcePnP)):
		l.set("source_order", "dhcp,pnp,static")
	case used == discover.SourceStatic && len(others) > 0:
		l.set("source_order", "static,pnp,dhcp")
	}
}

// pnpTimes takes how long the phone waited for a NOTIFY, or after it.
func (l *likeness) pnpTimes(subscribe Event) {
	for _, o := range l.story.offers {
		if o.source != "PnP" || o.e.Pass != subscribe.Pass {
			continue
		}
		if e, ok := l.after(o.e.Frame, trace.FetchRequest); ok && l.story.offerFor(&attempt{pass: e.Pass, url: e.URL,
			requests: []Event{e}}).URL == o.url {
			l.wait("pnp_linger", e.At.Sub(o.e.At))
		}
		return
	}
	if e, ok := l.after(subscribe.Frame, trace.DHCPDiscover, trace.FetchRequest); ok && e.Pass == subscribe.Pass {
		l.wait("pnp_wait", e.At.Sub(subscribe.At))
	}
}

// dhcp takes what the first Discover shows, and which option named the server.
func (l *likeness) dhcp() {
	for _, e := range l.story.of(trace.DHCPDiscover) {
		l.set("dhcp_vendor_class", l.template(e.Fact("dhcp.option.60")))
		l.set("dhcp_parameters", e.Fact("dhcp.option.55"))
		l.set("dhcp_hostname", l.template(e.Fact("dhcp.option.12")))
		if id := e.Fact("dhcp.option.61"); id != "01"+l.MAC.String() {
			l.set("dhcp_client_id", cmp.Or(id, "none"))
		}
	}
	l.set("dhcp_custom", l.custom)
	a := l.first()
	if a == nil {
		return
	}
	for _, o := range l.story.offers {
		if o.source == "DHCP" && o.e.Kind == trace.DHCPAck && o.e.Pass == a.pass && o.e.Seq < a.requests[0].Seq {
			l.urlOption(o.e, a)
			return
		}
	}
}

// urlOption finds the option of an ACK that names the server that was asked.
func (l *likeness) urlOption(ack Event, a *attempt) {
	asked := a.server().Addr()
	var codes []string
	for _, f := range ack.Facts {
		code, ok := strings.CutPrefix(f.Name, "dhcp.option.")
		if n, err := strconv.Atoi(code); !ok || err != nil || !slices.Contains([]int{66, 67, 43, 150}, n) && (n < 224 || n > 254) {
			continue
		}
		value, _, _ := strings.Cut(f.Value, ",") // option 150: the first of several
		if l.story.host(value) == asked {
			codes = append(codes, code)
		}
	}
	switch {
	case len(codes) == 0 || slices.Contains(codes, "66"):
	case ack.Fact("dhcp.option.66") != "": // there, and passed over
		l.set("dhcp_url_options", codes[0])
	default:
		l.set("dhcp_url_options", "66,"+codes[0])
	}
}

// udhcpOptions are those that every Discover of a phone has, or that are options of the
// phone by name.
var udhcpOptions = []byte{12, 53, 55, 57, 60, 61, 82}

// customOptions writes a Discover's further options as dhcp_custom takes them.
func customOptions(b []byte, m *dhcpv4.DHCPv4) string {
	var all []string
	for code := range strings.SplitSeq(optionOrder(b), ",") {
		n, err := strconv.ParseUint(code, 10, 8)
		if err != nil || slices.Contains(udhcpOptions, byte(n)) || n == 50 || n == 54 {
			continue
		}
		all = append(all, fmt.Sprintf("%d=%s", n, hex.EncodeToString(m.Options[uint8(n)])))
	}
	return strings.Join(all, ";")
}

// folder takes how the phone read the URL that it was told.
func (l *likeness) folder() {
	a := l.first()
	if a == nil {
		return
	}
	offer := l.story.offerFor(a)
	if offer.Source != discover.SourceStatic {
		l.urlKind(offer.URL, a)
	}
	single := strings.HasSuffix(offer.URL, ".cfg")
	bare := !l.MAC.IsZero() && a.file() == l.MAC.String()
	switch named := offer.Source == discover.SourceDHCP; {
	case single:
	case bare && !named:
		l.set("probe_bare_mac", "always")
	case !bare && named:
		l.set("probe_bare_mac", "never")
	}
	if bare && a.done() && len(l.fetchesOf(a.pass)) > 1 {
		l.set("bare_hit", "continue")
	}
}

// urlKind compares the URL that was offered with the first that was asked for.
func (l *likeness) urlKind(offered string, a *attempt) {
	u, err := url.Parse(a.url)
	if err != nil {
		return
	}
	if strings.Contains(offered, "$(") {
		if strings.Contains(u.Path, "$(") {
			l.set("macros", "off")
		}
		return
	}
	if !strings.Contains(offered, "://") {
		return
	}
	to, err := url.Parse(offered)
	if err != nil {
		return
	}
	path := strings.Trim(to.Path, "/")
	switch single := strings.HasSuffix(path, ".cfg"); {
	case single && strings.HasPrefix(strings.Trim(u.Path, "/"), path+"/"):
		l.set("url_kind", "dir")
	case !single && path != "" && strings.Trim(u.Path, "/") == path && a.file() != l.MAC.String() && a.file() != device.CommonBoot:
		l.set("url_kind", "file")
	}
}
