package page

import (
	"fmt"
	"math"
	"strings"

	"github.com/fipsim/fipsim/simulator/fleet"
)

// searchView is a search for the highest rate.
type searchView struct {
	Threshold string
	First     string // what broke first
	Ours      string
	Trials    []trialRow
}

// trialRow is one rate that was tried.
type trialRow struct {
	Rate  string
	Shown string
	Word  string
	Tone  string
	Width float64 // percent of the highest rate
}

// ofSearch is the document of a search, with the trials that decided it.
func ofSearch(f *fleet.Found) pageData {
	threshold := tame(f.Threshold)
	d := pageData{Word: "not found", Tone: "fail", Line: threshold + " holds at no rate that was tried"}
	rate := fmt.Sprintf("%.1f", f.Rate)
	switch {
	case f.Ended == "running":
		d.Word, d.Tone = string(fleet.Running), "run"
		d.Line = fmt.Sprintf("looking for the highest rate at which %s holds; now at %.1f phones a second", threshold, f.Trying)
	case f.Ended == "interrupted":
		d.Word, d.Tone, d.Line = string(fleet.Unknown), "error", "interrupted: "+threshold+" held at "+rate+" phones a second"
	case f.Ours != "":
		d.Word, d.Tone = string(fleet.Invalid), "error"
		d.Line = threshold + " holds at " + rate + " phones a second or more"
		d.Why = []string{tame(f.Ours)}
	case f.Rate > 0:
		d.Word, d.Tone = rate+" phones a second", "pass"
		d.Line = fmt.Sprintf("%s holds up to %s phones a second, and breaks at %.1f", threshold, rate, f.Broke)
	}
	if f.First != "" {
		d.Why = append(d.Why, "broke first: "+tame(f.First))
	}
	d.Title = d.Word + ": " + threshold
	d.Search = &searchView{Threshold: threshold, First: tame(f.First), Ours: tame(f.Ours), Trials: trialRows(f)}
	for _, r := range deciding(f) {
		v := newReportView(fmt.Sprintf("r%d", len(d.Reports)), r.Report)
		v.Heading = fmt.Sprintf("At %.1f phones a second: %s", r.Rate, tame(strings.TrimSpace(r.Judged.Shown)))
		d.Reports, d.Data = append(d.Reports, v), append(d.Data, newChartData(v.ID, r.Report))
	}
	return d
}

func trialRows(f *fleet.Found) []trialRow {
	highest := 0.0
	for _, t := range f.Trials {
		highest = max(highest, t.Rate)
	}
	var rows []trialRow
	for _, t := range f.Trials {
		row := trialRow{
			Rate: fmt.Sprintf("%.1f", t.Rate), Shown: tame(t.Judged.Shown), Word: "held", Tone: "pass",
			Width: math.Round(1000*t.Rate/max(highest, 1e-9)) / 10,
		}
		switch {
		case len(t.Invalid) > 0:
			row.Word, row.Tone = "invalid", "error"
			row.Shown += "; " + tame(strings.Join(t.Invalid, "; "))
		case !t.Judged.Held:
			row.Word, row.Tone = "broke", "fail"
		}
		rows = append(rows, row)
	}
	return rows
}

// deciding are the trial of the lowest rate that broke and that of the highest that held,
// the latest of each.
func deciding(f *fleet.Found) []fleet.Trial {
	var list []fleet.Trial
	for _, rate := range []float64{f.Broke, f.Rate} {
		for i := len(f.Trials) - 1; i >= 0 && rate > 0; i-- {
			if t := f.Trials[i]; t.Rate == rate && t.Report != nil {
				list = append(list, t)
				break
			}
		}
	}
	return list
}
