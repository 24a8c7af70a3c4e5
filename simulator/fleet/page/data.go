package page

import (
	"math"
	"time"

	"github.com/fipsim/fipsim/simulator/fleet"
)

// chartData is what the script draws of one report: arrays of one length, a value for
// each part of the run's time. Times are in seconds. Nil is nothing: no pass ended then.
type chartData struct {
	ID       string     `json:"id"`
	At       []float64  `json:"at"`
	Took     []float64  `json:"took"`
	Rates    rates      `json:"rates"`
	P50      []*float64 `json:"p50"`
	P90      []*float64 `json:"p90"`
	P99      []*float64 `json:"p99"`
	Max      []*float64 `json:"max"`
	InFlight []int      `json:"inflight"`
	Queued   []int      `json:"queued"`
	Lag      []float64  `json:"lag"`
	CPU      []float64  `json:"cpu"` // percent
	Drops    []uint64   `json:"drops"`
	Bounds   []float64  `json:"bounds"`
	Heat     [][]uint64 `json:"heat"` // a column for each part, a row for each bound
}

// rates are counts a second, in longer parts: in short ones chance alone makes them jump.
type rates struct {
	At     []float64 `json:"at"` // the middle of the part
	Meant  []float64 `json:"meant"`
	OK     []float64 `json:"ok"`
	Failed []float64 `json:"failed"`
	Wrong  []float64 `json:"wrong"`
}

// maxRates is how many parts the rates have at most, and shortRate how long one is at
// least, but for the last.
const (
	maxRates  = 80
	shortRate = 250 * time.Millisecond
)

// newRates puts slots together.
func newRates(course []fleet.Slot) rates {
	var r rates
	if len(course) == 0 {
		return r
	}
	last := course[len(course)-1]
	least := max(shortRate, (last.At+last.Took)/maxRates)
	var sum fleet.Slot
	for i := range course {
		s := &course[i]
		if sum.Took == 0 {
			sum.At = s.At
		}
		sum.Took += s.Took
		sum.Meant, sum.OK, sum.Failed, sum.Wrong = sum.Meant+s.Meant, sum.OK+s.OK, sum.Failed+s.Failed, sum.Wrong+s.Wrong
		if sum.Took >= least || i == len(course)-1 && (sum.Took > least/2 || len(r.At) == 0) {
			r.add(&sum)
			sum = fleet.Slot{}
		}
	}
	return r
}

func (r *rates) add(s *fleet.Slot) {
	perSecond := func(n uint64) float64 { return digits(float64(n) / max(s.Took.Seconds(), 1e-3)) }
	r.At = append(r.At, (s.At + s.Took/2).Seconds())
	r.Meant, r.OK = append(r.Meant, perSecond(s.Meant)), append(r.OK, perSecond(s.OK))
	r.Failed, r.Wrong = append(r.Failed, perSecond(s.Failed)), append(r.Wrong, perSecond(s.Wrong))
}

// digits rounds to four digits: the page need not carry more.
func digits(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}

func seconds(d time.Duration) float64 { return digits(d.Seconds()) }

// newChartData prepares the charts of a report.
func newChartData(id string, r *fleet.Report) chartData {
	d := chartData{ID: id, Heat: [][]uint64{}, Rates: newRates(r.Course)}
	for _, bound := range r.HeatBounds {
		d.Bounds = append(d.Bounds, seconds(bound))
	}
	for i := range r.Course {
		d.add(&r.Course[i])
	}
	return d
}

func (d *chartData) add(s *fleet.Slot) {
	ended := func(t time.Duration) *float64 {
		if s.OK+s.Failed+s.Wrong == 0 {
			return nil
		}
		v := seconds(max(t, time.Microsecond))
		return &v
	}
	d.At, d.Took = append(d.At, s.At.Seconds()), append(d.Took, s.Took.Seconds())
	d.P50, d.P90 = append(d.P50, ended(s.P50)), append(d.P90, ended(s.P90))
	d.P99, d.Max = append(d.P99, ended(s.P99)), append(d.Max, ended(s.Max))
	d.InFlight, d.Queued = append(d.InFlight, s.InFlight), append(d.Queued, s.Queued)
	d.Lag, d.CPU = append(d.Lag, seconds(s.Lag)), append(d.CPU, digits(100*s.CPU))
	d.Drops = append(d.Drops, s.Drops)
	heat := s.Heat
	if heat == nil {
		heat = []uint64{}
	}
	d.Heat = append(d.Heat, heat)
}
