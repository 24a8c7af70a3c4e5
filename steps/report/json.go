package report

import (
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/simulator/trace"
)

// The first two fields of a JSON report. The version grows when a field changes its
// meaning or goes; new fields may come at any time. docs/report.schema.json has the
// schema.
const (
	FormatName    = "fipsim-check"
	FormatVersion = 1
)

// jsonEvents bounds the events of one result.
const jsonEvents = 2000

type jsonReport struct {
	Format       string                   `json:"format"`
	Version      int                      `json:"version"`
	Fipsim       string                   `json:"fipsim,omitempty"`
	Target       string                   `json:"target"`
	URLs         []string                 `json:"urls"`
	Capabilities []string                 `json:"capabilities"`
	Started      time.Time                `json:"started"`
	Took         time.Duration            `json:"took"`
	Seed         int64                    `json:"seed"`
	Strict       bool                     `json:"strict"`
	Selected     string                   `json:"selected,omitempty"`
	Stopped      string                   `json:"stopped,omitempty"`
	Command      string                   `json:"command,omitempty"`
	Verdict      jsonVerdict              `json:"verdict"`
	Counts       map[features.Level]Tally `json:"counts"`
	NotJudged    []jsonReason             `json:"not_judged"`
	Results      []jsonResult             `json:"results"`
}

type jsonVerdict struct {
	Word      Word     `json:"word"`
	Line      string   `json:"line"`
	Exit      int      `json:"exit"`
	Why       string   `json:"why,omitempty"`
	Rules     []string `json:"rules"`
	Broken    []string `json:"broken"`
	Held      []string `json:"held"`
	NotJudged []string `json:"not_judged"`
	Warned    []string `json:"warned"`
}

type jsonReason struct {
	Why     string   `json:"why"`
	Results []string `json:"results"`
}

type jsonResult struct {
	Rule     jsonRule      `json:"rule"`
	Over     string        `json:"over,omitempty"`
	Example  string        `json:"example,omitempty"`
	Status   Status        `json:"status"`
	Standing Standing      `json:"standing"`
	Step     string        `json:"step,omitempty"`
	Expected string        `json:"expected,omitempty"`
	Actual   string        `json:"actual,omitempty"`
	Started  time.Time     `json:"started"`
	Took     time.Duration `json:"took"`
	Known    *jsonKnown    `json:"known,omitempty"`
	Evidence string        `json:"evidence,omitempty"`
	Again    string        `json:"again,omitempty"`
	Events   []trace.Event `json:"events,omitempty"`
	LeftOut  int           `json:"events_left_out,omitempty"`
}

type jsonRule struct {
	ID      string         `json:"id"`
	Chapter string         `json:"chapter"`
	Feature string         `json:"feature"`
	Title   string         `json:"title"`
	Source  string         `json:"source"`
	Level   features.Level `json:"level"`
	Grade   string         `json:"grade"`
	Needs   []string       `json:"needs"`
	File    string         `json:"file"`
	Line    int            `json:"line"`
}

type jsonKnown struct {
	Reason  string `json:"reason"`
	Expires string `json:"expires,omitempty"` // 2026-05-31
}

// JSON writes run as one JSON document. It holds the events of what did not hold; those
// of passing results are left out.
func JSON(w io.Writer, run *Run) error {
	v := newView(run)
	doc := jsonReport{
		Format: FormatName, Version: FormatVersion, Fipsim: v.Run.Version,
		Target: v.Target, URLs: list(v.URLs), Capabilities: []string{},
		Started: v.Started, Took: v.Took, Seed: v.Seed, Strict: v.Strict, Selected: v.Selected, Stopped: v.Stopped, Command: v.Command,
		Verdict: jsonVerdict{
			Word: v.Verdict.Word, Line: v.Verdict.String(), Exit: v.Verdict.Exit(), Why: v.Verdict.Why, Rules: list(v.Verdict.Rules),
			Broken: list(v.Verdict.Broken), Warned: list(v.Verdict.Warned),
			Held: list(v.Verdict.Held), NotJudged: list(v.Verdict.NotJudged),
		},
		Counts: make(map[features.Level]Tally), NotJudged: []jsonReason{}, Results: []jsonResult{},
	}
	for _, c := range v.Capabilities {
		doc.Capabilities = append(doc.Capabilities, string(c))
	}
	for _, l := range v.Levels {
		doc.Counts[l.Level] = l.Tally
	}
	for _, r := range v.Skipped {
		doc.NotJudged = append(doc.NotJudged, jsonReason(r))
	}
	for _, c := range v.Chapters {
		for _, it := range c.Items {
			doc.Results = append(doc.Results, newJSONResult(it))
		}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(doc)
}

func newJSONResult(it item) jsonResult {
	r := jsonResult{
		Rule: jsonRule{
			ID: it.Rule.ID, Chapter: it.Rule.Chapter, Feature: it.Rule.Feature, Title: it.Rule.Title, Source: it.Rule.Source,
			Level: it.Rule.Level, Grade: it.Rule.Grade, Needs: list(it.Rule.Needs), File: it.Rule.File, Line: it.Rule.Line,
		},
		Over: it.Over, Example: it.Example, Status: it.Status, Standing: it.Standing,
		Step: it.Step, Expected: it.Expected, Actual: it.Actual,
		Started: it.Started, Took: it.Took, Evidence: it.Evidence, Again: it.Again,
	}
	if it.Known != nil {
		r.Known = &jsonKnown{Reason: oneLine(redact(it.Known.Reason))}
		if !it.Known.Expires.IsZero() {
			r.Known.Expires = it.Known.Expires.Format(time.DateOnly)
		}
	}
	if it.Status == Fail || it.Status == Error {
		r.LeftOut = max(0, len(it.Events)-jsonEvents)
		r.Events = slices.Clone(it.Events[r.LeftOut:])
		for i := range r.Events {
			e := &r.Events[i]
			e.Name, e.URL, e.Detail = oneLine(e.Name), oneLine(redact(e.URL)), oneLine(redact(e.Detail))
		}
	}
	return r
}

// list is never nil, as null is no list in JSON.
func list(items []string) []string {
	if items == nil {
		return []string{}
	}
	return items
}
