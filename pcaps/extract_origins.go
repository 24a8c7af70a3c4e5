package pcaps

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// absolute finds URLs in boot and cfg files.
var absolute = regexp.MustCompile(`(?i)\b(?:tftp|ftp|https?)://[^\s"'<>]+`)

// findOrigins looks for URLs by which the tree's files name each other: those whose
// path phones were seen to ask for. Wherever the tree is served again, they lead to the
// captured server, if it is still there.
func (x *extraction) findOrigins() []string {
	var all []string
	for name, f := range x.seen.files {
		switch path.Ext(name) {
		case ".boot", ".cfg", "":
		default:
			continue
		}
		for _, raw := range absolute.FindAllString(string(f.Body), -1) {
			origin, ok := x.origin(raw)
			if ok && !slices.Contains(all, origin) {
				all = append(all, origin)
			}
		}
	}
	slices.Sort(all)
	return all
}

// origin is the URL of the base, as a URL of a file in the tree has it.
func (x *extraction) origin(raw string) (string, bool) {
	scheme, rest, _ := strings.Cut(raw, "://")
	authority, _, _ := strings.Cut(rest, "/")
	origin := scheme + "://" + authority + "/"
	if x.base != "" {
		origin += (&url.URL{Path: x.base + "/"}).EscapedPath()
	}
	name := pathOf(raw)
	_, there := x.seen.files[name]
	return origin, strings.HasPrefix(raw, origin) && (there || slices.Contains(x.seen.missing, name))
}

// originsYAML writes them for scenario.yaml.
func (x *extraction) originsYAML() string {
	if len(x.origins) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("origins: # where files name the captured server, they will name the one that is judged\n")
	for _, o := range x.origins {
		fmt.Fprintf(&b, "  - %q\n", o)
	}
	return b.String()
}

// placed writes <base>, which is a rule's own server, where a text has the captured one:
// over whatever protocol, as the one that is judged may not have them all.
func (x *extraction) placed(text string) string {
	for _, o := range x.origins {
		text = strings.ReplaceAll(text, o, "<base>")
	}
	return text
}
