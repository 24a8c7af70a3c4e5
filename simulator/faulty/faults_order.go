package faulty

import (
	"bytes"
	"net/http"
	"path"
	"regexp"
	"strconv"
)

// orderFaults are about several files in a row, and which of them counts.
func orderFaults() []spec {
	return []spec{
		{"include-last", "tftp http", OtherSettings, "FIP-ORD-001",
			"the first include is repeated at the end of boot files: a site's defaults, put where they win",
			changing(boot, repeatFirstInclude)},
		{"common-for-own", "http tftp", OtherSettings, "FIP-ORD-002",
			"the common cfg file is served in the place of a phone's own, where both are there", commonForOwn},
		{"fifth-on-connection", "http https", MixedUp, "FIP-ORD-003",
			"from the fifth request of a connection on, each gets the answer to the one before: a proxy that lost count", oneBehind(5)},
		{"again-gone", "http https ftp", RefusesRequests, "FIP-INC-005",
			"a file that was sent over a connection is not sent over it again: what is done is ticked off", againGone},
		{"absolute-rewritten", "http tftp", OtherSettings, "FIP-INC-003",
			"absolute URLs in boot files get another host: a proxy that hides the server's name", changing(boot, otherHost)},
		{"settings-url-rewritten", "http tftp", OtherSettings, "FIP-RES-001",
			"absolute URLs in cfg files lead to a folder that is not there: a template of another site", changing(cfg, otherFolder)},
		{"name-boot-top-only", "tftp ftp http", Names, "FIP-URL-001",
			"boot files are served at the top only: a route that was written for one tenant",
			missing(func(name string) bool { return boot(name) && folder(name) })},
		{apart + "http", "tftp", WrongServer, "FIP-INC-004",
			"HTTP serves another folder than TFTP: two programs on one machine", apartHTTP},
	}
}

// apart begins the names of faults between two protocols: what follows is the other one,
// which is served beside the fault's own.
const apart = "apart-"

func apartHTTP(b *behaviour) {
	answering(func(next answerer) answerer {
		return func(r request) reply {
			if r.scheme == "http" {
				return miss
			}
			return next(r)
		}
	})(b)
}

func repeatFirstInclude(b []byte) []byte {
	for line := range bytes.Lines(b) {
		if bytes.HasPrefix(line, []byte("include:config")) && bytes.Count(b, []byte("include:config")) > 1 {
			return append(append(bytes.TrimRight(b, "\r\n"), '\n'), line...)
		}
	}
	return b
}

func commonForOwn(b *behaviour) {
	answering(func(next answerer) answerer {
		return func(r request) reply {
			right := next(r)
			if right.found && cfg(r.name) && macFor(r.name) {
				common := r
				common.name = path.Join(path.Dir(r.name), "y000000000000.cfg")
				if other := next(common); other.found {
					return other
				}
			}
			return right
		}
	})(b)
}

// oneBehind sends, from the n-th request of a connection on, the body of the one before.
func oneBehind(n int) func(*behaviour) {
	return func(b *behaviour) {
		var asked counter
		var last latest
		serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			answer := record(r, next)
			before := last.swap(r.RemoteAddr, bytes.Clone(answer.body.Bytes()))
			if asked.add(r.RemoteAddr) >= n && answer.status == http.StatusOK && before != nil {
				answer.body.Reset()
				answer.body.Write(before)
				answer.header.Set("Content-Length", strconv.Itoa(len(before)))
			}
			answer.play(w)
		})(b)
	}
}

// againGone misses a file that the same connection was given before.
func againGone(b *behaviour) {
	var sent counter
	serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if sent.add(r.RemoteAddr+r.URL.Path) > 1 {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})(b)
	b.ftp.once = true
}

var absoluteHost = regexp.MustCompile(`(include:config\s*[<"][a-z]+://)[^/>"]+`)

func otherHost(b []byte) []byte {
	return absoluteHost.ReplaceAll(b, []byte("${1}provisioning.example.com"))
}

var settingURL = regexp.MustCompile(`(?m)^([a-z0-9_.]+\.url\s*=\s*[a-z]+://[^/\r\n]+)/`)

func otherFolder(b []byte) []byte { return settingURL.ReplaceAll(b, []byte("${1}/installation/")) }
