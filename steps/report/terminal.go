package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// TerminalOptions are those of Terminal.
type TerminalOptions struct {
	Color bool // ECMA-48 colours; for a terminal only
	Width int  // columns; lines are broken there; 0: they are not
}

// terminalLines bounds the timeline of one result.
const terminalLines = 30

// Terminal writes run for a person to read: chapter by chapter, everything that did not
// hold with what led there, then counts, what was not judged, and the verdict last.
func Terminal(w io.Writer, run *Run, o TerminalOptions) error {
	v := newView(run)
	t := &terminal{o: o}
	t.head(v)
	for _, c := range v.Chapters {
		t.chapter(c)
	}
	t.line("")
	t.tallies(v)
	t.notJudged(v)
	if v.Command != "" {
		t.line("")
		t.labelled("", "repeat: ", v.Command)
	}
	t.line("")
	tone := map[Word]string{Conforms: green, Fails: red}[v.Verdict.Word]
	if tone == "" {
		tone = yellow
	}
	t.paragraph("", "", bold+tone, v.Verdict.String())
	_, err := w.Write(t.out.Bytes())
	return err
}

// The colours, as SGR parameters.
const (
	bold   = "1;"
	red    = "31"
	green  = "32"
	yellow = "33"
	faint  = "2"
)

// tones are the colours of standings.
var tones = map[Standing]string{Broken: red, Unsure: red, Warning: yellow, Excused: yellow, Noted: yellow, Skipped: faint, Held: green}

// terminal collects the lines of a report.
type terminal struct {
	o   TerminalOptions
	out bytes.Buffer
}

// line writes a line.
func (t *terminal) line(text string) {
	t.out.WriteString(noCommand(strings.TrimRight(text, " ")) + "\n")
}

// paint returns text in a colour.
func (t *terminal) paint(color, text string) string {
	if !t.o.Color || color == "" || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// paragraph writes text after a first prefix, broken at the width, and its further
// lines after rest.
func (t *terminal) paragraph(first, rest, color, text string) {
	for part := range strings.SplitSeq(text, "\n") {
		for _, l := range wrap(part, t.o.Width-utf8.RuneCountInString(first)) {
			t.line(first + t.paint(color, l))
			first = rest
		}
	}
}

// labelled writes "label     text", its further lines below text.
func (t *terminal) labelled(indent, label, text string) {
	if text != "" {
		t.paragraph(indent+label, indent+strings.Repeat(" ", len(label)), "", text)
	}
}

// wrap breaks text at spaces into lines of at most width columns, a longer word apart;
// 0 or less: it stays whole.
func wrap(text string, width int) []string {
	if width <= 0 || utf8.RuneCountInString(text) <= width {
		return []string{text}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

func (t *terminal) head(v *view) {
	t.line(t.paint(bold+"39", "fipsim check: "+v.Target))
	for _, u := range v.URLs {
		t.line("  " + u)
	}
}

// chapter writes its counts, and what did not hold.
func (t *terminal) chapter(c chapter) {
	t.line("")
	t.line(fmt.Sprintf("%s  %s", t.paint(bold+"39", c.Title), c.Tally))
	for _, it := range c.Items {
		if it.Standing != Held && it.Standing != Skipped || len(it.Notes) > 0 {
			t.item(it)
		}
	}
}

// item writes one result with all that is known of it.
func (t *terminal) item(it item) {
	const indent = "           "
	t.line("")
	t.line(fmt.Sprintf("  %s  %s", t.paint(bold+tones[it.Standing], fmt.Sprintf("%-7s", strings.ToUpper(string(it.Standing)))),
		fmt.Sprintf("%s  @%s", it.Label, it.Rule.Level)))
	t.paragraph(indent, indent, "", it.Title)
	for _, note := range it.Notes {
		t.labelled(indent, "note      ", note)
	}
	if it.Status == Pass {
		return
	}
	t.labelled(indent, "step      ", it.Step)
	t.labelled(indent, "expected  ", it.Expected)
	came := "came      "
	if it.Status == Error {
		came = "error     "
	}
	t.labelled(indent, came, it.Actual)
	t.labelled(indent, "rule      ", it.Rule.Source)
	if lines := timeline(it.Events, terminalLines); len(lines) > 0 {
		t.line(indent + "what led there:")
		for _, l := range lines {
			t.line(t.paint(tint(l), indent+l.String()))
		}
	}
	t.labelled(indent, "evidence  ", it.Evidence)
	t.labelled(indent, "repeat    ", it.Again)
}

// tint is the colour of a timeline's line.
func tint(l timeLine) string {
	if l.Gap > 0 {
		return faint
	}
	return string(l.Tone)
}

// String returns the counts in words, without those that are 0: "12 passed, 1 failed".
func (t Tally) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{t.Pass, "passed"}, {t.Fail, "failed"}, {t.Skip, "skipped"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	if t.Error > 0 {
		parts = append(parts, plural(t.Error, "error"))
	}
	return strings.Join(parts, ", ")
}

// tallies writes the counts of each level, the four statuses apart.
func (t *terminal) tallies(v *view) {
	t.line(fmt.Sprintf("%-8s  %6s  %6s  %6s  %6s", "", "pass", "fail", "error", "skip"))
	for _, l := range v.Levels {
		t.line(fmt.Sprintf("@%-7s  %6d  %6d  %6d  %6d", l.Level, l.Pass, l.Fail, l.Error, l.Skip))
	}
	t.line("")
	t.line(fmt.Sprintf("%s in %s, seed %d", plural(len(v.Results), "result"), v.Took.Round(time.Millisecond), v.Seed))
}

// notJudged writes what was skipped, by reason.
func (t *terminal) notJudged(v *view) {
	if len(v.Skipped) == 0 {
		return
	}
	t.line("")
	t.line("not judged:")
	for _, r := range v.Skipped {
		t.paragraph("  ", "    ", "", fmt.Sprintf("%s: %s", oneLine(r.Why), strings.Join(few(r.Results, 6), ", ")))
	}
}
