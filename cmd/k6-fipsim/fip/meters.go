package fip

import (
	"context"
	"strings"
	"time"

	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"

	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/trace"
)

// stages are those that have a Trend, a Rate and a Counter each.
var stages = []string{
	fleet.StageDiscovery, fleet.StageCommonBoot, fleet.StageMACBoot, fleet.StageCommonCfg, fleet.StageMACCfg,
	fleet.StageOtherCfg, fleet.StageResource,
}

// meters are the module's metrics, the same ones for all VUs.
type meters struct {
	stages  map[string]meter // by the fleet's name of the stage
	pass    meter
	merge   *metrics.Metric
	wrong   *metrics.Metric
	invalid *metrics.Metric
	resends *metrics.Metric
}

// meter is what is measured of one stage.
type meter struct {
	duration *metrics.Metric // Trend
	failed   *metrics.Metric // Rate
	count    *metrics.Metric // Counter
}

// metricWord is a stage's name as metrics and timings have it: mac_cfg.
func metricWord(stage string) string { return strings.ReplaceAll(stage, "-", "_") }

// newMeters registers the metrics, or finds them registered. Its error is that of a
// script's own metric with the name of one of them.
func newMeters(r *metrics.Registry) (*meters, error) {
	var failed error
	metric := func(name string, kind metrics.MetricType, holds metrics.ValueType) *metrics.Metric {
		m, err := r.NewMetric("fip_"+name, kind, holds)
		if err != nil && failed == nil {
			failed = err
		}
		return m
	}
	newMeter := func(name, count string) meter {
		return meter{
			duration: metric(name+"_duration", metrics.Trend, metrics.Time),
			failed:   metric(name+"_failed", metrics.Rate, metrics.Default),
			count:    metric(count, metrics.Counter, metrics.Default),
		}
	}
	m := &meters{
		stages:  make(map[string]meter, len(stages)),
		pass:    newMeter("pass", "passes"),
		merge:   metric("merge_duration", metrics.Trend, metrics.Time),
		wrong:   metric("wrong", metrics.Counter, metrics.Default),
		invalid: metric("invalid", metrics.Counter, metrics.Default),
		resends: metric("resends", metrics.Counter, metrics.Default),
	}
	for _, stage := range stages {
		word := metricWord(stage)
		m.stages[stage] = newMeter(word, word+"_reqs")
	}
	return m, failed
}

// push hands what was measured of a pass to k6, in one piece.
func (m *meters) push(ctx context.Context, state *lib.State, p *fleet.Pass) {
	b := batch{now: time.Now(), base: state.Tags.GetCurrentValues()}
	b.samples = make(metrics.Samples, 0, 4*len(p.Steps)+8)
	var received int64
	for _, s := range p.Steps {
		received += s.Bytes
		m.step(&b, s)
	}
	m.whole(&b, p)
	if p.Resends > 0 {
		b.add(m.resends, b.base.Tags, float64(p.Resends))
	}
	if received > 0 { // bodies of files; what stands around them is not counted
		b.add(state.BuiltinMetrics.DataReceived, b.base.Tags, float64(received))
	}
	metrics.PushIfNotDone(ctx, state.Samples, b.samples)
}

// whole measures the pass. Where this machine failed it, nothing can be said of the
// server: such a pass is invalid, and in no rate.
func (m *meters) whole(b *batch, p *fleet.Pass) {
	outcome := string(p.Outcome)
	if len(p.Wrong) > 0 {
		outcome = "wrong"
	}
	tags := b.tags("", outcome, p.Fault)
	if p.Fault == trace.LocalFailure {
		b.add(m.invalid, tags, 1)
		return
	}
	if p.Fault == trace.NoServer {
		b.meter(m.stages[fleet.StageDiscovery], b.tags("", "failed", p.Fault), p.Took, true)
	}
	b.meter(m.pass, tags, p.Took, !p.OK())
	if outcome == "wrong" {
		b.add(m.wrong, tags, 1)
	}
}

// step measures one stage.
func (m *meters) step(b *batch, s fleet.Step) {
	switch {
	case s.Fault == trace.LocalFailure, s.Fault == trace.Cancelled: // not the server's doing
		return
	case s.Stage == fleet.StageDiscovery && s.Name == discover.SourceStatic: // nothing was looked for
		return
	}
	tags := b.tags(s.Protocol, s.Outcome, s.Fault)
	if s.Stage == fleet.StageMerge {
		b.add(m.merge, tags, millis(s.Took))
		return
	}
	b.meter(m.stages[s.Stage], tags, s.Took, s.Outcome == "failed")
}

// batch is what one pass adds to metrics.
type batch struct {
	now     time.Time
	base    metrics.TagsAndMeta // of the VU: scenario, group, the script's own
	samples metrics.Samples
}

// tags adds a few words to those of the VU; empty ones are left out. No URL, no MAC, no
// text of a server's stands in a tag: they would be too many, and could hold a password.
func (b *batch) tags(protocol, outcome string, fault trace.Code) *metrics.TagSet {
	tags := b.base.Tags.With("outcome", outcome)
	if protocol != "" {
		tags = tags.With("protocol", protocol)
	}
	if fault != trace.NoFault {
		tags = tags.With("fault", string(fault))
	}
	return tags
}

// meter adds one measurement of a stage.
func (b *batch) meter(m meter, tags *metrics.TagSet, took time.Duration, failed bool) {
	b.add(m.duration, tags, millis(took))
	b.add(m.failed, tags, metrics.B(failed))
	b.add(m.count, tags, 1)
}

func (b *batch) add(m *metrics.Metric, tags *metrics.TagSet, value float64) {
	b.samples = append(b.samples, metrics.Sample{
		TimeSeries: metrics.TimeSeries{Metric: m, Tags: tags}, Time: b.now, Value: value, Metadata: b.base.Metadata})
}
