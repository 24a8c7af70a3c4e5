package pcaps

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// seen is what a capture tells of a server's tree.
type seen struct {
	files   map[string]File // by path from the server's root, whole ones
	missing []string        // what the server said it has not
	partial []string        // what did not come whole, each with why
	other   []string        // paths of which the capture has several contents, each with where
	moved   []string        // paths from which the server led elsewhere, each with where to
}

// see collects the tree.
func see(phones []*Phone) *seen {
	s := &seen{files: make(map[string]File)}
	for _, p := range phones {
		for _, f := range p.Files {
			s.file(f)
		}
		for _, e := range p.Events {
			if name := pathOf(e.URL); e.Kind == trace.FetchMissing && name != "" && !slices.Contains(s.missing, name) {
				s.missing = append(s.missing, name)
			}
			if e.Kind == trace.FetchFailed && e.Fault != trace.NoFault && pathOf(e.URL) != "" {
				s.note(&s.partial, fmt.Sprintf("%s: %s (frame %d)", pathOf(e.URL), e.Detail, e.Frame))
			}
		}
	}
	for _, p := range phones {
		s.redirects(newStory(p))
	}
	s.missing = slices.DeleteFunc(s.missing, func(name string) bool { _, there := s.files[name]; return there })
	slices.Sort(s.missing)
	return s
}

// redirects puts what a redirect led to in the place of what was asked for: so a server
// that leads nowhere gives the same.
func (s *seen) redirects(story *story) {
	for _, a := range slices.Backward(story.fetches) { // the end of a chain first
		f, whole := s.files[pathOf(a.moved)]
		asked := pathOf(a.url)
		if _, there := s.files[asked]; a.moved == "" || !whole || there || asked == "" {
			continue
		}
		s.files[asked] = f
		s.note(&s.moved, fmt.Sprintf("%s: the server led the phone to %s (frame %d); the file from there stands in its place",
			asked, a.moved, a.end.Frame))
	}
}

func (s *seen) note(list *[]string, text string) {
	if !slices.Contains(*list, text) {
		*list = append(*list, text)
	}
}

func (s *seen) file(f File) {
	name := pathOf(f.URL)
	switch known, ok := s.files[name]; {
	case name == "":
	case f.Partial != "" || f.Body == nil:
		s.note(&s.partial, fmt.Sprintf("%s: %s (frame %d)", name, f.Partial, f.Frame))
	case ok && !bytes.Equal(known.Body, f.Body):
		s.note(&s.other, fmt.Sprintf("%s: another content in frame %d (%s): the one of frame %d is kept", name, f.Frame, f.URL,
			known.Frame))
	case !ok:
		s.files[name] = f
	}
}

// pathOf is a URL's path, as a name below a folder; empty where it is none.
func pathOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	name := strings.TrimPrefix(path.Clean("/"+u.Path), "/")
	if !fs.ValidPath(name) || name == "." || len(name) > 1000 || strings.ContainsAny(name, "\x00\\") {
		return ""
	}
	return name
}

// fs is the tree in memory.
func (s *seen) fs() fs.FS {
	tree := make(fstest.MapFS, len(s.files))
	for name, f := range s.files {
		tree[name] = &fstest.MapFile{Data: f.Body, Mode: 0o644}
	}
	return tree
}

// settings merges what a phone got in its last pass, as the phone does. whole is false
// where a file of it is not in the capture.
func (p *Phone) settings() (held *config.Settings, whole bool) {
	held, whole = new(config.Settings), true
	last := uint64(0)
	for _, e := range p.Events {
		if e.Kind == trace.FetchDone {
			last = e.Pass
		}
	}
	for _, e := range p.Events {
		if e.Pass != last || e.Kind != trace.FetchDone && (e.Kind != trace.FetchFailed || e.Bytes == 0) {
			continue
		}
		i := slices.IndexFunc(p.Files, func(f File) bool { return f.Frame == e.Frame && f.Name == e.Name })
		if i < 0 || p.Files[i].Partial != "" {
			whole = false
			continue
		}
		p.readFile(p.Files[i], held)
	}
	return held, whole
}

// outcome is how the phone's last pass ended, as far as the capture tells; empty: it
// doesn't.
func (p *Phone) outcome() device.Outcome {
	last, got, missed, failed := uint64(0), false, false, false
	for _, a := range newStory(p).fetches {
		if a.pass != last {
			last, got, missed, failed = a.pass, false, false, false
		}
		got = got || a.done()
		missed = missed || a.missing()
		failed = failed || a.end.Kind == trace.FetchFailed
	}
	switch {
	case failed:
		return "" // what the phone then does depends on its options
	case got:
		return device.Provisioned
	case missed:
		return device.NothingFound
	}
	return ""
}
