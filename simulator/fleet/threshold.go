package fleet

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Threshold is one condition that a load must meet:
//
//	p99(pass)<5s   p50, p99.9, mean or max of a stage (Stages)
//	provisioned>99.9%   share of the phones that meant to start
//	errors<0.1%    share of the passes; wrong, late, shed, resends and timeouts too, or a plain number
type Threshold struct {
	text   string
	metric string  // "p", "mean", "max", or one of ratios
	rank   float64 // of "p": 0 to 100
	stage  string  // of "p", "mean", "max"
	op     string
	limit  float64 // seconds, or a share, or a number
	share  bool
}

// ratios are the metrics that are a share or a number.
var ratios = []string{"provisioned", "errors", "wrong", "late", "shed", "resends", "timeouts"}

var thresholdForm = regexp.MustCompile(`^([a-z]+)([0-9.]*)(?:\(([a-z-]*)\))?(<=|>=|<|>)(.+)$`)

// ParseThreshold reads a threshold. Its error says what can be written instead.
func ParseThreshold(text string) (Threshold, error) {
	t := Threshold{text: strings.Join(strings.Fields(text), "")}
	m := thresholdForm.FindStringSubmatch(t.text)
	if m == nil {
		return t, fmt.Errorf("%q is no threshold: want something like p99(pass)<5s, provisioned>99.9%% or errors<0.1%%", text)
	}
	t.metric, t.stage, t.op = m[1], m[3], m[4]
	if slices.Contains(ratios, t.metric) && m[2] == "" && m[3] == "" {
		err := t.parseRatio(m[5])
		return t, err
	}
	err := t.parseTime(m[2], m[5])
	return t, err
}

// parseRatio reads "99.9%" or "12".
func (t *Threshold) parseRatio(text string) (err error) {
	number, percent := strings.CutSuffix(text, "%")
	if t.limit, err = strconv.ParseFloat(number, 64); err != nil || !(t.limit >= 0) || t.limit > 1e12 || percent && t.limit > 100 {
		return fmt.Errorf("%s: %q is neither a share such as 0.1%% nor a number", t.text, text)
	}
	if t.share = percent; percent {
		t.limit /= 100
	}
	return nil
}

// parseTime reads the rest of "p99(pass)<5s".
func (t *Threshold) parseTime(rank, limit string) (err error) {
	known := strings.Join(Stages, ", ")
	switch t.metric {
	case "p":
		if t.rank, err = strconv.ParseFloat(rank, 64); err != nil || !(t.rank > 0) || t.rank > 100 {
			return fmt.Errorf("%s: want a percentile such as p50, p99 or p99.9", t.text)
		}
	case "mean", "max":
		if rank != "" {
			return fmt.Errorf("%s: want %s(STAGE)", t.text, t.metric)
		}
	default:
		return fmt.Errorf("%s: %q is nothing that is measured; there are: pNN, mean and max of a stage, %s",
			t.text, t.metric+rank, strings.Join(ratios, ", "))
	}
	if !slices.Contains(Stages, t.stage) {
		return fmt.Errorf("%s: %q is no stage of a pass; there are: %s", t.text, t.stage, known)
	}
	d, err := time.ParseDuration(limit)
	if err != nil || d < 0 {
		return fmt.Errorf("%s: %q is no duration: want one such as 250ms or 5s", t.text, limit)
	}
	t.limit = d.Seconds()
	return nil
}

// String returns the threshold as it was written, without blanks.
func (t Threshold) String() string { return t.text }

// isTime reports whether the threshold is about durations.
func (t Threshold) isTime() bool { return t.stage != "" }

// Judged is a threshold and what was measured.
type Judged struct {
	Threshold string  `json:"threshold"`
	Value     float64 `json:"value"` // seconds, or a share from 0 to 1, or a number
	Shown     string  `json:"shown"` // for a person
	Held      bool    `json:"held"`
}

// judge holds the threshold against what was measured. Where nothing was, it did not
// hold.
func (t Threshold) judge(m *merged, totals totals) Judged {
	j := Judged{Threshold: t.text}
	if t.isTime() {
		d, ok := t.duration(m, t.stage)
		if !ok {
			j.Shown = "nothing was measured"
			return j
		}
		j.Value, j.Shown = d.Seconds(), round(d).String()
	} else {
		n, of := totals.ratio(t.metric)
		j.Value, j.Shown = n, strconv.FormatFloat(n, 'f', -1, 64)
		if t.share {
			if of == 0 {
				j.Shown = "nothing was measured"
				return j
			}
			j.Value = n / of
			j.Shown = fmt.Sprintf("%.3f%% (%.0f of %.0f)", 100*j.Value, n, of)
		}
	}
	j.Held = t.holds(j.Value)
	return j
}

// holds compares a value, in the limit's unit, with the limit.
func (t Threshold) holds(value float64) bool {
	switch t.op {
	case "<":
		return value < t.limit
	case "<=":
		return value <= t.limit
	case ">":
		return value > t.limit
	default:
		return value >= t.limit
	}
}

// duration is the threshold's quantile, mean or maximum of a stage.
func (t Threshold) duration(m *merged, stage string) (time.Duration, bool) {
	h := m.stage(stage)
	if h == nil || h.TotalCount() == 0 {
		return 0, false
	}
	v := int64(h.Mean())
	switch t.metric {
	case "p":
		v = h.ValueAtPercentile(t.rank)
	case "max":
		v = h.Max()
	}
	return time.Duration(v) * time.Microsecond, true
}
