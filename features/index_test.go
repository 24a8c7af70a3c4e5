package features_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/features"
)

var update = flag.Bool("update", false, "write INDEX.md anew")

// guideChapters are those of the guide, in its order. What follows a name says why no
// rule can come from it; those without are to be covered.
var guideChapters = []struct{ name, why string }{
	{"Introduction", ""},
	{"Supported Phones", "names models"},
	{"Obtaining Template Files", ""},
	{"Obtaining Phone Information", ""},
	{"Auto Provisioning Process", "a figure: its steps are the chapters that follow"},
	{"Auto Provision Configuration Instance", "an example of the chapters that follow"},
	{"Managing Boot Files", ""},
	{"Editing Common Boot File", ""},
	{"Creating MAC-Oriented Boot File", ""},
	{"Editing Common CFG File", ""},
	{"Editing MAC-Oriented CFG File", ""},
	{"Creating a New CFG File", ""},
	{"Managing Resource Files", ""},
	{"Customizing Resource Files", ""},
	{"Configuring a Provisioning Server", ""},
	{"Configuring TFTP Server", ""},
	{"Plug and Play (PnP) Server", ""},
	{"DHCP Option66", ""},
	{"Static Provision", ""},
	{"Power On", ""},
	{"Repeatedly", ""},
	{"Save & Apply", ""},
	{"SIP NOTIFY Message", ""},
	{"Downloading Boot, Configuration and Resource Files", ""},
	{"Resolving and Updating Configurations", ""},
	{"Verifying Configurations", ""},
	{"Glossary", "explains words"},
	{"Configuring an FTP Server", ""},
	{"Configuring an HTTP Server", ""},
}

// TestIndex holds INDEX.md to the rules. `go test ./features -update` writes it.
func TestIndex(t *testing.T) {
	want := index(features.Rules())
	if *update {
		if err := os.WriteFile("INDEX.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("INDEX.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("INDEX.md is not that of these rules: go test ./features -update writes it anew")
	}
}

// index lists the rules chapter by chapter of what they come from.
func index(rules []features.Rule) string {
	var b strings.Builder
	levels := make(map[features.Level]int)
	for _, r := range rules {
		levels[r.Level]++
	}
	fmt.Fprintf(&b, "# Rules\n\nWritten by `go test ./features -update`. %d rules: %d @must, %d @should, %d @may.\n\n",
		len(rules), levels[features.Must], levels[features.Should], levels[features.May])
	b.WriteString("A @must fails the run, a @should warns (and fails it under `--strict`), a @may informs. Grades of evidence: **A** the guide or\n" +
		"an RFC says so, **B** two independent sources agree, **C** one source or an inference, **D** our choice. \"over\" says which\n" +
		"protocols a rule is judged over; \"needs\" what the target must allow.\n\n")
	by := make(map[string][]features.Rule)
	for _, r := range rules {
		by[origin(r)] = append(by[origin(r)], r)
	}
	b.WriteString("## The guide, chapter by chapter\n\n")
	for _, c := range guideChapters {
		fmt.Fprintf(&b, "### %s\n\n", c.name)
		switch {
		case len(by[c.name]) > 0:
			table(&b, by[c.name])
		case c.why != "":
			fmt.Fprintf(&b, "No rule: %s.\n\n", c.why)
		default:
			b.WriteString("**Uncovered.**\n\n")
		}
		delete(by, c.name)
	}
	b.WriteString("## RFCs\n\n")
	for _, name := range slices.SortedFunc(keys(by), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }) {
		fmt.Fprintf(&b, "### %s\n\n", name)
		table(&b, by[name])
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func keys(by map[string][]features.Rule) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range by {
			if !yield(name) {
				return
			}
		}
	}
}

var rfc = regexp.MustCompile(`^RFC \d+`)

// origin is the chapter of the guide, or the RFC, that a rule comes from.
func origin(r features.Rule) string {
	if m := guideSource.FindStringSubmatch(r.Source); m != nil {
		return m[1]
	}
	return rfc.FindString(r.Source)
}

func table(b *strings.Builder, rules []features.Rule) {
	b.WriteString("| rule | | grade | over | needs |\n|---|---|---|---|---|\n")
	for _, r := range rules {
		over, needs := split(r)
		fmt.Fprintf(b, "| [%s](%s) @%s | %s | %s | %s | %s |\n", r.ID, r.File, r.Level, cell(r.Title), r.Grade, over, needs)
	}
	b.WriteString("\n")
	for _, r := range rules {
		fmt.Fprintf(b, "- %s: %s\n", r.ID, cell(r.Source))
	}
	b.WriteString("\n")
}

// split tells protocols from other needs.
func split(r features.Rule) (over, needs string) {
	var protocols, rest []string
	for _, n := range r.Needs {
		if slices.Contains([]string{"tftp", "ftp", "http", "https"}, n) {
			protocols = append(protocols, n)
			continue
		}
		rest = append(rest, n)
	}
	over = strings.Join(protocols, ", ")
	switch {
	case over == "" && r.Each:
		over = "each"
	case over == "":
		over = "any"
	case !r.Each && len(protocols) > 1:
		over = "any of " + over
	}
	return over, strings.Join(rest, ", ")
}

// cell makes text fit for a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", `\<`, "*", `\*`, "\n", " ").Replace(text)
}
