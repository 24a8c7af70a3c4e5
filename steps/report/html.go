package report

import (
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/features"
)

var (
	//go:embed page/report.html.tmpl
	pageTemplate string
	//go:embed page/report.css
	pageStyle string
	//go:embed page/report.js
	pageScript string

	page = template.Must(template.New("report").Funcs(template.FuncMap{
		"few":    func(list []string) string { return strings.Join(few(list, 12), ", ") },
		"join":   func(list []string) string { return strings.Join(list, ", ") },
		"mark":   func(s Standing) string { return standingWords[s] },
		"moment": func(t time.Time) string { return t.Format("2006-01-02 15:04:05 -07:00") },
		"quiet":  quietWords,
		"split":  strings.Fields,
		"stamp":  func(t time.Time) string { return t.Format(time.RFC3339) },
		"title":  Title,
		"took":   roughly,
		"words":  legend,
	}).Parse(pageTemplate))
)

// standingWords are how a page names the standings.
var standingWords = map[Standing]string{
	Broken: "failed", Unsure: "error", Warning: "warning", Excused: "known", Noted: "note", Skipped: "skipped", Held: "passed",
}

// Timelines of one result, in lines: of those that stand open, and of the others.
const (
	pageLines  = 400
	quietLines = 25
)

// maxWorst is how many results the top of a page leads to.
const maxWorst = 12

// pageData is what the template gets.
type pageData struct {
	*view
	Policy   string // of the content: nothing from elsewhere, no script but ours
	Style    template.CSS
	Script   template.JS
	Tone     string // of the verdict: pass, fail, error
	Worst    []item // what fails the run, or keeps it from being judged
	Chips    []pageChip
	Overs    []string // protocols of the results
	Chapters []pageChapter
}

type pageChip struct {
	Standing Standing
	Words    string
	Count    int
}

type pageChapter struct {
	Title       string
	Tally       Tally
	Loud, Quiet []pageItem // Quiet: passed or skipped
}

type pageItem struct {
	item
	Open  bool
	Lines []pageLine
}

type pageLine struct{ At, Words, Class string }

// HTML writes run as one page that loads nothing from elsewhere.
func HTML(w io.Writer, run *Run) error {
	v := newView(run)
	d := pageData{
		view:  v,
		Style: template.CSS(pageStyle), Script: template.JS(pageScript), //nolint:gosec // both are our own files
		Policy: fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'",
			digest(pageStyle), digest(pageScript)),
		Tone: map[Word]string{Conforms: "pass", Fails: "fail", Partial: "error", Unknown: "error"}[v.Verdict.Word],
	}
	d.Worst = append(perRule(v.of(Broken)), perRule(v.of(Unsure))...)
	if more := len(d.Worst) - maxWorst; more > 1 {
		d.Worst = append(d.Worst[:maxWorst], item{Label: fmt.Sprintf("and %d more", more)})
	}
	for _, s := range standings {
		if n := len(v.of(s)); n > 0 {
			d.Chips = append(d.Chips, pageChip{s, standingWords[s], n})
		}
	}
	for _, c := range v.Chapters {
		d.Chapters = append(d.Chapters, newPageChapter(c))
		for _, it := range c.Items {
			if it.Over != "" && !slices.Contains(d.Overs, it.Over) {
				d.Overs = append(d.Overs, it.Over)
			}
		}
	}
	return page.Execute(w, d)
}

// digest is a source expression of a content security policy (CSP Level 3, "Source
// Lists").
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func newPageChapter(c chapter) pageChapter {
	p := pageChapter{Title: c.Title, Tally: c.Tally}
	for _, it := range c.Items {
		switch it.Standing {
		case Held, Skipped:
			p.Quiet = append(p.Quiet, pageItem{item: it, Lines: pageTimeline(it, quietLines)})
		default:
			open := it.Standing != Noted && it.Standing != Excused
			p.Loud = append(p.Loud, pageItem{item: it, Open: open, Lines: pageTimeline(it, pageLines)})
		}
	}
	slices.SortStableFunc(p.Loud, func(a, b pageItem) int {
		return slices.Index(standings, a.Standing) - slices.Index(standings, b.Standing)
	})
	return p
}

func pageTimeline(it item, limit int) []pageLine {
	var lines []pageLine
	for _, l := range timeline(it.Events, limit) {
		if l.Gap > 0 {
			lines = append(lines, pageLine{"…", plural(l.Gap, "line") + " left out", "gap"})
			continue
		}
		lines = append(lines, pageLine{l.At, l.Text, l.Tone.Name()})
	}
	return lines
}

// quietWords are the heading of what is folded: "12 passed, 3 skipped".
func quietWords(items []pageItem) string {
	var t Tally
	for _, it := range items {
		t.add(it.Status)
	}
	return t.String()
}

// roughly is a duration as a person wants it.
func roughly(d time.Duration) string {
	if d >= time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}

// legend explains the words of standings that need it.
func legend() string {
	return fmt.Sprintf("“failed” is a broken rule that fails the run, “error” a rule that could not be judged, "+
		"“warning” a broken @%s or an outdated --known entry, “known” a failure that --known excuses, “note” a broken @%s, "+
		"“skipped” a rule that needs what was not there.", features.Should, features.May)
}
