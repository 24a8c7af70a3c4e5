package pcaps

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// grave are the findings that cost a phone settings; the rest are notes.
var grave = []config.Kind{config.NotText, config.MalformedLine, config.ConflictMarker, config.TemplateText,
	config.IncludeNotCfg, config.NoInclude,
	config.AccountIncomplete, config.AccountRange, config.BadURL, config.BadPort, config.GluedSettings, config.IncludesGlued,
	config.ControlChar}

// mostFindings is how many findings of a file a diagnosis tells.
const mostFindings = 5

// ruleContent: what the files that came whole say that the phone cannot use.
func ruleContent(s *story) []Diagnosis {
	held := new(config.Settings)
	frames := make(map[string]int)
	var all []Diagnosis
	found := make(map[string][]config.Finding)
	var order []string
	add := func(list []config.Finding) {
		for _, f := range list {
			if found[f.File] == nil {
				order = append(order, f.File)
			}
			found[f.File] = append(found[f.File], f)
		}
	}
	type same struct { // equal bodies are kept once
		url  string
		body *byte
	}
	done := make(map[same]bool)
	moved := s.moved()
	for _, f := range s.p.Files {
		key := same{url: f.URL}
		if len(f.Body) > 0 {
			key.body = &f.Body[0]
		}
		if f.Partial != "" || f.Body == nil || done[key] {
			continue
		}
		done[key] = true
		frames[f.Name] = f.Frame
		if d, ok := wrongBody(f, cmp.Or(moved[f.URL], f.Name)); ok {
			all = append(all, d)
			continue
		}
		add(s.p.readFile(f, held))
	}
	checked := held.Check(s.identity(), device.Behaviour{})
	if s.lacksCfg() { // what the account lacks may be in another file
		checked = slices.DeleteFunc(checked, func(f config.Finding) bool { return f.Kind == config.AccountIncomplete })
	}
	add(checked)
	for _, file := range order {
		all = append(all, contentOf(file, found[file], frames[file])...)
	}
	return all
}

// lacksCfg reports whether a file that the phone took its settings from is not whole in the capture: then what it holds
// is not known.
func (s *story) lacksCfg() bool {
	if s.p.gaps {
		return true
	}
	whole, moved := make(map[string]bool), s.moved()
	for _, f := range s.p.Files {
		if f.Partial == "" && f.Body != nil {
			whole[f.Name], whole[moved[f.URL]] = true, true
		}
	}
	for _, a := range s.fetches {
		if a.reads() && (isProvisioning(a.name) || a.file() == s.p.MAC.String()) && !a.refused() && !whole[a.name] {
			return true
		}
	}
	included, booted := s.included()
	for name := range included {
		if plain, err := url.PathUnescape(name); !s.asked(name) && (err != nil || !s.asked(plain)) {
			return true
		}
	}
	// The guide's order: without a boot file, the common cfg comes next.
	boot := slices.ContainsFunc(s.fetches, func(a *attempt) bool { return path.Ext(a.name) == ".boot" })
	return boot && !booted && !s.asked(device.CommonCfg)
}

// moved are the names under which files were asked for that a redirect led to, by URL.
func (s *story) moved() map[string]string {
	all := make(map[string]string)
	for _, e := range s.of(trace.FetchRedirect) {
		all[e.URL] = cmp.Or(all[strings.TrimSuffix(e.URL, "/")], e.Name)
	}
	return all
}

// wrongBody: what came in the place of a provisioning file is of another kind.
func wrongBody(f File, name string) (Diagnosis, bool) {
	d := Diagnosis{Cause: Unusable, Side: ByServer, rank: 11, Frames: []int{f.Frame}}
	switch {
	case !isProvisioning(name):
		return d, false
	case isPage(f.Body):
		d.Text = fmt.Sprintf("the server answered the request for %s with a web page, not with a cfg file", name)
		d.Next = "Open " + f.URL + " in a browser: a login page, an error page with status 200, or a portal stands in between."
	case bytes.HasPrefix(f.Body, []byte(gzipMagic)):
		d.Text = fmt.Sprintf("the server sent %s compressed (gzip), which the phone did not ask for and cannot read", name)
		d.Next = "Switch compression off on the server, or on the proxy before it, for this folder."
	default:
		return d, false
	}
	return d, true
}

// readFile returns the findings of one file, and merges it where it is a cfg file.
func (p *Phone) readFile(f File, held *config.Settings) []config.Finding {
	switch ext := path.Ext(f.Name); {
	case ext == ".boot":
		boot, err := config.ParseBoot(f.Name, f.Body)
		if err != nil && boot == nil {
			return nil
		}
		return boot.Findings
	case ext == ".cfg", baseName(f.Name) == p.MAC.String() && !p.MAC.IsZero():
		cfg := p.reading.cfg(f.Name, f.Body)
		if cfg == nil {
			return nil
		}
		held.Merge(cfg)
		return cfg.Findings
	}
	return nil
}

// isPage tells a web page.
func isPage(b []byte) bool {
	head := bytes.ToLower(bytes.TrimSpace(b[:min(len(b), 256)]))
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html"))
}

// contentOf makes two diagnoses at most of one file's findings: what costs settings, and
// what is odd.
func contentOf(file string, list []config.Finding, frame int) []Diagnosis {
	var told [2][]string // grave ones, and the rest
	var count [2]int
	for _, f := range list {
		if f.Kind == config.UnknownModel {
			continue
		}
		i := 1
		if slices.Contains(grave, f.Kind) {
			i = 0
		}
		if count[i]++; count[i] <= mostFindings {
			told[i] = append(told[i], trace.Clean(f.String()))
		}
	}
	var all []Diagnosis
	for i, texts := range told {
		if len(texts) == 0 {
			continue
		}
		d := Diagnosis{Cause: Unusable, rank: 30 + 50*i}
		if frame > 0 {
			d.Frames = []int{frame}
		}
		what := "the phone cannot use all of " + file
		if i == 1 {
			what = "odd, but of no consequence, in " + file
		}
		more := ""
		if count[i] > mostFindings {
			more = fmt.Sprintf("; and %d more", count[i]-mostFindings)
		}
		d.Text = what + ": " + strings.Join(texts, "; ") + more
		d.Next = "Correct " + file + " on the server; fipsim phone against it tells the same findings at once."
		all = append(all, d)
	}
	return all
}

// ruleWell: nothing is wrong, as far as the capture tells.
func ruleWell(s *story) []Diagnosis {
	var names []string
	var frames []int
	got := 0
	failed := false
	for _, a := range s.fetches {
		if d, _ := s.failed(a); a.end.Kind == trace.FetchFailed && a.end.Fault != "" && d.Cause != Incomplete {
			failed, got, names, frames = true, 0, nil, nil // what came after that counts
		}
		if a.done() {
			got++
			names = append(names, a.name)
			frames = append(frames, a.end.Frame)
		}
	}
	d := Diagnosis{Cause: AllWell, rank: 50, Frames: frames}
	switch sealed := s.of(TLSData); {
	case failed && got > 0:
		d.Cause, d.rank = WentOn, 58
		d.Text = fmt.Sprintf("after that, the phone got %s", listed(names))
		d.Next = "Compare the two: what was another thing when it failed?"
	case failed:
		return nil
	case got > 0:
		d.Text = fmt.Sprintf("the phone got %s", listed(names))
		d.Next = "If it still does not work, look at the settings in these files: fipsim pcap extract writes them out."
	case len(sealed) > 0 && len(s.fetches) == 0:
		d.Text = "the phone talked to " + sealed[0].Peer.String() + " over TLS, and nothing failed in what can be seen; " +
			"what it fetched is encrypted"
		d.Frames = framesOf(sealed...)
		d.Next = "Read the server's log beside this capture."
	case len(s.fetches) == 0:
		d.Cause, d.Text, d.rank = NothingSeen, "the phone asked for no file in this capture", 95
		d.Next = "Capture from the moment at which the phone is powered on."
	default:
		return nil
	}
	return []Diagnosis{d}
}
