package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/features"
)

// view is a run as all formats show it: sorted, grouped, and with texts that can neither
// steer their reader's program nor give a password away.
type view struct {
	*Run
	Verdict  Verdict
	Chapters []chapter
	Levels   []levelTally
	Skipped  []reason // what was not judged
}

// chapter is the results of one chapter.
type chapter struct {
	Name  string
	Title string
	Items []item
	Tally Tally
}

// item is one result.
type item struct {
	Result
	Standing Standing
	Label    string   // "FIP-NAME-001 over TFTP"
	Title    string   // of the rule, with what varies filled in
	Name     string   // what tells it from the others over its protocol
	Anchor   string   // the same, for a link
	Notes    []string // about --known
}

// Tally counts results by status.
type Tally struct {
	Pass  int `json:"pass"`
	Fail  int `json:"fail"`
	Error int `json:"error"`
	Skip  int `json:"skip"`
}

type levelTally struct {
	Level features.Level
	Tally
}

// reason is why some results are skips.
type reason struct {
	Why     string
	Results []string
}

// Standing says how a result is shown: its status, where a Fail that does not fail the
// run is told apart.
type Standing string

// The standings, the gravest first.
const (
	Broken  Standing = "fail"    // fails the run
	Unsure  Standing = "error"   // could not be judged
	Warning Standing = "warning" // a @should, or an entry of --known that excuses nothing
	Excused Standing = "known"   // a known failure
	Noted   Standing = "note"    // a @may
	Skipped Standing = "skip"    //
	Held    Standing = "pass"    //
)

var standings = []Standing{Broken, Unsure, Warning, Excused, Noted, Skipped, Held}

// Standing returns how a result of the run is shown.
func (r *Run) Standing(res Result) Standing {
	switch {
	case r.Fails(res):
		return Broken
	case res.Status == Error:
		return Unsure
	case res.Status == Fail && res.Known != nil && !r.expired(res.Known):
		return Excused
	case r.Warns(res):
		return Warning
	case res.Status == Fail:
		return Noted
	case res.Status == Skip:
		return Skipped
	default:
		return Held
	}
}

// levels counts the results of each level.
func (r *Run) levels() []levelTally {
	levels := []levelTally{{Level: features.Must}, {Level: features.Should}, {Level: features.May}}
	for _, res := range r.Results {
		for i := range levels {
			if levels[i].Level == res.Rule.Level {
				levels[i].add(res.Status)
			}
		}
	}
	return levels
}

func (t *Tally) add(s Status) {
	switch s {
	case Pass:
		t.Pass++
	case Fail:
		t.Fail++
	case Error:
		t.Error++
	case Skip:
		t.Skip++
	}
}

// newView prepares run. It leaves run as it is.
func newView(run *Run) *view {
	v := &view{Run: tidy(run)}
	v.Verdict, v.Levels = v.Run.Verdict(), v.levels()
	names := make(map[string]int)
	for _, res := range v.Results {
		it := item{Result: res, Standing: v.Standing(res), Label: shortLabel(res), Title: headline(res), Notes: v.notes(res)}
		it.Name = strings.TrimSpace(res.Rule.ID + " " + it.Title)
		// names stay unique, and the same from run to run
		key := res.Over + " " + it.Name
		if names[key]++; names[key] > 1 {
			it.Name += fmt.Sprintf(" (%d)", names[key])
		}
		it.Anchor = anchor(it)
		if names[it.Anchor]++; names[it.Anchor] > 1 {
			it.Anchor += fmt.Sprintf("-%d", names[it.Anchor])
		}
		if n := len(v.Chapters); n == 0 || v.Chapters[n-1].Name != res.Rule.Chapter {
			v.Chapters = append(v.Chapters, chapter{Name: res.Rule.Chapter, Title: Title(res.Rule.Chapter)})
		}
		c := &v.Chapters[len(v.Chapters)-1]
		c.Items = append(c.Items, it)
		c.Tally.add(res.Status)
		if res.Status == Skip {
			v.skip(it)
		}
	}
	return v
}

// anchor is a word that names an item within a page, the same from run to run.
func anchor(it item) string {
	row := strings.TrimPrefix(strings.TrimPrefix(it.Name, it.Rule.ID+" "+it.Rule.Title), it.Rule.ID)
	words := strings.FieldsFunc(row, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
	words = slices.Concat(strings.Fields(it.Rule.ID), strings.Fields(it.Over), words)
	return strings.Join(words[:min(len(words), 12)], "-")
}

// skip notes why an item was not judged.
func (v *view) skip(it item) {
	it.Actual = strings.TrimPrefix(it.Actual, "not judged: ")
	for i := range v.Skipped {
		if same := &v.Skipped[i]; same.Why == it.Actual {
			if !slices.Contains(same.Results, it.Label) {
				same.Results = append(same.Results, it.Label)
			}
			return
		}
	}
	v.Skipped = append(v.Skipped, reason{Why: it.Actual, Results: []string{it.Label}})
}

// notes are what --known has to do with a result.
func (r *Run) notes(res Result) []string {
	if res.Known == nil {
		return nil
	}
	day := res.Known.Expires.Format(time.DateOnly)
	known := strings.TrimSuffix("known to be broken: "+oneLine(redact(res.Known.Reason)), ": ")
	switch {
	case r.stale(res):
		return []string{known + ", but the rule holds: the entry can go"}
	case res.Status == Fail && r.expired(res.Known):
		return []string{known + ", but only until " + day}
	case res.Status == Fail && res.Known.Expires.IsZero():
		return []string{known}
	case res.Status == Fail:
		return []string{known + ", until " + day}
	}
	return nil
}

// tidy returns a copy of run whose texts are safe to show, with its results in
// order.
func tidy(run *Run) *Run {
	c := *run
	for _, text := range []*string{&c.Target, &c.Stopped, &c.Selected, &c.Command, &c.Version} {
		*text = oneLine(redact(*text))
	}
	c.URLs = slices.Clone(run.URLs)
	for i := range c.URLs {
		c.URLs[i] = oneLine(redact(c.URLs[i]))
	}
	c.Results = sorted(run.Results)
	for i := range c.Results {
		r := &c.Results[i]
		redactResult(r)
		for _, text := range []*string{&r.Rule.ID, &r.Rule.Chapter, &r.Rule.Feature, &r.Rule.Title, &r.Rule.Source, &r.Rule.File} {
			*text = oneLine(*text) // rules can be the user's own
		}
		r.Expected, r.Actual = block(r.Expected), block(r.Actual)
		r.Step, r.Again, r.Example, r.Evidence = oneLine(r.Step), oneLine(r.Again), oneLine(r.Example), oneLine(r.Evidence)
	}
	return &c
}

// sorted returns results in the order in which reports show them, whatever the order in
// which they came.
func sorted(results []Result) []Result {
	results = slices.Clone(results)
	slices.SortStableFunc(results, func(a, b Result) int {
		return cmp.Or(
			cmp.Compare(a.Rule.Chapter, b.Rule.Chapter), cmp.Compare(a.Rule.File, b.Rule.File), cmp.Compare(a.Rule.Line, b.Rule.Line),
			cmp.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(slices.Index(protocols, a.Over), slices.Index(protocols, b.Over)),
			cmp.Compare(a.Example, b.Example),
		)
	})
	return results
}
