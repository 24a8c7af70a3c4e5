package fleet

import (
	"fmt"
	"time"
)

// What this machine may do wrong before nothing can be said of the server.
const (
	mostLag   = 100 * time.Millisecond // 99th percentile of a timer, or of handing out a start
	mostDrops = 0.001                  // datagrams lost in receive buffers, of the files that were asked for
	mostLocal = 0                      // passes that failed for want of a socket or a port
)

// invalid says where this machine, and not the server, decided what was measured.
func (r *run) invalid(out *Report, m *merged) []string {
	var why []string
	add := func(format string, args ...any) { why = append(why, fmt.Sprintf(format, args...)) }
	h := &out.Health
	if h.LagP99 > mostLag {
		add("timers fired %s late (p99) on this machine: its processors are too busy (%.0f%% by this process); use a faster or an idle one",
			round(h.LagP99), 100*h.CPU)
	}
	if h.DispatchP99 > mostLag {
		add("starts were handed out %s late (p99): this machine is too slow for this rate", round(h.DispatchP99))
	}
	if h.BufferErrors > 0 && float64(h.BufferErrors) > mostDrops*float64(out.Requests) {
		add("%d datagrams were lost in full receive buffers of this machine: raise net.core.rmem_default", h.BufferErrors)
	}
	if h.LocalFailures > mostLocal {
		add("%d passes failed on this machine for want of a socket, a port or memory: "+
			"raise ulimit -n, or give more addresses with --local", h.LocalFailures)
	}
	for i, j := range out.Thresholds {
		if t := r.Thresholds[i]; !j.Held && r.byPermits(t, m) {
			add("%s does not hold because %d phones waited for one of %d permits; "+
				"without that wait it holds: raise --in-flight", j.Threshold, h.WaitedPermits, h.InFlight)
		}
	}
	return why
}

// byPermits reports whether a threshold on whole passes fails only because phones
// waited for others of ours to be done.
func (r *run) byPermits(t Threshold, m *merged) bool {
	if t.stage != StagePass {
		return false
	}
	t.stage = StageService
	return t.judge(m, totals{}).Held
}
