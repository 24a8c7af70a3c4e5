package report

import (
	"fmt"
	"html"
	"io"
	"strings"
	"time"
)

const (
	markdownItems = 50 // results told in full: a job summary has 1 MiB
	markdownLines = 30 // of each timeline
)

// Markdown writes run as GitHub-flavoured Markdown, for a job summary
// ($GITHUB_STEP_SUMMARY) or a comment.
func Markdown(w io.Writer, run *Run) error {
	v := newView(run)
	var b strings.Builder
	sign := map[Word]string{Conforms: "✅", Fails: "❌"}[v.Verdict.Word]
	if sign == "" {
		sign = "⚠️"
	}
	fmt.Fprintf(&b, "## %s fipsim check: %s\n\n", sign, inline(v.Target))
	fmt.Fprintf(&b, "**%s**\n\n", inline(v.Verdict.String()))
	b.WriteString("| | pass | fail | error | skip |\n|---|--:|--:|--:|--:|\n")
	for _, l := range v.Levels {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d |\n", l.Level, l.Pass, l.Fail, l.Error, l.Skip)
	}
	told := 0
	for _, standing := range []Standing{Broken, Unsure, Warning, Excused, Noted} {
		for _, it := range v.of(standing) {
			if told++; told <= markdownItems {
				markdownItem(&b, it)
			}
		}
	}
	if told > markdownItems {
		fmt.Fprintf(&b, "\nand %d more.\n", told-markdownItems)
	}
	if len(v.Skipped) > 0 {
		b.WriteString("\n<details><summary>Not judged</summary>\n\n")
		for _, r := range v.Skipped {
			fmt.Fprintf(&b, "- %s: %s\n", inline(oneLine(r.Why)), inline(strings.Join(few(r.Results, 20), ", ")))
		}
		b.WriteString("\n</details>\n")
	}
	fmt.Fprintf(&b, "\n%s in %s, seed %d\n", plural(len(v.Results), "result"), v.Took.Round(time.Millisecond), v.Seed)
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownItem writes one result, to be opened.
func markdownItem(b *strings.Builder, it item) {
	fmt.Fprintf(b, "\n<details><summary>%s <b>%s</b> %s</summary>\n\n<pre>", it.Standing, html.EscapeString(it.Label),
		html.EscapeString(it.Title))
	for _, l := range it.lines()[1:] {
		fmt.Fprintf(b, "%-9s %s\n", l.name, html.EscapeString(strings.ReplaceAll(l.text, "\n", "\n"+strings.Repeat(" ", 10))))
	}
	if lines := timelineText(it.Events, markdownLines); lines != "" {
		b.WriteString("\n" + html.EscapeString(lines))
	}
	b.WriteString("</pre>\n\n</details>\n")
}

// inline escapes all that Markdown or HTML would take for more than text.
func inline(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < 0x80 && strings.ContainsRune("\\`*_{}[]<>()#+!|~@&$", r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
