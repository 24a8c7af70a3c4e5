package web

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/trace"
)

// collector tells Prometheus of a load. Its numbers are those of the report, so they
// begin anew with each load of a search.
type collector struct{ page *fleetPage }

// buckets are the bounds of the histograms.
var buckets = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
	10 * time.Second, 20 * time.Second, time.Minute, 5 * time.Minute,
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("fipsim_"+name, help, labels, nil)
}

// The metrics with labels, and the histogram.
var (
	passesDesc = describe("passes_total", "Passes that ended, by outcome.", "outcome")
	failedDesc = describe("pass_failures_total", "Passes that failed, by why.", "fault")
	filesDesc  = describe("file_failures_total", "Files that could not be had, by why.", "fault")
	stageDesc  = describe("stage_seconds",
		"Stages of a pass; the stage pass counts from the moment at which a phone meant to start.", "stage", "protocol", "outcome")
	heldDesc = describe("threshold_held", "1 where a threshold holds until now, 0 where it is broken.", "threshold")
)

// metric is one without labels.
type metric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*fleet.Report) float64
}

// plain are the metrics without labels.
var plain = []metric{
	counter("starts_total", "Starts that were meant.", func(r *fleet.Report) uint64 { return r.Meant }),
	counter("starts_late_total", "Starts that were more than 50 ms late.", func(r *fleet.Report) uint64 { return r.Late }),
	counter("starts_shed_total", "Starts of phones that were not done with the pass before.",
		func(r *fleet.Report) uint64 { return r.Shed }),
	counter("files_total", "Files that were asked for.", func(r *fleet.Report) uint64 { return r.Requests }),
	counter("files_missing_total", "Files that the server does not have.", func(r *fleet.Report) uint64 { return r.Missing }),
	counter("resends_total", "Packets that were sent again after silence.", func(r *fleet.Report) uint64 { return r.Resends }),
	counter("discovery_resends_total", "Messages of discovery that were sent again after silence.",
		func(r *fleet.Report) uint64 { return r.Searches }),
	counter("timeouts_total", "Files for which no answer came.", func(r *fleet.Report) uint64 { return r.Timeouts }),
	counter("bytes_total", "Bytes of files.", func(r *fleet.Report) uint64 { return r.Bytes }),
	counter("mixed_up_total", "Passes that ended with another phone's settings.", func(r *fleet.Report) uint64 { return uint64(r.Mixed) }),
	counter("permit_waits_total", "Passes that waited more than 50 ms for others of ours.",
		func(r *fleet.Report) uint64 { return r.Health.WaitedPermits }),
	counter("local_failures_total", "Passes that this machine failed.", func(r *fleet.Report) uint64 { return r.Health.LocalFailures }),
	counter("socket_drops_total", "Datagrams that full receive buffers of ours lost.",
		func(r *fleet.Report) uint64 { return r.Health.SocketDrops }),
	counter("receive_buffer_errors_total", "The same of all sockets in this network namespace.",
		func(r *fleet.Report) uint64 { return r.Health.BufferErrors }),
	gauge("phones", "Phones that meant to start.", func(r *fleet.Report) float64 { return float64(r.Phones) }),
	gauge("phones_provisioned", "Phones whose last pass ended with the right settings.",
		func(r *fleet.Report) float64 { return float64(r.Provisioned) }),
	gauge("in_flight", "Passes under way.", func(r *fleet.Report) float64 { return float64(lastSlot(r).InFlight) }),
	gauge("waiting", "Starts that wait for a permit.", func(r *fleet.Report) float64 { return float64(lastSlot(r).Queued) }),
	gauge("permits", "Passes that can be under way at once.", func(r *fleet.Report) float64 { return float64(r.Health.InFlight) }),
	gauge("timer_lag_seconds", "The latest that a timer of this machine fired in the last part of the run.",
		func(r *fleet.Report) float64 { return lastSlot(r).Lag.Seconds() }),
	gauge("cpu_share", "Share of all processors that this process used in the last part of the run, from 0 to 1.",
		func(r *fleet.Report) float64 { return lastSlot(r).CPU }),
	gauge("invalid", "1 where this machine, and not the server, decides what is measured.",
		func(r *fleet.Report) float64 { return one(len(r.Invalid) > 0) }),
	gauge("running", "1 while a load is under way.", func(r *fleet.Report) float64 { return one(r.Ended == "running") }),
}

func counter(name, help string, value func(*fleet.Report) uint64) metric {
	return metric{describe(name, help), prometheus.CounterValue, func(r *fleet.Report) float64 { return float64(value(r)) }}
}

func gauge(name, help string, value func(*fleet.Report) float64) metric {
	return metric{describe(name, help), prometheus.GaugeValue, value}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// lastSlot is what happened latest.
func lastSlot(r *fleet.Report) fleet.Slot {
	if len(r.Course) == 0 {
		return fleet.Slot{}
	}
	return r.Course[len(r.Course)-1]
}

// Describe implements prometheus.Collector.
func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{passesDesc, failedDesc, filesDesc, stageDesc, heldDesc} {
		to <- d
	}
	for _, m := range plain {
		to <- m.desc
	}
}

// Collect implements prometheus.Collector. Before the first load there is nothing.
func (c collector) Collect(to chan<- prometheus.Metric) {
	r, _ := c.page.look()
	if r == nil {
		return
	}
	for _, m := range plain {
		to <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(r))
	}
	for outcome, n := range r.Outcomes {
		to <- prometheus.MustNewConstMetric(passesDesc, prometheus.CounterValue, float64(n), outcome)
	}
	faults := func(desc *prometheus.Desc, of map[trace.Code]uint64) {
		for fault, n := range of {
			to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), string(fault))
		}
	}
	faults(failedDesc, r.Errors)
	faults(filesDesc, r.FileErrors)
	for _, t := range r.Thresholds {
		to <- prometheus.MustNewConstMetric(heldDesc, prometheus.GaugeValue, one(t.Held), t.Threshold)
	}
	for i := range r.Latencies {
		to <- stageMetric(&r.Latencies[i])
	}
}

// stageMetric is a stage's histogram with the bounds above.
func stageMetric(l *fleet.Latency) prometheus.Metric {
	below := l.Below(buckets)
	cumulative := make(map[float64]uint64, len(buckets))
	sum := uint64(0)
	for i, bound := range buckets {
		if i < len(below) {
			sum += below[i]
		}
		cumulative[bound.Seconds()] = sum
	}
	whole := l.Mean.Seconds() * float64(l.Count)
	return prometheus.MustNewConstHistogram(stageDesc, uint64(l.Count), whole, cumulative, l.Stage, l.Protocol, l.Outcome)
}
