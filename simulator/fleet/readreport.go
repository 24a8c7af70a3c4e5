package fleet

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// The first two fields of a report as JSON. The version grows when a field changes its
// meaning or goes; new fields may come at any time. docs/load.md describes them.
const (
	FormatReport  = "fipsim-load"
	FormatFound   = "fipsim-find"
	FormatVersion = 1
)

// maxReport bounds a report that is read, in bytes.
const maxReport = 1 << 30

// ReadReport reads a report that was written as JSON, its histograms included. Its error
// says what is wrong with it.
func ReadReport(r io.Reader) (*Report, error) {
	out := new(Report)
	if err := json.NewDecoder(io.LimitReader(r, maxReport)).Decode(out); err != nil {
		return nil, fmt.Errorf("not a report of a load: %w", err)
	}
	if out.Format != FormatReport || out.Version != FormatVersion {
		return nil, fmt.Errorf("a report of format %q, version %d: want %s, version %d",
			out.Format, out.Version, FormatReport, FormatVersion)
	}
	for i := range out.Latencies {
		l := &out.Latencies[i]
		if l.Histogram == "" {
			continue
		}
		h, err := hdr.Decode([]byte(l.Histogram))
		if err != nil {
			return nil, fmt.Errorf("latencies[%d]: its histogram cannot be read: %w", i, err)
		}
		l.counts = h
	}
	return out, nil
}

// Quantile returns the duration that so many percent, from 0 to 100, do not exceed; 0
// where there is no histogram.
func (l *Latency) Quantile(percent float64) time.Duration {
	if l.counts == nil {
		return 0
	}
	return time.Duration(l.counts.ValueAtPercentile(percent)) * time.Microsecond
}

// Below counts the durations up to each bound that are above the one before, and last
// those above all; zeros at the end are left out. The bounds ascend. It is exact to a
// thousandth of the bound.
func (l *Latency) Below(bounds []time.Duration) []uint64 {
	if l.counts == nil {
		return nil
	}
	return countsBelow(l.counts, bounds)
}

// QuantileOf is Quantile over several histograms together.
func QuantileOf(all []*Latency, percent float64) time.Duration {
	var sum *hdr.Histogram
	for _, l := range all {
		switch {
		case l.counts == nil:
		case sum == nil:
			sum = l.counts.Clone()
		default:
			sum.Merge(l.counts)
		}
	}
	if sum == nil {
		return 0
	}
	return time.Duration(sum.ValueAtPercentile(percent)) * time.Microsecond
}
