package steps_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
)

// spoilt is the reference server over a tree that is looked into wrongly. It shows what
// the rules about what is served catch, and what they leave to each other.
type spoilt struct {
	*steps.Embedded
	scheme string
	look   looker
	each   func() looker // one for each tree; nil: look serves all
}

// looker finds the bytes of a name in a tree.
type looker func(tree fs.FS, name string) ([]byte, error)

// Capabilities implements scenarios.Target.
func (s *spoilt) Capabilities() []scenarios.Capability {
	return []scenarios.Capability{scenarios.Capability(s.scheme), scenarios.PublishTree}
}

// Publish implements scenarios.Target.
func (s *spoilt) Publish(ctx context.Context, tree fs.FS) (*scenarios.Publication, error) {
	look := s.look
	if s.each != nil {
		look = s.each()
	}
	p, err := s.Embedded.Publish(ctx, wrong{tree, look})
	if err != nil {
		return nil, err
	}
	replace := p.Replace
	p.Bases = slices.DeleteFunc(p.Bases, func(u *url.URL) bool { return u.Scheme != s.scheme })
	p.Replace = func(ctx context.Context, tree fs.FS) error { return replace(ctx, wrong{tree, look}) }
	return p, nil
}

// wrong is a tree whose files are what look says.
type wrong struct {
	tree fs.FS
	look looker
}

// Open implements fs.FS.
func (w wrong) Open(name string) (fs.File, error) {
	body, err := w.look(w.tree, name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return fstest.MapFS{name: {Data: body, Mode: 0o644}}.Open(name)
}

// asIs is what a healthy server does.
func asIs(tree fs.FS, name string) ([]byte, error) { return fs.ReadFile(tree, name) }

// content spoils the bytes of files.
func content(change func(name string, body []byte) []byte) looker {
	return func(tree fs.FS, name string) ([]byte, error) {
		body, err := asIs(tree, name)
		if err != nil || len(body) == 0 {
			return body, err
		}
		return change(name, bytes.Clone(body)), nil
	}
}

// missing spoils what is said of files that are not there.
func missing(answer func(name string) ([]byte, error)) looker {
	return func(tree fs.FS, name string) ([]byte, error) {
		body, err := asIs(tree, name)
		if err != nil {
			return answer(name)
		}
		return body, nil
	}
}

// renamed spoils the way from a name to a file.
func renamed(to func(name string) string) looker {
	return func(tree fs.FS, name string) ([]byte, error) { return asIs(tree, to(name)) }
}

// refused spoils names: those that it picks are not found.
func refused(pick func(name string) bool) looker {
	return func(tree fs.FS, name string) ([]byte, error) {
		if pick(name) {
			return nil, fs.ErrNotExist
		}
		return asIs(tree, name)
	}
}

func has(part string) func(string) bool {
	return func(name string) bool { return strings.Contains(name, part) }
}

func replaced(from, to string) func(string, []byte) []byte {
	return func(_ string, b []byte) []byte { return bytes.ReplaceAll(b, []byte(from), []byte(to)) }
}

// stale remembers what was found first under each name of a tree. Of what is there now
// and that, choose returns what is served; nil is no file.
func stale(choose func(first, now []byte) []byte) func() looker {
	return func() looker {
		var mu sync.Mutex
		kept := make(map[string][]byte)
		return func(tree fs.FS, name string) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			now, _ := asIs(tree, name)
			first, asked := kept[name]
			if !asked {
				first, kept[name] = now, now
			}
			if body := choose(first, now); body != nil {
				return body, nil
			}
			return nil, fs.ErrNotExist
		}
	}
}

// folded looks names up whatever their capitals.
func folded(tree fs.FS, name string) ([]byte, error) {
	found := name
	_ = fs.WalkDir(tree, ".", func(n string, _ fs.DirEntry, _ error) error {
		if strings.EqualFold(n, name) && found == name {
			found = n
		}
		return nil
	})
	return asIs(tree, found)
}

// neighbour looks up a name that differs in the MAC's last digit.
func neighbour(tree fs.FS, name string) ([]byte, error) {
	body, err := asIs(tree, name)
	if err == nil || !macName.MatchString(name) {
		return body, err
	}
	entries, _ := fs.ReadDir(tree, ".")
	for _, e := range entries {
		if len(e.Name()) == len(name) && e.Name()[:11] == name[:11] && path.Ext(e.Name()) == path.Ext(name) {
			return asIs(tree, e.Name())
		}
	}
	return nil, err
}

func latin1(b []byte) []byte {
	if !strings.Contains(string(b), "ü") && !strings.Contains(string(b), "é") {
		return b
	}
	var made []byte
	for _, r := range string(b) {
		made = append(made, byte(min(r, 255)))
	}
	return made
}

func packed(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// rulesOf are the ids of the rules of some chapters, but one.
func rulesOf(chapters []string, but string) []string {
	var ids []string
	for _, r := range features.Rules() {
		if slices.Contains(chapters, r.Chapter) && r.ID != but {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

func TestStalesAreCaught(t *testing.T) {
	besideOthers(t)
	for _, s := range stales {
		t.Run(s.name, func(t *testing.T) {
			catches(t, &spoilt{scheme: "http", each: s.each}, rulesOf([]string{"content"}, ""), s.caught)
		})
	}
}

func TestWrongsAreCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("judges a wrong server some forty times")
	}
	t.Parallel()
	names := []string{"names", "boot", "cfg", "includes", "order", "missing", "static", "resources"}
	for _, w := range wrongs {
		// What becomes of bytes has no bearing on names, and costs most of the time.
		ids := rulesOf(names, "FIP-RES-004")
		if slices.ContainsFunc(w.caught, func(id string) bool { return strings.HasPrefix(id, "FIP-CONT-") }) {
			ids = rulesOf(append(slices.Clip(names), "content"), "")
		}
		t.Run(w.name, func(t *testing.T) { catches(t, &spoilt{scheme: "http", look: w.look}, ids, w.caught) })
	}
}

// catches judges a wrong server by some rules, and wants just those to fail.
func catches(t *testing.T, target *spoilt, ids, caught []string) {
	t.Helper()
	var err error
	if target.Embedded, err = steps.StartEmbedded(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	run, err := steps.Run(t.Context(), steps.Options{Target: target, Rules: ids})
	if err != nil {
		t.Fatal(err)
	}
	failed := make(map[string]bool)
	for _, r := range run.Results {
		switch r.Status {
		case report.Fail:
			failed[r.Rule.ID] = true
			t.Logf("%s: %s: expected %s; %s", report.Label(r), r.Step, r.Expected, r.Actual)
		case report.Error:
			t.Errorf("%s: %s", report.Label(r), r.Actual)
		}
	}
	if diff := cmp.Diff(caught, slices.Sorted(maps.Keys(failed))); diff != "" {
		t.Errorf("rules that fail (-want +got):\n%s", diff)
	}
}
