package pcaps

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// rules judge a story. Each returns what it found, with a rank: the lower, the more
// probable it is that this is the cause.
var rules = []func(*story) []Diagnosis{
	ruleFailed, ruleRedirect, ruleSlow, ruleFiles, ruleDHCP, rulePnP, ruleWrongServer, ruleNeverAsked, ruleRegister, ruleLog, ruleContent,
	ruleWell,
}

// patience is how long a phone waits before it sends a TFTP request again (grade B).
const patience = 4200 * time.Millisecond

// ruleFailed: a file that could not be had. It ends the pass.
func ruleFailed(s *story) []Diagnosis {
	var all []Diagnosis
	seen := make(map[string]int) // place in all, by what is the same
	for _, a := range s.fetches {
		d, key := s.failed(a)
		if d.Text == "" {
			continue
		}
		if i, ok := seen[key]; ok {
			all[i].Frames = append(all[i].Frames, d.Frames...)
			continue
		}
		seen[key] = len(all)
		all = append(all, d)
	}
	return all
}

func (s *story) failed(a *attempt) (d Diagnosis, key string) {
	unheard := a.end.Kind == "" && a.asked && len(a.requests) > 0 && !a.requests[len(a.requests)-1].headCut()
	if a.end.Kind != trace.FetchFailed && !unheard {
		return Diagnosis{}, ""
	}
	server := a.server()
	d = Diagnosis{Frames: a.frames(), Filter: s.filter(protocolFilter(a), server.Addr()), rank: 10}
	key = string(a.end.Fault) + a.end.Name + server.String()
	if unheard {
		s.gaveNone(a, &d)
		return d, "401" + server.String()
	}
	s.fault(a, &d)
	return d, key
}

// gaveNone: the server asked for credentials, and there the attempt ends.
func (s *story) gaveNone(a *attempt, d *Diagnosis) {
	if last := a.requests[len(a.requests)-1]; s.ended(last.At) < patience && !s.askedAfter(last) {
		d.Cause, d.rank = Incomplete, 85
		d.Text = fmt.Sprintf("the capture ends right after %s asked for a user name and a password for %s: what the phone gave is "+
			"not in it", a.server(), a.name)
		d.Next = "Capture longer: until a minute after the phone's last request."
		return
	}
	gave := func(e Event) bool {
		return e.Pass == a.pass && e.Peer == a.server() && e.Fact("http.authorization") != ""
	}
	if isProvisioning(a.name) && slices.ContainsFunc(s.p.Events, gave) {
		d.Cause, d.rank = Incomplete, 85
		d.Text = fmt.Sprintf("%s asked for a user name and a password for %s: what the phone gave, as it did for other files, is not in "+
			"the capture", a.server(), a.name)
		d.Next = "Capture again, with a larger buffer (tcpdump -B): frames were lost."
		return
	}
	d.Cause, d.Side = LoginRefused, ByPhone
	d.Text = fmt.Sprintf("%s asks for a user name and a password for %s, and the phone gave none: it has no credentials for "+
		"this server", a.server(), a.name)
	d.Next = "Put the credentials into the provisioning URL (http://user:password@host/), or let the server answer phones without."
}

// phoneLeft is how the detail of a file begins that the phone did not wait for.
const phoneLeft = "the phone closed the connection"

// fault puts a failure into words.
func (s *story) fault(a *attempt, d *Diagnosis) {
	peer, detail := a.end.Peer, a.end.Detail
	say := func(c Cause, next, format string, args ...any) {
		d.Cause, d.Next, d.Text = c, next, fmt.Sprintf(format, args...)
	}
	switch a.end.Fault { //nolint:exhaustive // the rest is told alike
	case trace.NoAnswer:
		s.silent(a, d)
	case trace.Refused:
		say(Refused, "Is the server running, and is the port in the provisioning URL the right one?",
			"%s refused the connection: nothing listens on that port", peer)
	case trace.TLSFailure:
		if a.end.Fact("tls.certificate") != "" {
			d.Side = ByServer
		}
		say(TLSRefused, "Look at the certificate: its names, its dates, who signed it; and which TLS versions both sides offer. "+
			"openssl s_client -connect "+peer.String()+" shows it.", "no TLS connection to %s: %s", peer, detail)
	case trace.Unauthorized:
		if a.name == ftpLogin {
			say(LoginRefused, "Compare user name and password in the provisioning URL with the server's.",
				"%s refused the phone's login: %s", peer, strings.TrimPrefix(detail, "the login was refused: "))
			return
		}
		say(LoginRefused, "Compare user name and password in the provisioning URL with the server's.",
			"%s refused the phone's login for %s (%s)", peer, a.name, detail)
	case trace.Forbidden:
		say(Forbidden, "Is the phone's MAC known to the server, and may the server's user read the file?",
			"%s forbids %s (%s): it does not know this phone, or the file's rights are wrong", peer, a.name, detail)
	case trace.Truncated:
		if strings.HasPrefix(detail, phoneLeft) {
			d.Side = Open
			say(FileCut, "Look at the time before that: a server that had stopped sending, or a phone that was switched off?",
				"%s came short: %s", a.name, detail)
			return
		}
		say(FileCut, "Fetch the file from another machine and compare its length; look into the server's log for why it broke off.",
			"%s came short from %s: %s", a.name, peer, detail)
	case trace.NoFault: // a hole in the capture
		d.rank = 90
		say(Incomplete, "Capture again: until a minute after the phone's last request, and with a larger buffer (tcpdump -B).",
			"%s: %s", a.name, detail)
	default:
		if why, ok := strings.CutPrefix(detail, "the phone ended it: "); ok {
			d.Side = Open
			say(ServerFailed, "Compare the OACK with the options of the request: the phone did not accept the server's answer.",
				"the phone broke %s off: %s", a.name, why)
			return
		}
		say(ServerFailed, "Look into the server's log at that time.", "%s could not give %s: %s", peer, a.name, detail)
	}
}

// ruleSlow: a request that was answered only after it had been sent again.
func ruleSlow(s *story) []Diagnosis {
	d := Diagnosis{Cause: SlowAnswer, rank: 60}
	var names []string
	for _, a := range s.fetches {
		if n := len(a.requests); n > 1 && a.end.Fault != trace.NoAnswer && a.requests[n-1].Attempt > 1 && a.end.Kind != "" {
			gap := a.requests[n-1].At.Sub(a.requests[0].At)
			names = append(names, fmt.Sprintf("%s (sent %d times in %s)", a.name, n, round(gap)))
			d.Frames = append(d.Frames, a.frames()...)
			d.Filter = s.filter(protocolFilter(a), a.server().Addr())
		}
	}
	if len(names) == 0 {
		return nil
	}
	d.Text = "the first request got no answer, and the phone sent it again: " + strings.Join(names, ", ")
	d.Next = "Were requests lost, or was the server not up yet? Compare with a capture at the server."
	return []Diagnosis{d}
}

// ruleFiles follows the guide's order: MAC boot, common boot, common cfg, MAC cfg; and
// tells what was there.
func ruleFiles(s *story) []Diagnosis {
	var all []Diagnosis
	var missed, got []*attempt
	var names []string
	gotCommon, boot := false, false
	for _, a := range s.fetches {
		switch {
		case a.missing():
			missed = append(missed, a)
			names = append(names, a.name)
		case a.done():
			got = append(got, a)
			gotCommon = gotCommon || a.file() == device.CommonCfg
			boot = boot || strings.HasSuffix(a.name, ".boot")
		}
	}
	frames := func() (f []int) {
		for _, a := range missed {
			f = append(f, a.frames()...)
		}
		return f
	}
	switch {
	case len(missed) == 0:
	case len(got) == 0:
		all = append(all, s.nothingThere(missed, names))
	case boot:
		all = append(all, s.includesMissing(missed)...)
	case !gotCommon || s.gotOwn():
		all = append(all, s.fileMissing(missed)...)
	default:
		d := Diagnosis{Cause: OnlyCommon, rank: 40, Frames: append(frames(), got[0].frames()...),
			Filter: s.filter(protocolFilter(got[0]), got[0].server().Addr())}
		d.Text = fmt.Sprintf("the phone fell back to the common %s: %s are not there", device.CommonCfg, listed(names))
		d.Next = "The common cfg has no accounts: put " + s.p.Name() + ".cfg beside it, in lower case, or a boot file that includes it."
		if !s.asked(s.p.MAC.CfgName()) && !s.p.MAC.IsZero() {
			d.Text += "; the request for " + s.p.MAC.CfgName() + ", which comes next in the guide's order, is not in the capture"
			d.Next = "Capture longer, to see whether " + s.p.MAC.CfgName() + " is asked for, and there."
		}
		all = append(all, d)
	}
	return all
}

// nothingThere: a server that has none of the files that a phone asked for.
func (s *story) nothingThere(missed []*attempt, names []string) Diagnosis {
	server, last := missed[0].server(), missed[len(missed)-1]
	d := Diagnosis{Cause: NothingThere, rank: 20, Filter: s.filter(protocolFilter(missed[0]), server.Addr()),
		Text: fmt.Sprintf("%s has no file for this phone: it said \"not there\" to %s, in this order", server, listed(names)),
		Next: "Is the server's root folder the right one, and are the names lower case? Compare them letter for letter."}
	for _, a := range missed {
		d.Frames = append(d.Frames, a.frames()...)
	}
	switch {
	case last.file() != s.p.MAC.CfgName() && s.ended(last.end.At) < patience: // the last in the guide's order
		d.Cause, d.Side, d.rank = Incomplete, ByCapture, 92
		d.Text = fmt.Sprintf("%s said \"not there\" to %s, and the capture ends right after that: what the phone asked for next "+
			"is not in it", server, listed(names))
		d.Next = "Capture longer: until a minute after the phone's last request."
	case s.unfinished():
		d.rank = 92
	}
	return d
}

// unfinished reports whether the capture ends before the pass does.
func (s *story) unfinished() bool {
	for _, a := range s.fetches {
		e := a.end
		last := e.Kind == trace.FetchFailed && (e.Fault == trace.NoFault || e.Fault == trace.NoAnswer && s.ended(e.At) < patience &&
			!s.goesOn(a) && s.heardOf(a).Frame == 0)
		if last || a.end.Kind == "" && !a.asked {
			return true
		}
	}
	return false
}

func (s *story) asked(name string) bool {
	for _, a := range s.fetches {
		if a.file() == name {
			return true
		}
	}
	return false
}

// listed joins names for a sentence, no more than a few.
func listed(names []string) string {
	const most = 6
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
