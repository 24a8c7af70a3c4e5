package fleet

import (
	"fmt"
	"time"
)

// What this machine may do wrong before nothing can be said of the server.
const (
	mostLag   = 100 * time.Millisecond // 99th percentile of a timer, or of handing out a start
	mostDrops = 0.001                  // datagrams lost in receive buffers, of the files that were asked for
	mostCPU   = 0.9                    // of all processors, by this process, where a threshold on durations broke
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
	if n := h.drops(); n > 0 && float64(n) > mostDrops*float64(out.Requests) {
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
		case t.isTime() && h.CPU > mostCPU:
			add("%s does not hold, but this process used %.0f%% of %d processors: "+
				"what phones waited for may be one of ours; use a faster machine or a lower rate", j.Threshold, 100*h.CPU, h.Processors)
		case r.byPermits(t, m):
			add("%s does not hold because %d phones waited for one of %d permits; "+
				"without that wait it holds: raise --in-flight", j.Threshold, h.WaitedPermits, h.InFlight)
		}
	}
	return why
}

// drops are the datagrams that this machine lost: by our own sockets, where the system
// tells of them.
func (h *Health) drops() uint64 {
	if h.DropsKnown {
		return h.SocketDrops
	}
	return h.BufferErrors
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
