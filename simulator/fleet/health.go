package fleet

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Health is how this machine did meanwhile.
type Health struct {
	Processors     int           `json:"processors"`
	CPU            float64       `json:"cpu"`              // of all processors, from 0 to 1, by this process
	CPUTime        time.Duration `json:"cpu_time"`         // nanoseconds, user and system
	LagP50         time.Duration `json:"lag_p50"`          // how late a timer fired, nanoseconds
	LagP99         time.Duration `json:"lag_p99"`          //
	DispatchP99    time.Duration `json:"dispatch_p99"`     // from a meant start until it was handed out
	BufferErrors   uint64        `json:"buffer_errors"`    // UDP datagrams that found a full receive buffer, in this network namespace
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
	began    time.Time
	cpu      time.Duration
	errors   uint64
	stopping chan struct{}
	stopped  sync.WaitGroup

	mu       sync.Mutex
	timers   *hdr.Histogram
	dispatch *hdr.Histogram
	result   Health
}

func startHealth() *health {
	h := &health{
		began: time.Now(), cpu: cpuTime(), errors: bufferErrors(), stopping: make(chan struct{}),
		timers: hdr.New(lowest, highest, digits), dispatch: hdr.New(lowest, highest, digits),
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
		h.mu.Lock()
		_ = h.timers.RecordValue(micros(time.Since(due)))
		h.mu.Unlock()
	}
}

// lag takes how late a start was handed out.
func (h *health) lag(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.dispatch.RecordValue(micros(d))
}

// micros is a duration as histograms have it, within their bounds.
func micros(d time.Duration) int64 { return min(max(int64(d/time.Microsecond), lowest), highest) }

// stop ends watching and sums up.
func (h *health) stop() {
	close(h.stopping)
	h.stopped.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	at := func(x *hdr.Histogram, p float64) time.Duration {
		return time.Duration(x.ValueAtPercentile(p)) * time.Microsecond
	}
	r := &h.result
	r.Processors = runtime.GOMAXPROCS(0)
	r.CPUTime = cpuTime() - h.cpu
	r.CPU = float64(r.CPUTime) / float64(max(time.Since(h.began), 1)) / float64(r.Processors)
	r.LagP50, r.LagP99, r.DispatchP99 = at(h.timers, 50), at(h.timers, 99), at(h.dispatch, 99)
	r.BufferErrors = bufferErrors() - h.errors
	r.Goroutines, r.HeapBytes, r.PeakRSS = runtime.NumGoroutine(), mem.HeapAlloc, peakRSS()
}

// lagNow is the timers' 99th percentile so far.
func (h *health) lagNow() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Duration(h.timers.ValueAtPercentile(99)) * time.Microsecond
}

// bufferErrors is the namespace's RcvbufErrors of UDP (RFC 4113's udpInErrors has them
// among others; proc(5), /proc/net/snmp); 0 where the system does not tell.
func bufferErrors() uint64 {
	text, err := os.ReadFile("/proc/self/net/snmp")
	if err != nil {
		return 0
	}
	return readBufferErrors(string(text))
}

// readBufferErrors finds UDP's RcvbufErrors in /proc/net/snmp, where a line of names
// stands above a line of values.
func readBufferErrors(text string) uint64 {
	var names []string
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "Udp:" {
			continue
		}
		if names == nil {
			names = f
			continue
		}
		for i := range min(len(names), len(f)) {
			if names[i] == "RcvbufErrors" {
				n, err := strconv.ParseUint(f[i], 10, 64)
				if err != nil {
					return 0
				}
				return n
			}
		}
	}
	return 0
}

// peakRSS is the most memory that this process had, in bytes; 0 where the system does
// not tell.
func peakRSS() uint64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				return n << 10
			}
		}
	}
	return 0
}
