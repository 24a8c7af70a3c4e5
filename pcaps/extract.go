package pcaps

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
)

// Extracted is what Extract wrote.
type Extracted struct {
	Files   int      // of the tree
	Phones  int      // of the scenario
	Remarks []string // what is missing, partial or ambiguous, a line each
}

// ErrNotEmpty is a folder that holds something already: nothing is overwritten.
var ErrNotEmpty = errors.New("the folder is not empty")

// extraction writes one scenario folder (docs/scenario.md).
type extraction struct {
	dir  *os.Root
	base string // the folder on the server from which phones provision, without slashes around it
	seen *seen
	out  Extracted
	err  error

	origins []string // URLs of that folder, as files of the tree have them
}

// Extract makes a scenario folder of a capture: the tree that the server published as
// far as it was seen, byte for byte; the phones, with the options that make simulated
// ones do as they did; the settings that each should hold; and rules as a feature file.
// Files are 0600: they may hold passwords. dir must be empty, or not exist yet.
func Extract(c *Capture, dir string) (*Extracted, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
		return nil, errors.Join(err, fmt.Errorf("%s: %w", dir, ErrNotEmpty))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	x := &extraction{dir: root, seen: see(c.Phones)}
	x.base = baseOf(c.Phones)
	x.origins = x.findOrigins()
	x.tree()
	x.phones(c.Phones)
	x.report(c)
	return &x.out, x.err
}

// baseOf is the folder in which most phones look for their boot files.
func baseOf(phones []*Phone) string {
	votes := make(map[string]int)
	for _, p := range phones {
		for _, a := range newStory(p).fetches {
			if isProvisioning(a.name) && a.scheme() != "" {
				if name := pathOf(a.url); name != "" {
					votes[strings.TrimPrefix(path.Dir("/"+name), "/")]++
				}
				break
			}
		}
	}
	best := ""
	for dir, n := range votes {
		if n > votes[best] || n == votes[best] && dir < best {
			best = dir
		}
	}
	return best
}

func (x *extraction) note(format string, args ...any) {
	x.out.Remarks = append(x.out.Remarks, fmt.Sprintf(format, args...))
}

// write writes a file below the folder.
func (x *extraction) write(name string, body []byte) {
	err := x.dir.MkdirAll(path.Dir(name), 0o700)
	if err == nil {
		err = x.dir.WriteFile(name, body, 0o600)
	}
	if x.err == nil {
		x.err = err
	}
}

// tree writes what the server published.
func (x *extraction) tree() {
	names := make([]string, 0, len(x.seen.files))
	for name := range x.seen.files {
		names = append(names, name)
	}
	slices.Sort(names)
	if err := x.dir.MkdirAll("tree", 0o700); err != nil {
		x.err = err
		return
	}
	for _, name := range names {
		at, inside := x.within(name)
		if !inside {
			x.note("not in the tree: %s, which is outside of the folder %s from which the phones provision", name, x.base)
			continue
		}
		x.write(path.Join("tree", at), x.seen.files[name].Body)
		if errors.Is(x.err, fs.ErrExist) || errors.Is(x.err, errors.ErrUnsupported) {
			x.note("not in the tree: %s: %v", name, x.err)
			x.err = nil
			continue
		}
		x.out.Files++
	}
	for _, name := range x.seen.missing {
		x.note("missing on the server: %s", name)
	}
	for _, line := range x.seen.moved {
		x.note("redirected: %s", line)
	}
	for _, line := range x.seen.partial {
		x.note("partial: %s", line)
	}
	for _, line := range x.seen.other {
		x.note("ambiguous: %s", line)
	}
}

// within is a path as seen from the base.
func (x *extraction) within(name string) (string, bool) {
	if x.base == "" {
		return name, true
	}
	return strings.CutPrefix(name, x.base+"/")
}

// phones writes scenario.yaml, and what each phone should hold.
func (x *extraction) phones(phones []*Phone) {
	var y strings.Builder
	y.WriteString("version: 1\ntree: tree\n" + x.originsYAML() + "phones:\n")
	var feature strings.Builder
	for _, p := range phones {
		if p.MAC.IsZero() {
			x.note("left out: the client %s, whose MAC the capture does not tell", p.Name())
			continue
		}
		x.out.Phones++
		y.WriteString(x.phone(p))
		if held, whole := p.settings(); whole && held.Len() > 0 {
			feature.WriteString(x.scenario(p, held))
		}
	}
	if feature.Len() > 0 {
		y.WriteString("features: features\n")
		x.write("features/extracted/extracted.feature", []byte("Feature: What a capture showed\n"+feature.String()))
	}
	if x.out.Phones == 0 && x.err == nil {
		x.err = errors.New("no phone in this capture has a known MAC: there is nothing to make a scenario of")
	}
	x.write("scenario.yaml", []byte(y.String()))
}

// phone writes one phone's files, and returns its entry in scenario.yaml.
func (x *extraction) phone(p *Phone) string {
	var y strings.Builder
	fmt.Fprintf(&y, "  - mac: %q\n", p.MAC.String())
	if p.Model != "" {
		fmt.Fprintf(&y, "    model: %q\n    firmware: %q\n", p.Model, p.Firmware)
	}
	if told := x.told(p); told != "" {
		fmt.Fprintf(&y, "    file: %q\n", told)
	}
	if like := toldByURL(p); len(like) > 0 {
		name := "behaviour/" + p.MAC.String() + ".yaml"
		x.write(name, behaviourFile(like))
		fmt.Fprintf(&y, "    behaviour: %s\n", name)
	}
	if o := p.outcome(); o == device.NothingFound {
		fmt.Fprintf(&y, "    outcome: %s\n", o)
	}
	held, whole := p.settings()
	switch {
	case !whole:
		x.note("no expected settings for %s: not all of its files are whole in the capture", p.Name())
	case held.Len() > 0:
		name := "expect/" + p.MAC.String() + ".cfg"
		var body bytes.Buffer
		if err := held.WriteCfg(&body); err != nil && x.err == nil {
			x.err = err
		}
		x.write(name, body.Bytes())
		fmt.Fprintf(&y, "    expect: %s\n", name)
	}
	return y.String()
}

// told is the file whose URL the phone was told, as seen from the base; empty: it was
// told a folder. Of its own accord no phone asks for a cfg file first.
func (x *extraction) told(p *Phone) string {
	for _, a := range newStory(p).fetches {
		if len(a.requests) == 0 {
			continue
		}
		if name, inside := x.within(pathOf(a.url)); inside && strings.HasSuffix(name, ".cfg") {
			return name
		}
		return ""
	}
	return ""
}

// toldByURL is Like for a phone that is told its server by hand: a scenario's.
func toldByURL(p *Phone) []Fact {
	like := p.Like()
	if a := (&likeness{Phone: p, story: newStory(p)}).first(); a != nil && a.file() == p.MAC.String() {
		like = slices.DeleteFunc(like, func(f Fact) bool { return f.Name == "probe_bare_mac" })
		like = append(like, Fact{"probe_bare_mac", "always"})
	}
	return like
}

// behaviourFile writes options of the phone as YAML.
func behaviourFile(like []Fact) []byte {
	var b strings.Builder
	b.WriteString("version: 1\n")
	for _, f := range like {
		fmt.Fprintf(&b, "%s: '%s'\n", f.Name, strings.ReplaceAll(f.Value, "'", "''"))
	}
	return []byte(b.String())
}

// report writes what a reader should know of the folder.
func (x *extraction) report(c *Capture) {
	var b strings.Builder
	fmt.Fprintf(&b, "Extracted from %s\n\n", c.summary())
	for _, n := range c.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	for _, r := range x.out.Remarks {
		fmt.Fprintln(&b, r)
	}
	b.WriteString("\nHow each phone was told of its server, and when it asked:\n")
	for _, p := range c.Phones {
		s := newStory(p)
		for _, o := range s.offers {
			fmt.Fprintf(&b, "%s  %s: %s by %s (frame %d)\n", p.Name(), o.source, o.url, o.by, o.e.Frame)
		}
		for _, a := range s.fetches {
			if len(a.requests) > 0 {
				fmt.Fprintf(&b, "%s  %9.3f s  %s\n", p.Name(), a.requests[0].At.Sub(c.First).Seconds(), a.url)
			}
		}
	}
	x.write("EXTRACTED.txt", []byte(b.String()))
}
