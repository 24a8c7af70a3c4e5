package pcaps

import (
	"strings"

	"github.com/fipsim/fipsim/simulator/trace"
)

// passes numbers the provisioning passes: a new one begins when the phone looks for its
// server after it has fetched, or begins again with a file that it asked for before.
func (p *Phone) passes(events []Event) {
	pass, fetched := uint64(1), false
	asked := make(map[string]bool) // by URL; true: not with credentials yet
	begin := func() {
		pass++
		fetched = false
		clear(asked)
	}
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case trace.PnPSubscribe, trace.DHCPDiscover:
			if fetched && e.Attempt == 1 {
				begin()
			}
		case trace.FetchRequest:
			fetched = true
			// With the credentials that a server asked for it is the same request once more; a
			// phone that sends them unasked may begin anew with them.
			bare, before := asked[e.URL]
			with := e.Fact("http.authorization") != "" || e.headCut()
			again := e.Attempt > 1 || with && bare
			if !again && before && (isFirst(e.Name, p) || !anyFirst(asked, p)) {
				begin()
				fetched = true
			}
			asked[e.URL] = !with
		case trace.FetchReply:
			if e.Fact("http.status") == "401" {
				asked[e.URL] = true
			}
		}
		e.Pass = pass
	}
}

// headCut tells a request whose head the snap length cut: it may have had credentials.
func (e Event) headCut() bool { return e.Fact("http.head") == "cut" }

// isFirst tells the files with which a pass begins.
func isFirst(name string, p *Phone) bool {
	name = baseName(name)
	return name == p.MAC.String() || name == p.MAC.BootName()
}

func anyFirst(asked map[string]bool, p *Phone) bool {
	for url := range asked {
		if isFirst(url[strings.LastIndexByte(url, '/')+1:], p) {
			return true
		}
	}
	return false
}
