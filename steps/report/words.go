package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fipsim/fipsim/simulator/trace"
)

// protocols in the order in which reports name them.
var protocols = []string{"tftp", "ftp", "http", "https"}

// spelt are the words of a chapter's folder that are not spelt as they are written.
var spelt = map[string]string{
	"tftp": "TFTP", "ftp": "FTP", "http": "HTTP", "https": "HTTPS", "dhcp": "DHCP", "pnp": "PnP",
	"sip": "SIP", "url": "URL", "urls": "URLs", "tls": "TLS", "mac": "MAC", "checksync": "check-sync",
}

// whole are the names whose title says more than they do: folders of chapters.
var whole = map[string]string{
	"boot": "boot files", "cfg": "cfg files", "includes": "includes and URLs", "missing": "missing files",
	"order": "order and override", "phones": "several phones", "static": "static URLs", "triggers": "triggers and reboot",
}

// Title returns a protocol or the folder of a chapter as a person writes it: "TFTP",
// "boot files".
func Title(name string) string {
	if title := whole[name]; title != "" {
		return title
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == '/' })
	for i, w := range words {
		if s := spelt[strings.ToLower(w)]; s != "" {
			words[i] = s
		}
	}
	return strings.Join(words, " ")
}

// Label names a result as a person would: "FIP-NAME-001 over TFTP [0 bytes]".
func Label(r Result) string {
	if r.Example == "" {
		return shortLabel(r)
	}
	return shortLabel(r) + " [" + r.Example + "]"
}

// shortLabel does so without the row of examples.
func shortLabel(r Result) string {
	label := r.Rule.ID
	if label == "" {
		label = r.Rule.Title
	}
	if r.Over != "" {
		label += " over " + Title(r.Over)
	}
	return label
}

// headline is the rule's title for one row of its examples. Where the title has places
// for what varies ("A file of <size> bytes"), the row's own says it all.
func headline(r Result) string {
	switch {
	case r.Example == "":
		return r.Rule.Title
	case strings.Contains(r.Rule.Title, "<"):
		return r.Example
	}
	return r.Rule.Title + " [" + r.Example + "]"
}

// areas are what a result says something of: its protocol and its chapter.
func areas(r Result) []string {
	var names []string
	for _, name := range []string{Title(r.Over), Title(r.Rule.Chapter)} {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// areas are all protocols, and the chapters of the results as they come.
func (r *Run) areas() []string {
	var all []string
	for _, p := range protocols {
		all = append(all, Title(p))
	}
	for _, res := range r.Results {
		for _, a := range areas(res) {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// oneLine makes text safe for a terminal and puts it in one line: what a server sent
// cannot forge a line of a report.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, strings.TrimSpace(text))
	return clean(text)
}

// maxBlock bounds what was expected and what came, in characters.
const maxBlock = 4000

// block makes text safe, and leaves it its lines.
func block(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := range lines {
		lines[i] = noCommand(clean(strings.ReplaceAll(strings.TrimSuffix(lines[i], "\r"), "\t", "    ")))
	}
	return shorten(strings.Join(lines, "\n"), maxBlock)
}

// noCommand keeps a line from beginning as GitHub's workflow commands do ("::error").
func noCommand(line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "::") {
		return strings.Replace(line, "::", ": :", 1)
	}
	return line
}

// hashes begin a command in the logs of some CI services.
var hashes = regexp.MustCompile("##+")

// clean replaces what a terminal, a browser or an XML parser would take for more than
// text: control and bidirectional characters, bytes that are no UTF-8, and what the logs
// of CI services would take for a command (##[error], ##vso[…], ##teamcity[…]).
func clean(text string) string {
	text = trace.Clean(strings.ToValidUTF8(text, string(utf8.RuneError)))
	text = hashes.ReplaceAllStringFunc(text, func(run string) string { return strings.TrimSpace(strings.Repeat("# ", len(run))) })
	return strings.Map(func(r rune) rune {
		if r == 0xFFFE || r == 0xFFFF || unicode.Is(unicode.Cf, r) && r != '\u200d' {
			return utf8.RuneError // no characters of XML 1.0, and invisible ones
		}
		return r
	}, text)
}

// few shortens a list to about n items.
func few(list []string, n int) []string {
	if len(list) <= n+1 {
		return list
	}
	return append(slices.Clone(list[:n]), fmt.Sprintf("and %d more", len(list)-n))
}
