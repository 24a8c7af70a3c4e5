package steps_test

import (
	"bytes"
	"html"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

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
	{"32 MiB are all", content(func(_ string, b []byte) []byte { return b[:min(len(b), 32<<20)] }), []string{"FIP-CONT-016"}},
	{"a line is added", content(func(_ string, b []byte) []byte { return append(b, "x=1\n"...) }), []string{"FIP-CFG-002", "FIP-CONT-003"}},
	{"blocks are filled up", content(func(_ string, b []byte) []byte { return append(b, make([]byte, (512-len(b)%512)%512)...) }),
		[]string{"FIP-CONT-003"}},
	{"a byte order mark is added", content(func(_ string, b []byte) []byte { return append([]byte("\ufeff"), b...) }), []string{"FIP-CONT-005"}},
	{"line ends become CR LF", content(replaced("\n", "\r\n")), []string{"FIP-CONT-006"}},
	{"line ends become LF", content(replaced("\r\n", "\n")), []string{"FIP-CONT-006", "FIP-CONT-010"}},
	{"UTF-8 becomes Latin-1", content(func(_ string, b []byte) []byte { return latin1(b) }), []string{"FIP-CONT-007"}},
	{"everything is compressed", content(func(_ string, b []byte) []byte { return packed(b) }), []string{"FIP-CONT-008"}},
	{"the first blocks change places", content(func(_ string, b []byte) []byte {
		if len(b) > 1024 {
			return slices.Concat(b[512:1024], b[:512], b[1024:])
		}
		return b
	}), []string{"FIP-CONT-009", "FIP-CONT-010"}},
	{"NUL becomes a blank", content(replaced("\x00", " ")), []string{"FIP-CONT-010"}},
	{"comments are left out", content(func(_ string, b []byte) []byte {
		return regexp.MustCompile(`(?m)^#.*\n`).ReplaceAll(b, nil)
	}), []string{"FIP-CONT-010", "FIP-CONT-011"}},
	{"blanks at line ends are cut", content(func(_ string, b []byte) []byte { return regexp.MustCompile(`[ \t]+\n`).ReplaceAll(b, []byte("\n")) }),
		[]string{"FIP-CONT-010", "FIP-CONT-012"}},
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
