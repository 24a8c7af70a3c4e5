package faulty

import (
	"net/http"
	"strings"
)

// missFaults are about files that are not there.
func missFaults() []spec {
	return []spec{
		{"miss-silence", "tftp ftp http https", MissSilence, "FIP-MISS-001",
			"no answer at all for a file that is not there: firewalls, and TFTP servers that log the error instead of sending it",
			onMiss(every, reply{silent: true})},
		{"miss-silence-cfg", "tftp http", MissSilence, "FIP-MISS-001",
			"as miss-silence, for cfg files only: boot files are looked up elsewhere", onMiss(cfg, reply{silent: true})},
		{"miss-empty", "tftp ftp http https", MissEmpty, "FIP-MISS-002",
			"an empty file for one that is not there: a template that rendered to nothing", onMiss(every, found(nil))},
		{"miss-empty-boot", "tftp http", MissEmpty, "FIP-MISS-002",
			"as miss-empty, for boot files only", onMiss(boot, found(nil))},
		{"miss-blank", "tftp http", MissPage, "FIP-MISS-003",
			"a line end for a file that is not there: a template whose whole text is conditional", onMiss(every, found([]byte("\n")))},
		{"miss-code", "tftp", MissCode, "FIP-MISS-004",
			"ERROR 0 (not defined) for a file that is not there: programs that map every exception to it", onMiss(every, tftpCode(0))},
		{"miss-code-access", "tftp", MissCode, "FIP-MISS-004",
			"ERROR 2 (access violation) for cfg files that are not there: tftpd-hpa does it for what it may not read",
			onMiss(cfg, tftpCode(2))},
		{"miss-code", "ftp", MissCode, "FIP-MISS-004",
			"450 (try again later) for a file that is not there", onMiss(every, reply{code: 450})},
		{"miss-code-local", "ftp", MissCode, "FIP-MISS-004",
			"451 (local error) for boot files that are not there: an exception", onMiss(boot, reply{code: 451})},
		{"miss-code", "http https", MissCode, "FIP-MISS-004",
			"500 for a file that is not there: an exception that nobody caught",
			onMiss(every, reply{code: http.StatusInternalServerError})},
		{"miss-code-forbidden", "http https", MissCode, "FIP-MISS-004",
			"403 for cfg files that are not there: bucket stores that hide what exists", onMiss(cfg, reply{code: http.StatusForbidden})},
		{"miss-code-bad", "http", MissCode, "FIP-MISS-004",
			"400 for a file that is not there", onMiss(every, reply{code: http.StatusBadRequest})},
		{"miss-page", "tftp ftp http https", MissPage, "FIP-MISS-003",
			"a page that says so, with the status of success: web frameworks with a page for everything",
			onMiss(every, found([]byte(notFoundPage)))},
		{"miss-page-resource", "http ftp", MissPage, "FIP-MISS-003",
			"as miss-page, for XML files only", onMiss(xml, found([]byte(notFoundPage)))},
		{"miss-default", "tftp http", MissPage, "FIP-MISS-003",
			"the settings of a default phone for any cfg file that is not there", onMiss(cfg, found([]byte("lang.gui=English\n")))},
		{"miss-login", "http https", MissPage, "FIP-MISS-003",
			"a redirect to a login page for what is not there: web applications", toLogin},
		{"miss-folder", "http tftp", MissCode, "FIP-MISS-006",
			"an error of its own for a file in a folder that is not there: an exception of another kind", onMissIn(reply{code: 500})},
		{"miss-third", "http https", MissCode, "FIP-MISS-005",
			"403 for any file once a phone asked for three in vain: a limit against scanners, by User-Agent", scanLimit(3)},
		{"miss-third", "ftp", MissCode, "FIP-MISS-005",
			"no data connection after three misses in one session: each leaves its port in use", portsLeak(3)},
	}
}

const notFoundPage = "<!DOCTYPE html>\n<html><body><h1>Not found</h1><p>Sorry, we have no such file.</p></body></html>\n"

// selector chooses requests by the name of the file.
type selector func(name string) bool

func every(string) bool       { return true }
func boot(name string) bool   { return strings.HasSuffix(name, ".boot") }
func cfg(name string) bool    { return strings.HasSuffix(name, ".cfg") }
func xml(name string) bool    { return strings.HasSuffix(name, ".xml") }
func folder(name string) bool { return strings.Count(strings.Trim(name, "/"), "/") > 1 }

// tftpCode is a miss that is answered by an ERROR of this code.
func tftpCode(code int) reply { return reply{code: code + 1} }

// onMiss answers misses of some files by something else.
func onMiss(which selector, other reply) func(*behaviour) {
	return answering(func(next answerer) answerer {
		return func(r request) reply {
			right := next(r)
			if !right.found && which(r.name) {
				return other
			}
			return right
		}
	})
}

// onMissIn answers misses in a folder below that of a tree.
func onMissIn(other reply) func(*behaviour) {
	return answering(func(next answerer) answerer {
		return func(r request) reply {
			right := next(r)
			if !right.found && folder(r.name) {
				if r.scheme == "tftp" {
					return tftpCode(0)
				}
				return other
			}
			return right
		}
	})
}

// answering is a fault of what is answered, over any protocol.
func answering(wrap func(next answerer) answerer) func(*behaviour) {
	return func(b *behaviour) { b.answer = wrap }
}

// scanLimit turns away a phone after n misses.
func scanLimit(n int) func(*behaviour) {
	return answering(func(next answerer) answerer {
		var missed counter
		return func(r request) reply {
			right := next(r)
			switch {
			case !right.found:
				missed.add(r.agent)
			case missed.count(r.agent) >= n:
				return reply{code: http.StatusForbidden}
			}
			return right
		}
	})
}

// portsLeak has no port for a data connection after n misses in a session.
func portsLeak(n int) func(*behaviour) {
	return func(b *behaviour) {
		b.ftp.reply = func(s *ftpSession, command, right string) string {
			switch {
			case command == "RETR" && strings.HasPrefix(right, "550"):
				s.missed++
			case (command == "EPSV" || command == "PASV") && s.missed >= n:
				return "425 no port is free"
			}
			return right
		}
	}
}

// toLogin sends whoever asks for what is not there to a page that is.
func toLogin(b *behaviour) {
	b.http.wrap = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/login" {
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write([]byte("<html><body><form>user, password</form></body></html>\n")) // the client may be gone
				return
			}
			next.ServeHTTP(&missRedirect{ResponseWriter: w, to: "/login"}, r)
		})
	}
}

// missRedirect makes a redirect of a 404.
type missRedirect struct {
	http.ResponseWriter
	to     string
	caught bool
}

// WriteHeader implements http.ResponseWriter.
func (m *missRedirect) WriteHeader(status int) {
	if status == http.StatusNotFound {
		m.caught = true
		m.Header().Set("Location", m.to)
		m.Header().Del("Content-Type")
		status = http.StatusFound
	}
	m.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (m *missRedirect) Write(b []byte) (int, error) {
	if m.caught {
		return len(b), nil
	}
	return m.ResponseWriter.Write(b)
}
