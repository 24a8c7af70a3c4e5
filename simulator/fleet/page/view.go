package page

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/trace"
)

// What a page shows of single phones.
const (
	maxFailures = 30 // traces of passes that failed, of each kind some
	maxSamples  = 20
	maxWrongs   = 50
)

// tones are those of the verdicts.
var tones = map[fleet.Word]string{
	fleet.Running: "run", fleet.Holds: "pass", fleet.Fails: "fail", fleet.Invalid: "error", fleet.Unknown: "error",
}

// reportView is a report as the document shows it.
type reportView struct {
	*fleet.Report
	ID         string // of its charts
	Heading    string // where there are several
	Figures    []figure
	Outcomes   []bar
	Failures   []bar // passes that failed, by why
	Files      []bar // files that could not be had
	Stages     []stageRow
	Scale      []string // of the stages' strips
	Health     []healthRow
	WrongList  []string
	MoreWrong  uint64
	Slow       []traceView
	Failed     []traceView
	Sampled    []traceView
	LeftFailed int
	LeftSample int
}

// figure is one of the numbers on top.
type figure struct{ Name, Value, Note, Tone string }

// bar is a count with its share of a whole.
type bar struct {
	Name, Note string
	Tone       string
	Count      uint64
	Width      float64 // percent of the longest
}

// ofReport is the document of one report.
func ofReport(r *fleet.Report) pageData {
	j := r.Judgement
	v := newReportView("r0", r)
	d := pageData{
		Title: string(j.Word) + ": " + tame(strings.Join(r.Servers, ", ")), Tone: tones[j.Word], Word: string(j.Word),
		Line: tame(strings.Join(r.Stages, "; then ") + " against " + strings.Join(r.Servers, ", ") + ", " + ended(r)),
	}
	for _, why := range j.Why {
		if !strings.Contains(why, " does not hold: ") { // the table of thresholds says so
			d.Why = append(d.Why, tame(why))
		}
	}
	d.Reports, d.Data = []reportView{v}, []chartData{newChartData(v.ID, r)}
	return d
}

func ended(r *fleet.Report) string {
	switch r.Ended {
	case "running":
		return "for " + short(r.Took.Round(time.Second)) + " now"
	case "aborted":
		return "aborted after " + short(r.Took) + ": " + r.Abort
	case "interrupted":
		return "interrupted after " + short(r.Took)
	}
	return "done in " + short(r.Took)
}

func newReportView(id string, r *fleet.Report) reportView {
	v := reportView{Report: r, ID: id, Figures: figures(r)}
	for word, n := range r.Outcomes {
		tone := "pass"
		switch word {
		case "wrong":
			tone = "wrong"
		case "failed":
			tone = "fail"
		}
		v.Outcomes = append(v.Outcomes, bar{Name: word, Tone: tone, Count: n})
	}
	v.Failures, v.Files = codes(r.Errors), codes(r.FileErrors)
	for _, bars := range [][]bar{v.Outcomes, v.Failures, v.Files} {
		rank(bars)
	}
	v.Stages, v.Scale = stageRows(r.Latencies)
	v.Health = healthRows(&r.Health, r.Requests)
	for i, w := range r.Wrongs {
		if i == maxWrongs {
			break
		}
		v.WrongList = append(v.WrongList, tame(w.String()))
	}
	v.MoreWrong = r.Wrong - min(r.Wrong, uint64(len(v.WrongList)))
	v.addTraces()
	return v
}

// addTraces chooses which phones are shown.
func (v *reportView) addTraces() {
	for i := range v.Slowest {
		v.Slow = append(v.Slow, newTraceView(&v.Slowest[i]))
	}
	of := make(map[trace.Code]int)
	failed, sampled := 0, 0
	for i := range v.Samples {
		s := &v.Samples[i]
		if s.Why == "sample" {
			if sampled++; len(v.Sampled) < maxSamples {
				v.Sampled = append(v.Sampled, newTraceView(s))
			}
			continue
		}
		failed++
		if of[s.Fault]++; of[s.Fault] <= maxFailures/3 && len(v.Failed) < maxFailures {
			v.Failed = append(v.Failed, newTraceView(s))
		}
	}
	v.LeftFailed, v.LeftSample = failed-len(v.Failed), sampled-len(v.Sampled)
}

// figures are the numbers on top.
func figures(r *fleet.Report) []figure {
	provisioned := figure{Name: "provisioned", Value: number(r.Provisioned), Note: "of " + number(r.Phones) + " phones", Tone: "pass"}
	if r.Provisioned < r.Phones {
		provisioned.Tone = ""
	}
	failed := figure{Name: "failed", Value: number(r.Failed), Note: "of " + number(r.Passes) + " passes"}
	if r.Failed > 0 {
		failed.Tone = "fail"
	}
	wrong := figure{Name: "wrong settings", Value: number(r.Wrong), Note: "not verified"}
	if r.Verified {
		wrong.Note = "passes"
	}
	if r.Wrong > 0 {
		wrong.Tone = "fail"
	}
	if r.Mixed > 0 {
		wrong.Note = fmt.Sprintf("%d with another phone's", r.Mixed)
	}
	rate := figure{Name: "passes a second", Value: fmt.Sprintf("%.4g", r.Rate), Note: "in " + short(r.Took)}
	list := []figure{provisioned, failed, wrong, rate}
	if n := len(r.Course); n > 0 && r.Ended == "running" {
		now := r.Course[n-1]
		list = append(list, figure{Name: "in flight", Value: fmt.Sprint(now.InFlight), Note: fmt.Sprintf("%d waiting", now.Queued)})
	}
	for _, p := range []struct {
		name    string
		percent float64
	}{{"p50", 50}, {"p99", 99}, {"p99.9", 99.9}} {
		if d, ok := passQuantile(r, p.percent); ok {
			list = append(list, figure{Name: p.name + " of passes", Value: short(d), Note: "from the meant start"})
		}
	}
	return list
}

// passQuantile is a quantile of all passes, whatever became of them. Where there is one
// histogram it is that one's, otherwise it comes from the sums of all.
func passQuantile(r *fleet.Report, percent float64) (time.Duration, bool) {
	var all []*fleet.Latency
	for i := range r.Latencies {
		if r.Latencies[i].Stage == fleet.StagePass {
			all = append(all, &r.Latencies[i])
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	return fleet.QuantileOf(all, percent), true
}

// codes are failures by why.
func codes(m map[trace.Code]uint64) []bar {
	var bars []bar
	for _, c := range slices.Sorted(maps.Keys(m)) {
		name := string(c)
		if name == "" {
			name = "other"
		}
		bars = append(bars, bar{Name: name, Note: code(c), Tone: "fail", Count: m[c]})
	}
	return bars
}

// rank sorts bars by count and gives them their widths.
func rank(bars []bar) {
	slices.SortFunc(bars, func(a, b bar) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name)) })
	for i := range bars {
		bars[i].Width = math.Round(1000*float64(bars[i].Count)/float64(max(bars[0].Count, 1))) / 10
	}
}
