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
	mostHeld      = 50
	mostContent   = 16 << 10 // bytes of one file in a table
)

// scenario writes a phone's pass as a rule in the steps of the shipped ones: what is
// published, and what the phone must hold. Its files are those of this phone and the
// common ones; those that cannot stand in a table leave the rule out.
func (x *extraction) scenario(p *Phone, held *config.Settings) string {
	names := make([]string, 0, len(x.seen.files))
	for name := range x.seen.files {
		names = append(names, name)
	}
	slices.Sort(names)
	table, rows := "", 0
	for _, name := range names {
		at, inside := x.within(name)
		f := x.seen.files[name]
		if !inside || !slices.ContainsFunc(p.Files, func(g File) bool { return g.URL == f.URL || pathOf(g.URL) == name }) {
			continue
		}
		if rows++; rows > mostPublished || len(f.Body) > mostContent || !plainText(string(f.Body)) {
			return ""
		}
		table += fmt.Sprintf("      | %s | %s |\n", inTable(at, p.MAC), inTable(strings.TrimSuffix(string(f.Body), "\n"), p.MAC))
	}
	if rows == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n  @FIP-PCAP-%s @must @grade-A @needs-publish @each-protocol\n", p.MAC)
	fmt.Fprintf(&b, "  Scenario: The phone %s is provisioned as in the capture\n", p.MAC)
	b.WriteString("    A capture: fipsim pcap extract made this rule of it.\n    Given the server publishes\n      | file | content |\n")
	b.WriteString(table)
	b.WriteString("    When the phone provisions\n")
	word, n := "Then", 0
	for s := range held.All() {
		if config.IsSecret(s.Key) || strings.ContainsAny(s.Value+s.Key, "\"<>\\|") || strings.Contains(s.Value,
			p.MAC.String()) || n >= mostHeld {
			continue
		}
		fmt.Fprintf(&b, "    %s it holds \"%s\" as \"%s\"\n", word, s.Key, s.Value)
		word = "And"
		n++
	}
	if n == 0 {
		return ""
	}
	return b.String()
}

// plainText reports whether a text can stand in a table of Gherkin and come out the same.
func plainText(text string) bool {
	odd := func(c rune) bool { return c < ' ' && c != '\n' || c == 0xfffd || c == '\\' }
	return !strings.ContainsFunc(text, odd) && !strings.Contains(text, "://") && !strings.Contains(text, "<canary>")
}

// inTable writes a text as a cell, the phone's MAC as <mac>.
func inTable(text string, mac device.MAC) string {
	text = strings.ReplaceAll(text, mac.String(), "<mac>")
	return strings.NewReplacer("\n", `\n`, "|", `\|`).Replace(text)
}
