package steps_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"html"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"regexp"
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

var macName = regexp.MustCompile(`[0-9a-f]{12}\.(boot|cfg)$`)

// What is wrong, and which rules say so. Few do: a rule fails for its own reason, and
// stands aside where another's stands in the way.
var wrongs = []struct {
	name   string
	look   looker
	caught []string
}{
	{"boot files are not served", refused(func(n string) bool { return path.Ext(n) == ".boot" && !strings.Contains(n, "y0") }),
		[]string{"FIP-NAME-001"}},
	{"the common boot file is not served", refused(has("y000000000000.boot")), []string{"FIP-NAME-002"}},
	{"the common cfg file is not served", refused(has("y000000000000.cfg")), []string{"FIP-NAME-004"}},
	{"only names with a MAC are served", refused(func(n string) bool { return !macName.MatchString(n) && path.Ext(n) == ".cfg" }),
		[]string{"FIP-NAME-005"}},
	{"names are folded to small letters on disk", renamed(strings.ToLower), []string{"FIP-NAME-006"}},
	{"capitals count for nothing", folded, []string{"FIP-NAME-007"}},
	{"spaces are refused", refused(has(" ")), []string{"FIP-INC-002", "FIP-NAME-010"}},
	{"percent signs are decoded twice", renamed(func(n string) string {
		if u, err := url.PathUnescape(n); err == nil {
			return u
		}
		return n
	}), []string{"FIP-NAME-012"}},
	{"percent signs are refused", refused(has("%")), []string{"FIP-NAME-011"}},
	{"UTF-8 is refused", refused(func(n string) bool { return strings.ContainsFunc(n, func(r rune) bool { return r > 127 }) }), []string{"FIP-NAME-013"}},
	{"a number sign ends the name", renamed(func(n string) string { n, _, _ = strings.Cut(n, "#"); return n }), []string{"FIP-NAME-014"}},
	{"a plus sign is a space", renamed(func(n string) string { return strings.ReplaceAll(n, "+", " ") }), []string{"FIP-NAME-015"}},
	{"a question mark ends the name", renamed(func(n string) string { n, _, _ = strings.Cut(n, "?"); return n }), []string{"FIP-NAME-016"}},
	{"a semicolon ends the name", renamed(func(n string) string { n, _, _ = strings.Cut(n, ";"); return n }), []string{"FIP-NAME-017"}},
	{"names are cut at 100 bytes", renamed(func(n string) string { return n[:min(len(n), 100)] }), []string{"FIP-NAME-008"}},
	{"folders count for nothing", renamed(path.Base), []string{"FIP-INC-001", "FIP-URL-002"}},
	{"there are no folders", refused(has("/")), []string{"FIP-INC-001", "FIP-URL-001"}},
	{"the bare MAC finds the cfg file", func(tree fs.FS, n string) ([]byte, error) {
		if !strings.Contains(n, ".") {
			return asIs(tree, n+".cfg")
		}
		return asIs(tree, n)
	}, []string{"FIP-MISS-007"}},
	{"the common boot file stands for all", func(tree fs.FS, n string) ([]byte, error) {
		if body, err := asIs(tree, "y000000000000.boot"); err == nil && path.Ext(n) == ".boot" {
			return body, nil
		}
		return asIs(tree, n)
	}, []string{"FIP-BOOT-001"}},
	{"the common cfg file stands for the phone's", func(tree fs.FS, n string) ([]byte, error) {
		if body, err := asIs(tree, "y000000000000.cfg"); err == nil && macName.MatchString(n) && path.Ext(n) == ".cfg" {
			return body, nil
		}
		return asIs(tree, n)
	}, []string{"FIP-CFG-002", "FIP-ORD-002"}},
	{"another phone's file stands for a missing one", neighbour, []string{"FIP-BOOT-002", "FIP-CFG-003"}},
	{"a miss is an empty file", missing(func(string) ([]byte, error) { return []byte{}, nil }), []string{"FIP-MISS-002"}},
	{"a miss is a page", missing(func(string) ([]byte, error) { return []byte("<html>not found"), nil }), []string{"FIP-MISS-003"}},
	{"a miss is forbidden", missing(func(string) ([]byte, error) { return nil, fs.ErrPermission }), []string{"FIP-MISS-004"}},
	{"a miss in no folder is forbidden", func(tree fs.FS, n string) ([]byte, error) {
		body, err := asIs(tree, n)
		if _, missing := fs.Stat(tree, path.Dir(n)); err != nil && missing != nil && strings.Contains(n, "/") {
			return nil, fs.ErrPermission
		}
		return body, err
	}, []string{"FIP-MISS-006"}},
	{"the last byte is lost", content(func(_ string, b []byte) []byte { return b[:len(b)-1] }), []string{"FIP-CONT-002"}},
	{"whole blocks lose the last", content(func(_ string, b []byte) []byte {
		if len(b)%512 == 0 {
			return b[:len(b)-512]
		}
		return b
	}), []string{"FIP-CONT-002"}},
	{"32 MiB are all", content(func(_ string, b []byte) []byte { return b[:min(len(b), 32<<20)] }), []string{"FIP-CONT-002", "FIP-RES-004"}},
	{"a line is added", content(func(_ string, b []byte) []byte { return append(b, "x=1\n"...) }), []string{"FIP-CFG-002", "FIP-CONT-003"}},
	{"blocks are filled up", content(func(_ string, b []byte) []byte { return append(b, make([]byte, (512-len(b)%512)%512)...) }),
		[]string{"FIP-CONT-003"}},
	{"a byte order mark is added", content(func(_ string, b []byte) []byte { return append([]byte("\ufeff"), b...) }), []string{"FIP-CONT-005"}},
	{"line ends become CR LF", content(replaced("\n", "\r\n")), []string{"FIP-CONT-006"}},
	{"line ends become LF", content(replaced("\r\n", "\n")), []string{"FIP-CONT-006"}},
	{"UTF-8 becomes Latin-1", content(func(_ string, b []byte) []byte { return latin1(b) }), []string{"FIP-CONT-007"}},
	{"everything is compressed", content(func(_ string, b []byte) []byte { return packed(b) }), []string{"FIP-CONT-008"}},
	{"the first blocks change places", content(func(_ string, b []byte) []byte {
		if len(b) > 1024 {
			return slices.Concat(b[512:1024], b[:512], b[1024:])
		}
		return b
	}), []string{"FIP-CONT-009"}},
	{"NUL becomes a blank", content(replaced("\x00", " ")), []string{"FIP-CONT-010"}},
	{"comments are left out", content(func(_ string, b []byte) []byte {
		return regexp.MustCompile(`(?m)^#.*\n`).ReplaceAll(b, nil)
	}), []string{"FIP-CONT-011"}},
	{"blanks at line ends are cut", content(func(_ string, b []byte) []byte { return regexp.MustCompile(`[ \t]+\n`).ReplaceAll(b, []byte("\n")) }),
		[]string{"FIP-CONT-012"}},
	{"HTML entities stand for brackets", content(func(n string, b []byte) []byte {
		if path.Ext(n) == ".rom" || path.Ext(n) == ".xml" {
			return b
		}
		return []byte(html.EscapeString(string(b)))
	}), []string{"FIP-CFG-002", "FIP-CONT-013"}},
	{"placeholders are filled in", content(replaced("{{ mac }}", "0021f2000001")), []string{"FIP-CONT-014"}},
	{"absolute URLs are rewritten", content(replaced("http://", "https://")), []string{"FIP-INC-003", "FIP-RES-001"}},
	{"phonebooks get a script", content(func(n string, b []byte) []byte {
		if path.Ext(n) == ".xml" {
			return append(b, "<script/>"...)
		}
		return b
	}), []string{"FIP-RES-002"}},
	{"firmware is not served", refused(func(n string) bool { return path.Ext(n) == ".bin" }), []string{"FIP-RES-003"}},
	{"phonebooks are not served", refused(has("contact")), []string{"FIP-RES-001"}},
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

// stales are wrong about what changes.
var stales = []struct {
	name   string
	each   func() looker
	caught []string
}{
	{"a file is kept once it was asked for", stale(func(first, now []byte) []byte {
		if first != nil {
			return first
		}
		return now
	}), []string{"FIP-CONT-020", "FIP-CONT-021", "FIP-CONT-022", "FIP-CONT-023"}},
	{"a file is kept while its length is the same", stale(func(first, now []byte) []byte {
		if len(first) == len(now) {
			return first
		}
		return now
	}), []string{"FIP-CONT-020", "FIP-CONT-021"}},
	{"the length of a file is kept", stale(func(first, now []byte) []byte {
		if first == nil || now == nil {
			return now
		}
		return append(bytes.Clone(now), make([]byte, len(first))...)[:len(first)]
	}), []string{"FIP-CONT-022"}},
	{"a file that is gone is kept", stale(func(first, now []byte) []byte {
		if now == nil {
			return first
		}
		return now
	}), []string{"FIP-CONT-023"}},
	{"a miss is kept", stale(func(first, now []byte) []byte {
		if first == nil {
			return nil
		}
		return now
	}), []string{"FIP-CONT-024"}},
}

func TestStalesAreCaught(t *testing.T) {
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
