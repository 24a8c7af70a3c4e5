package pcaps

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/trace"
)

func behaviourOf(t *testing.T, name string) *Behaviour {
	t.Helper()
	f, err := os.Open("library/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := ReadBehaviour(name, f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A capture is the same as itself, whenever, from wherever and in whatever frames.
func TestDiffIgnoresAccidents(t *testing.T) {
	for _, name := range []string{"guide_dhcp_option66.pcapng", "guide_pnp.pcapng"} {
		a, b := behaviourOf(t, name), behaviourOf(t, name)
		p := b.Phones[0]
		p.Addresses = []netip.Addr{netip.MustParseAddr("10.9.8.7")}
		for i := range p.Events {
			e := &p.Events[i]
			e.Frame, e.Seq, e.At, e.Took, e.Detail = e.Frame+1000, e.Seq+9, e.At.AddDate(1, 0, 0), 2*e.Took, "other words"
			e.URL = strings.ReplaceAll(e.URL, "192.168.50.92", "10.0.0.1")
			e.Facts = slices.Clone(e.Facts)
			for j, f := range e.Facts {
				if ignoredFact(e.Kind, f.Name) {
					e.Facts[j].Value = "another"
				}
				e.Facts[j].Value = strings.ReplaceAll(e.Facts[j].Value, "192.168.50.92", "10.0.0.1")
				e.Facts[j].Value = strings.ReplaceAll(e.Facts[j].Value, "192.168.50.163", "10.9.8.7")
			}
			if e.Peer.Addr() == netip.MustParseAddr("192.168.50.92") {
				e.Peer = netip.MustParseAddrPort("10.0.0.1:4711")
			}
		}
		for _, d := range Diff(a, b) {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// Each field that is compared, changed once, is a difference that names its frame.
func TestDiffFindsEachChange(t *testing.T) {
	changes := 0
	for _, name := range []string{"guide_dhcp_option66.pcapng", "guide_pnp.pcapng"} {
		a := behaviourOf(t, name)
		change := func(what string, i int, how func(*Event)) {
			b := behaviourOf(t, name)
			e := &b.Phones[0].Events[i]
			e.Facts = slices.Clone(e.Facts)
			how(e)
			changes++
			place := step{frame: e.Frame}.where()
			if !slices.ContainsFunc(Diff(a, b), func(d Difference) bool { return d.A == place || d.B == place }) {
				t.Errorf("%s: %s of %s in %s changed, and nothing names it", name, what, e.Kind, place)
			}
		}
		for i, e := range a.Phones[0].Events {
			if e.Kind == trace.FetchFailed && e.Fault == "" {
				continue
			}
			change("kind", i, func(e *Event) { e.Kind = trace.DHCPRelease })
			change("attempt", i, func(e *Event) { e.Attempt += 7 })
			if !strings.HasPrefix(string(e.Kind), "pnp.") {
				change("bytes", i, func(e *Event) { e.Bytes += 7 })
			}
			change("fault", i, func(e *Event) { e.Fault = trace.TimeUp })
			if e.Peer.IsValid() && i > 6 {
				change("peer", i, func(e *Event) { e.Peer = netip.MustParseAddrPort("203.0.113.9:69") })
			}
			if e.URL != "" {
				change("URL", i, func(e *Event) { e.URL += "x" })
			}
			for j, f := range e.Facts {
				if !ignoredFact(e.Kind, f.Name) {
					change(f.Name, i, func(e *Event) { e.Facts[j].Value += "x" })
				}
			}
		}
	}
	if changes < 150 {
		t.Errorf("only %d changes were tried", changes)
	}
}

// What is there on one side only, or at another place, is told as such.
func TestDiffAligns(t *testing.T) {
	const name = "guide_dhcp_option66.pcapng"
	a, b := behaviourOf(t, name), behaviourOf(t, name)
	p := b.Phones[0]
	p.Events = slices.Delete(p.Events, 0, 1)
	if d := Diff(a, b); len(d) != 1 || d[0].How != Missing || d[0].A != "frame 1" {
		t.Errorf("missing: %v", d)
	}
	if d := Diff(b, a); len(d) != 1 || d[0].How != Extra || d[0].B != "frame 1" {
		t.Errorf("extra: %v", d)
	}
	c := behaviourOf(t, name)
	e := c.Phones[0].Events
	e[0], e[1] = e[1], e[0]
	if d := Diff(a, c); len(d) != 1 || d[0].How != Moved || !strings.Contains(d[0].String(), "out of order") {
		t.Errorf("moved: %v", d)
	}
	both := behaviourOf(t, name)
	both.Phones = append(both.Phones, behaviourOf(t, "guide_pnp.pcapng").Phones...)
	both.Phones[1].MAC = testMAC
	if d := Diff(a, both); len(d) != 1 || d[0].What != "the whole phone" {
		t.Errorf("a phone more: %v", d)
	}
}
