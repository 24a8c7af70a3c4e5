package fleet

import (
	"fmt"
	"slices"
	"time"
)

// What this machine may do wrong before nothing can be said of the server.
const (
	MostLag   = 100 * time.Millisecond // 99th percentile of a timer, or of handing out a start
	MostDrops = 0.001                  // datagrams lost in receive buffers, of the files that were asked for
	MostCPU   = 0.9                    // of all processors, by this process, where a threshold on durations broke
	fewLate   = 3                      // timers, or starts; fewer are a hiccup, in a run so short that they are one of a hundred
	mostLocal = 0                      // passes that failed for want of a socket or a port
)

// invalid says where this machine, and not the server, decided what was measured.
func (r *run) invalid(out *Report, m *merged) []string {
	var why []string
	add := func(format string, args ...any) { why = append(why, fmt.Sprintf(format, args...)) }
	h := &out.Health
	if h.TimersLate() {
		add("timers fired %s late (p99) on this machine: its processors are too busy (%.0f%% by this process); use a faster or an idle one",
			round(h.LagP99), 100*h.CPU)
	}
	if h.DispatchP99 > MostLag && h.LateStarts >= fewLate {
		add("starts were handed out %s late (p99): this machine is too slow for this rate", round(h.DispatchP99))
	}
	if n := h.drops(); n > 0 && float64(n) > MostDrops*float64(out.Requests) {
		add("%d datagrams were lost in full receive buffers of this machine: raise net.core.rmem_default", n)
	}
	if h.LocalFailures > mostLocal {
		add("%d passes failed on this machine for want of a socket, a port or memory: "+
			"raise ulimit -n, or give more addresses with --local", h.LocalFailures)
	}
	for i, j := range out.Thresholds {
		t := r.Thresholds[i]
		switch {
		case j.Held:
		case t.isTime() && h.CPU > MostCPU:
			add("%s does not hold, but this process used %.0f%% of %d processors: "+
				"what phones waited for may be one of ours; use a faster machine or a lower rate", j.Threshold, 100*h.CPU, h.Processors)
		case t.heldWithout(j, out.readLate(t)):
			add("%s does not hold, but what came to this machine was read up to %s late (p99), %s in all: "+
				"without that it may hold; use a faster or an idle machine, or a lower rate",
				j.Threshold, round(h.EchoP99), round(out.readLate(t)))
		case !r.byOurselves(t, m):
		case h.WaitedPermits > 0:
			add("%s does not hold because %d phones waited for one of %d permits; "+
				"without that wait it holds: raise --in-flight", j.Threshold, h.WaitedPermits, h.InFlight)
		default:
			add("%s does not hold because phones started late, %s (p99): this machine is too slow for this rate",
				j.Threshold, round(h.WaitForPermits))
		}
	}
	return why
}

// TimersLate reports whether timers fired so late that nothing can be said of the
// server.
func (h *Health) TimersLate() bool { return h.LagP99 > MostLag && h.LateTimers >= fewLate }

// drops are the datagrams that this machine lost: by our own sockets, where the system
// tells of them.
func (h *Health) drops() uint64 {
	if h.DropsKnown {
		return h.SocketDrops
	}
	return h.BufferErrors
}

// readLate is how much of a stage may be our own: each answer, one after the other, waited until it was read.
func (out *Report) readLate(t Threshold) time.Duration {
	answers := uint64(1)
	if slices.Contains([]string{StagePass, StageService, StageServed}, t.stage) {
		answers = (out.Requests + max(out.Passes, 1) - 1) / max(out.Passes, 1)
	}
	return time.Duration(answers) * out.Health.EchoP99 //nolint:gosec // files of a pass
}

// heldWithout reports whether a threshold on durations that broke would hold if all took so much less.
func (t Threshold) heldWithout(j Judged, ours time.Duration) bool {
	return t.isTime() && j.Value > 0 && t.holds(j.Value-ours.Seconds())
}

// byOurselves reports whether a threshold on whole passes fails only because phones
// started late: others of ours were not done, or this machine was slow.
func (r *run) byOurselves(t Threshold, m *merged) bool {
	if t.stage != StagePass {
		return false
	}
	t.stage = StageService
	return t.judge(m, totals{}).Held
}
