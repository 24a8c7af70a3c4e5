package pcaps

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// files takes what the phone did after a file that it could not have, or that listed
// others.
func (l *likeness) files() {
	if l.wentOn() {
		l.set("on_failure", "skip")
	}
	for _, f := range l.Files {
		if strings.HasSuffix(f.Name, ".boot") && f.Partial == "" {
			l.includes(f)
		}
	}
}

// wentOn reports whether the phone asked for another file in a pass in which one had
// failed.
func (l *likeness) wentOn() bool {
	later := make(map[uint64]string) // the file asked for last in each pass; "*": several
	for _, a := range slices.Backward(l.story.fetches) {
		if len(a.requests) == 0 {
			continue
		}
		name, asked := later[a.pass]
		other := asked && name != a.file()
		if other && a.end.Kind == trace.FetchFailed && a.end.Fault != trace.NoFault {
			return true
		}
		if later[a.pass] = a.file(); other {
			later[a.pass] = "*"
		}
	}
	return false
}

// includes compares what a boot file lists with what was asked for after it.
func (l *likeness) includes(f File) {
	boot, err := config.ParseBoot(f.Name, f.Body)
	i := slices.IndexFunc(l.story.fetches, func(a *attempt) bool { return a.done() && a.end.Frame == f.Frame && a.url == f.URL })
	if err != nil || i < 0 {
		return
	}
	n := 0
	var last *attempt
	for _, a := range l.story.fetches[i+1:] {
		if a.pass != l.story.fetches[i].pass {
			break
		}
		if n < len(boot.Includes) && a.file() == baseName(config.Expand(boot.Includes[n].Ref, l.MAC)) {
			n, last = n+1, a
		}
	}
	if n == 0 || n == len(boot.Includes) || last.end.Kind == "" {
		return
	}
	switch {
	case last.missing() && l.over(last.end.At):
		l.set("include_missing", "abort")
	case last.done() && len(boot.Includes) > n && l.over(last.end.At):
		l.set("max_includes", strconv.Itoa(n))
	}
}

// tftp takes the phone's options of RFC 2348 and 2349, and how it sends again.
func (l *likeness) tftp() {
	for _, a := range l.story.fetches {
		if a.scheme() != "tftp" || len(a.requests) == 0 {
			continue
		}
		first, last := a.requests[0], a.requests[len(a.requests)-1]
		l.set("tftp_blksize", first.Fact("tftp.option.blksize"))
		l.set("tftp_timeout", first.Fact("tftp.option.timeout"))
		if len(a.requests) > 1 {
			l.wait("tftp_resend", a.requests[1].At.Sub(first.At))
		}
		if a.end.Kind == trace.FetchFailed && a.end.Fault == trace.NoAnswer && l.story.ended(last.At) > 2*patience {
			l.set("tftp_sends", strconv.Itoa(len(a.requests)))
		}
	}
	for i, e := range l.Events {
		if e.Kind == trace.FetchReply && e.Fact("tftp.option.tsize") == "0" && i+1 < len(l.Events) &&
			l.Events[i+1].Kind != trace.FetchFailed && l.Events[i+1].Name == e.Name {
			l.set("tftp_tsize_zero", "accept")
		}
	}
	l.wait("tftp_ack_resend", l.acks.gap)
	if l.acks.silent {
		l.set("tftp_ack_sends", strconv.Itoa(l.acks.sends))
	}
}

// http takes the User-Agent, as the template that makes it, and how many redirects the
// phone follows for one file.
func (l *likeness) http() {
	if l.UserAgent != "" && !l.MAC.IsZero() {
		l.set("user_agent", l.template(l.UserAgent))
	}
	chain := 0
	for i, e := range l.Events {
		switch e.Kind { //nolint:exhaustive // the others neither lead on nor end
		case trace.FetchRedirect:
			chain++
			next, ok := l.after(e.Frame, trace.FetchRequest)
			if followed := ok && next.URL == e.URL; !followed && chain > 1 && (ok || l.over(e.At) || i == len(l.Events)-1) {
				l.set("max_redirects", strconv.Itoa(chain-1))
			}
		case trace.FetchDone, trace.FetchMissing, trace.FetchFailed:
			if chain > 0 {
				l.redirected(chain)
			}
			chain = 0
		}
	}
}

// redirected takes a chain of redirects that the phone followed to its end: it follows
// as many at least.
func (l *likeness) redirected(chain int) {
	if chain > (device.Behaviour{}).WithDefaults().MaxRedirects {
		l.set("max_redirects", strconv.Itoa(chain))
	}
}

// security takes what the phone offers in TLS, and whether FTP begins with it.
func (l *likeness) security() {
	for _, e := range l.Events {
		switch {
		case e.Kind == FTPCommand && e.Name == "AUTH":
			l.set("ftp_tls", "explicit")
		case e.Kind != TLSHello:
		case !strings.Contains(e.Fact("tls.versions"), "TLS 1.3") && !offersForwardSecrecy(e.Fact("tls.suites")):
			l.set("tls_profile", "tls12-rsa")
		case e.Fact("tls.sni") == "" && l.asksByName():
			l.set("tls_profile", "no-sni")
		}
	}
}

// offersForwardSecrecy tells cipher suites with an ephemeral key exchange from those
// with RSA alone (IANA, TLS Cipher Suites): all of TLS 1.3, and ECDHE.
func offersForwardSecrecy(suites string) bool {
	for word := range strings.FieldsSeq(strings.Trim(suites, "[]")) {
		if n, err := strconv.Atoi(word); err == nil && (n>>8 == 0x13 || n>>8 == 0xc0 || n>>8 == 0xcc) {
			return true
		}
	}
	return false
}

// asksByName reports whether the phone was told a server's name over HTTPS: a server
// that is an address has no name to indicate (RFC 6066 §3).
func (l *likeness) asksByName() bool {
	return slices.ContainsFunc(l.story.offers, func(o offer) bool {
		return strings.HasPrefix(o.url, "https:") && !l.story.host(o.url).IsValid()
	})
}
