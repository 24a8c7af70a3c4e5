package faulty

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"
)

// triggerFaults are about phones that provision again and again.
func triggerFaults() []spec {
	return []spec{
		{"frozen", "tftp http", Stale, "FIP-TRIG-001",
			"a file that a phone asked for three times comes from a cache from then on", freeze(3)},
		{"forgets", "tftp ftp http https", AgainAndAgain, "FIP-TRIG-002",
			"a phone's file is gone after it was fetched forty times: links that wear out", wearOut(40)},
		{"reboots", "tftp http", AgainAndAgain, "FIP-TRIG-003",
			"a VLAN is drawn anew at each request: two servers behind one address that don't agree", redraw},
		{"sticky", "tftp http", OtherSettings, "FIP-TRIG-004",
			"a phone is served from the folder where it was served first: a tenant is known by its phones", stickTo},
	}
}

// freeze answers the n-th request of a file, and all later ones, from memory.
func freeze(n int) func(*behaviour) {
	return answering(func(next answerer) answerer {
		var asked counter
		var kept latest
		return func(r request) reply {
			right := next(r)
			if !right.found || macIn(r.name) == "" && !strings.HasSuffix(r.name, "/a.cfg") || asked.add(r.name) < n {
				return right
			}
			return found(kept.first(r.name, right.body))
		}
	})
}

// wearOut misses a phone's own file after it was served n times.
func wearOut(n int) func(*behaviour) {
	return answering(func(next answerer) answerer {
		var served counter
		return func(r request) reply {
			right := next(r)
			if right.found && macIn(path.Base(r.name)) != "" && served.add(r.name) > n {
				return miss
			}
			return right
		}
	})
}

var vlanLine = regexp.MustCompile(`(?m)^(static\.network\.vlan\.[a-z_]+)=.*$`)

// redraw sets another VLAN each time.
func redraw(b *behaviour) {
	answering(func(next answerer) answerer {
		var drawn counter
		return func(r request) reply {
			right := next(r)
			if right.found && vlanLine.Match(right.body) {
				right.body = vlanLine.ReplaceAll(right.body, fmt.Appendf(nil, "$1=%d", 20+drawn.add(r.name)))
			}
			return right
		}
	})(b)
}

// stickTo looks a phone's files up in the folder where one of them was found first.
func stickTo(b *behaviour) {
	answering(func(next answerer) answerer {
		var mu sync.Mutex
		tenant := make(map[string]string)
		return func(r request) reply {
			mac, tree := macIn(path.Base(r.name)), treeOf(r.name)
			mu.Lock()
			defer mu.Unlock()
			if folder, ok := tenant[tree+mac]; ok && mac != "" {
				r.name = folder + "/" + path.Base(r.name)
			}
			right := next(r)
			if right.found && mac != "" && len(tenant) < mostCounted {
				tenant[tree+mac] = path.Dir(r.name)
			}
			return right
		}
	})(b)
}

// treeOf is the first folder of a name: what was published together.
func treeOf(name string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	return first
}
