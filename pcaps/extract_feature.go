package pcaps

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

// Bounds of a rule that is made of a capture: what does not fit is in the tree and in
// the expect file.
const (
	mostPublished = 20
	mostHeld      = 200
	mostContent   = 16 << 10 // bytes of one file in a table
)

// rule is a phone's pass as it becomes a rule.
type rule struct {
	x *extraction
	p *Phone
}

// scenario writes a phone's pass as a rule in the steps of the shipped ones: what is
// published, and what the phone must hold. Its files are those of this phone and the
// common ones; those that cannot stand in a table leave the rule out, and so does a
// pass that only a phone with options of its own would make.
func (x *extraction) scenario(p *Phone, held *config.Settings) string {
	first := (&likeness{Phone: p, story: newStory(p)}).first()
	if first == nil || first.file() == p.MAC.String() {
		return ""
	}
	r := &rule{x, p}
	published, ok := r.published()
	if !ok {
		x.note("no rule for %s: what it was given does not fit into a table; the scenario's phone stands for it", p.Name())
		return ""
	}
	holds := r.holds(held)
	if holds == "" {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n  @FIP-PCAP-%s @must @grade-A @needs-publish @each-protocol\n", p.MAC)
	fmt.Fprintf(&b, "  Scenario: The phone %s is provisioned as in the capture\n", p.MAC)
	b.WriteString("    A capture: fipsim pcap extract made this rule of it. The files are as they were, passwords included.\n")
	b.WriteString("    Given the server publishes\n      | file | content |\n" + published)
	if told := x.told(p); told != "" {
		fmt.Fprintf(&b, "    When the phone provisions from \"<base>%s\"\n", strings.ReplaceAll(told, p.MAC.String(), "<mac>"))
	} else {
		b.WriteString("    When the phone provisions\n")
	}
	b.WriteString("    Then it ends provisioned and holds\n      | setting | value |\n" + holds)
	return b.String()
}

// published are the rows of the files that the phone was given.
func (r *rule) published() (rows string, ok bool) {
	names := make([]string, 0, len(r.x.seen.files))
	for name := range r.x.seen.files {
		names = append(names, name)
	}
	slices.Sort(names)
	n := 0
	for _, name := range names {
		at, inside := r.x.within(name)
		f := r.x.seen.files[name]
		if !inside || !slices.ContainsFunc(r.p.Files, func(g File) bool { return pathOf(g.URL) == pathOf(f.URL) }) {
			continue
		}
		body := r.x.placed(string(f.Body))
		if n++; n > mostPublished || len(body) > mostContent || !plainText(string(f.Body)) {
			return "", false
		}
		rows += fmt.Sprintf("      | %s | %s |\n", inTable(at, r.p.MAC), inTable(strings.TrimSuffix(body, "\n"), r.p.MAC))
	}
	return rows, n > 0
}

// holds are the rows of what the phone must hold.
func (r *rule) holds(held *config.Settings) (rows string) {
	n := 0
	for s := range held.All() {
		value := r.x.placed(s.Value)
		if !plainText(s.Key+s.Value) || value == "" || n == mostHeld {
			continue
		}
		rows += fmt.Sprintf("      | %s | %s |\n", inTable(s.Key, r.p.MAC), inTable(value, r.p.MAC))
		n++
	}
	return rows
}

// plainText reports whether a text can stand in a table of Gherkin and come out the same.
func plainText(text string) bool {
	odd := func(c rune) bool { return c < ' ' && c != '\n' || c == 0xfffd }
	for _, word := range []string{"<mac>", "<other-mac>", "<canary>", "base>"} {
		if strings.Contains(text, word) {
			return false
		}
	}
	return !strings.ContainsFunc(text, odd)
}

// inTable writes a text as a cell, the phone's MAC as <mac>.
func inTable(text string, mac device.MAC) string {
	text = strings.ReplaceAll(text, mac.String(), "<mac>")
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, "|", `\|`).Replace(text)
}
