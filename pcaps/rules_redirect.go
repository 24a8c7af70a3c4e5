package pcaps

import (
	"fmt"
	"slices"

	"github.com/fipsim/fipsim/simulator/trace"
)

// mostRedirects is how many redirects for one file a client follows, as a rule; more
// are a circle that is not closed yet.
const mostRedirects = 5

// ruleRedirect: redirects that lead to no file.
func ruleRedirect(s *story) []Diagnosis {
	var chain []Event
	for _, e := range s.p.Events {
		switch {
		case e.Kind == trace.FetchRedirect:
			chain = append(chain, e)
		case len(chain) > 0 && (e.Kind == trace.FetchDone || e.Kind == trace.FetchMissing || e.Kind == trace.FetchFailed):
			chain = nil // it led somewhere
		}
	}
	if len(chain) == 0 {
		return nil
	}
	last := chain[len(chain)-1]
	d := Diagnosis{Cause: ServerFailed, rank: 12, Frames: framesOf(chain...), Filter: s.filter("http", last.Peer.Addr()),
		Next: "Fetch it with curl -vL: which rule of the server sends clients on?"}
	seen := make(map[string]bool)
	circle := slices.ContainsFunc(chain, func(e Event) bool {
		was := seen[e.URL]
		seen[e.URL] = true
		return was
	})
	switch {
	case circle:
		d.Text = fmt.Sprintf("%s sends the phone in a circle: %s leads to %s, %s", last.Peer, last.Name, last.URL,
			times(len(chain), "redirect"))
	case len(chain) >= mostRedirects:
		d.Text = fmt.Sprintf("%s sends the phone on and on: %s for %s, and no file", last.Peer, times(len(chain), "redirect"),
			chain[0].Name)
	default:
		d.Side, d.rank = Open, 17
		d.Text = fmt.Sprintf("%s sends the phone on from %s to %s, and nothing comes of that in this capture", last.Peer, last.Name,
			last.URL)
		d.Next = "Can the phone reach and resolve that host? Capture until a minute after the phone's last request."
	}
	return []Diagnosis{d}
}
