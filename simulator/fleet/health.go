package fleet

import (
	"runtime"
	"sync"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Health is how this machine did meanwhile.
type Health struct {
	Processors     int           `json:"processors"`
	CPU            float64       `json:"cpu"`              // of all processors, from 0 to 1, by this process
	CPUTime        time.Duration `json:"cpu_time"`         // nanoseconds, user and system
	MachineCPU     float64       `json:"machine_cpu"`      // of all processors, by everything on this machine; 0: not told
	LagP50         time.Duration `json:"lag_p50"`          // how late a timer fired, nanoseconds
	LagP99         time.Duration `json:"lag_p99"`          //
	LagMax         time.Duration `json:"lag_max"`          //
	EchoP50        time.Duration `json:"echo_p50"`         // from a datagram to ourselves until it was read, nanoseconds; 0: not known
	EchoP99        time.Duration `json:"echo_p99"`         //
	LateTimers     uint64        `json:"late_timers"`      // that fired more than 100 ms late
	DispatchP50    time.Duration `json:"dispatch_p50"`     // from a meant start until it was handed out
	DispatchP99    time.Duration `json:"dispatch_p99"`     //
	SocketDrops    uint64        `json:"socket_drops"`     // UDP datagrams that found a full receive buffer of ours
	DropsKnown     bool          `json:"drops_known"`      // the system tells of each socket; otherwise buffer_errors counts instead
	LateStarts     uint64        `json:"late_starts"`      // that were handed out more than 100 ms late
	BufferErrors   uint64        `json:"buffer_errors"`    // the same of all sockets in this network namespace, a server's too
	Goroutines     int           `json:"goroutines"`       // at the end
	HeapBytes      uint64        `json:"heap_bytes"`       // at the end
	PeakRSS        uint64        `json:"peak_rss"`         // bytes
	InFlight       int           `json:"in_flight"`        // passes that could be under way at once
	ParsedFiles    uint64        `json:"parsed_files"`     // boot and cfg files that were read
	KnownFiles     uint64        `json:"known_files"`      // that were known already, byte for byte
	WaitedPermits  uint64        `json:"waited_permits"`   // passes that waited more than 50 ms for one to end
	LocalFailures  uint64        `json:"local_failures"`   // passes that this machine failed
	WaitForPermits time.Duration `json:"wait_permits_p99"` // from a meant start to the first packet
}

// tickEvery is how often the timers are looked at.
const tickEvery = 10 * time.Millisecond

// health watches this machine.
type health struct {
	began      time.Time
	cpu        time.Duration
	machine    machineTime
	errors     uint64
	processors int
	stopping   chan struct{}
	stopped    sync.WaitGroup
	echo       *echo // nil: there is none

	mu       sync.Mutex
	timers   *hdr.Histogram
	worst    time.Duration // since worstSince was asked
	late     uint64        // timers that were later than MostLag
	dispatch *hdr.Histogram

	lateStarts uint64 // that were handed out later than MostLag
}

// startHealth begins to watch; with a socket of its own where phones have sockets of this machine.
func startHealth(sockets bool, processors int) *health {
	if processors <= 0 {
		processors = runtime.GOMAXPROCS(0)
	}
	h := &health{
		began: time.Now(), cpu: cpuTime(), machine: readMachineTime(), errors: bufferErrors(),
		processors: processors, stopping: make(chan struct{}),
		timers: hdr.New(lowest, highest, digits), dispatch: hdr.New(lowest, highest, digits),
	}
	if sockets {
		h.echo = openEcho()
	}
	h.stopped.Go(h.watch)
	return h
}

// watch measures how late its own timer fires.
func (h *health) watch() {
	timer := time.NewTimer(tickEvery)
	defer timer.Stop()
	for {
		due := time.Now().Add(tickEvery)
		timer.Reset(tickEvery)
		select {
		case <-h.stopping:
			return
		case <-timer.C:
		}
		h.fired(time.Since(due))
		h.echo.send()
	}
}

// lag takes how late a start was handed out.
func (h *health) lag(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.dispatch.RecordValue(micros(d))
	if d > MostLag {
		h.lateStarts++
	}
}

// micros is a duration as histograms have it, within their bounds.
func micros(d time.Duration) int64 { return min(max(int64(d/time.Microsecond), lowest), highest) }

// fired takes how late a timer fired.
func (h *health) fired(late time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.timers.RecordValue(micros(late))
	h.worst = max(h.worst, late)
	if late > MostLag {
		h.late++
	}
}

// worstSince is the latest that a timer fired since it was asked before.
func (h *health) worstSince() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	worst := h.worst
	h.worst = 0
	return worst
}

// stop ends watching.
func (h *health) stop() {
	close(h.stopping)
	h.stopped.Wait()
	h.echo.close()
}

// now sums up.
func (h *health) now() Health {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	h.mu.Lock()
	defer h.mu.Unlock()
	at := func(x *hdr.Histogram, p float64) time.Duration {
		return time.Duration(x.ValueAtPercentile(p)) * time.Microsecond
	}
	r := Health{
		Processors: h.processors, CPUTime: cpuTime() - h.cpu, MachineCPU: readMachineTime().since(h.machine),
		LateTimers: h.late, LagP50: at(h.timers, 50), LagP99: at(h.timers, 99), LagMax: at(h.timers, 100),
		DispatchP50: at(h.dispatch, 50), DispatchP99: at(h.dispatch, 99), LateStarts: h.lateStarts,
		BufferErrors: bufferErrors() - h.errors,
		Goroutines:   runtime.NumGoroutine(), HeapBytes: mem.HeapAlloc, PeakRSS: peakRSS(),
	}
	r.EchoP50, r.EchoP99 = h.echo.at(50), h.echo.at(99)
	r.CPU = float64(r.CPUTime) / float64(max(time.Since(h.began), 1)) / float64(r.Processors)
	return r
}

// lagNow is the timers' 99th percentile so far.
func (h *health) lagNow() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Duration(h.timers.ValueAtPercentile(99)) * time.Microsecond
}
