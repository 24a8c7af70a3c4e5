package fleet

import (
	"errors"
	"slices"
	"strings"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/fipsim/fipsim/simulator/trace"
)

// Report is what was measured. It is made to be written as JSON: format fipsim-load.
type Report struct {
	Format  string    `json:"format"`  // fipsim-load
	Version int       `json:"version"` // 1
	Began   time.Time `json:"began"`
	Seed    uint64    `json:"seed"`
	Servers []string  `json:"servers"` // without user info
	Stages  []string  `json:"stages"`  // each in words
	Ended   string    `json:"ended"`   // done, interrupted, aborted; running, of a Live
	Abort   string    `json:"abort,omitempty"`

	Judgement Judgement `json:"judgement"`

	Took        time.Duration `json:"took"`        // nanoseconds
	Phones      uint64        `json:"phones"`      // that meant to start
	Provisioned uint64        `json:"provisioned"` // of them: with the right settings in the end
	Unserved    uint64        `json:"unserved"`    // of them: given up, or broken off
	Verified    bool          `json:"verified"`    // settings were compared with what was expected

	Meant    uint64  `json:"meant"`  // starts
	Shed     uint64  `json:"shed"`   // of them: the phone was not done with the pass before
	Late     uint64  `json:"late"`   // of them: more than 50 ms late
	Passes   uint64  `json:"passes"` // that ended
	OK       uint64  `json:"ok"`
	Failed   uint64  `json:"failed"`
	Wrong    uint64  `json:"wrong"` // served, but with wrong settings
	Mixed    int     `json:"mixed"` // of them: holds what is another phone's
	Rate     float64 `json:"rate"`  // passes a second
	Requests uint64  `json:"requests"`
	Missing  uint64  `json:"missing"`
	Resends  uint64  `json:"resends"`           // packets
	Searches uint64  `json:"discovery_resends"` // SUBSCRIBEs, DISCOVERs and REQUESTs that were sent again
	Timeouts uint64  `json:"timeouts"`
	Bytes    uint64  `json:"bytes"`

	Outcomes   map[string]uint64     `json:"outcomes"`    // passes
	Errors     map[trace.Code]uint64 `json:"errors"`      // passes that failed, by why
	FileErrors map[trace.Code]uint64 `json:"file_errors"` // files that could not be had, by why
	Latencies  []Latency             `json:"latencies"`

	Course     []Slot          `json:"course"`      // the run's time in at most 241 parts
	HeatBounds []time.Duration `json:"heat_bounds"` // of the parts' heat, nanoseconds

	SIP     *SIPCounts `json:"sip,omitempty"` // nil: no phone heard SIP
	Foreign uint64     `json:"foreign"`       // SIP and DHCP messages that were for no phone that waited

	Thresholds []Judged `json:"thresholds"`
	Invalid    []string `json:"invalid,omitempty"` // why this machine, and not the server, decided what was measured
	Health     Health   `json:"health"`

	Wrongs  []Wrong  `json:"wrong_phones,omitempty"`
	Slowest []Sample `json:"slowest"`           // the slowest first
	Samples []Sample `json:"samples,omitempty"` // passes that failed first
}

// Latency is one histogram, durations in nanoseconds.
type Latency struct {
	Stage     string        `json:"stage"`
	Protocol  string        `json:"protocol,omitempty"` // of discovery: the way
	Outcome   string        `json:"outcome"`
	Count     int64         `json:"count"`
	Mean      time.Duration `json:"mean"`
	P50       time.Duration `json:"p50"`
	P90       time.Duration `json:"p90"`
	P99       time.Duration `json:"p99"`
	P999      time.Duration `json:"p99_9"`
	Max       time.Duration `json:"max"`
	Histogram string        `json:"histogram"` // microseconds; HdrHistogram V2, compressed, Base64

	counts *hdr.Histogram
}

// report sums up the run that has ended; cause is why, nil where it came to its end.
func (r *run) report(cause error) *Report {
	out := r.look()
	out.Ended = "done"
	switch {
	case errors.Is(cause, errAborted):
		out.Ended, out.Abort = "aborted", r.Abort.String()
	case cause != nil:
		out.Ended = "interrupted"
	}
	for i := range out.Latencies {
		out.Latencies[i].encode()
	}
	out.Judgement = out.judge()
	return out
}

// look sums up the run as it is now.
func (r *run) look() *Report {
	m := merge(r.shards)
	t := r.totals(m.counts)
	out := &Report{
		Format: FormatReport, Version: FormatVersion, Began: r.began, Seed: r.Seed, Ended: "running", Took: time.Since(r.began),
		Phones: t.phones, Provisioned: t.provisioned, Unserved: t.unserved,
		Meant: t.meant, Shed: t.shed, Late: t.LateBy, Passes: t.Passes, OK: t.OK, Failed: t.Failed, Wrong: t.Wrong,
		Requests: t.Requests, Missing: t.Missing, Resends: t.Resends, Searches: t.Searches, Timeouts: t.Timeouts, Bytes: t.Bytes,
		Outcomes: m.results, Errors: m.errors, FileErrors: m.files, Latencies: m.latencies(),
	}
	out.Rate = float64(t.Passes) / max(out.Took.Seconds(), 1e-3)
	for _, s := range r.Servers {
		out.Servers = append(out.Servers, withoutUser(s))
	}
	for i := range r.Stages {
		out.Stages = append(out.Stages, r.Stages[i].String())
	}
	for i := range r.Phones {
		out.Verified = out.Verified || r.verify.checks(i)
	}
	out.addNotes(&r.notes)
	out.addSockets(r)
	out.addHealth(r, t, m)
	for _, threshold := range r.Thresholds {
		out.Thresholds = append(out.Thresholds, threshold.judge(m, t))
	}
	out.Course, out.HeatBounds = r.slots.all(r), heatBounds
	out.Invalid = r.invalid(out, m)
	out.Judgement = out.judge()
	return out
}

func (out *Report) addNotes(n *notes) {
	n.mu.Lock()
	defer n.mu.Unlock()
	out.Wrongs, out.Mixed, out.Slowest = slices.Clone(n.wrongs), n.mixed, n.show()
	out.Samples = append(slices.Clone(n.failed), n.sampled...)
}

// addSockets tells what came to the sockets that phones share.
func (out *Report) addSockets(r *run) {
	if len(r.sockets.sip) > 0 {
		r.desk.count(func(c *SIPCounts) {
			counts := *c
			out.SIP = &counts
		})
	}
	for _, s := range r.sockets.sip {
		out.Foreign += s.Foreign()
	}
	for _, s := range r.sockets.dhcp {
		out.Foreign += s.Foreign()
	}
}

func (out *Report) addHealth(r *run, t totals, m *merged) {
	out.Health = r.health.now()
	out.Health.SocketDrops, out.Health.DropsKnown = r.drops.lost.Load(), !r.drops.blind.Load()
	out.Health.InFlight = r.inFlight
	out.Health.WaitedPermits, out.Health.LocalFailures = t.Waited, t.Local
	out.Health.WaitForPermits = m.quantile(StageLate, 99)
	r.parser.mu.Lock()
	defer r.parser.mu.Unlock()
	out.Health.ParsedFiles, out.Health.KnownFiles = r.parser.read, r.parser.met
}

// latencies are the histograms, in the order of a pass.
func (m *merged) latencies() []Latency {
	var all []Latency
	for key, h := range m.series {
		at := func(p float64) time.Duration { return time.Duration(h.ValueAtPercentile(p)) * time.Microsecond }
		l := Latency{
			Stage: key.stage, Protocol: key.protocol, Outcome: key.outcome, Count: h.TotalCount(),
			Mean: time.Duration(h.Mean() * float64(time.Microsecond)), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9),
			Max: time.Duration(h.Max()) * time.Microsecond, counts: h,
		}
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b Latency) int {
		if n := slices.Index(Stages, a.Stage) - slices.Index(Stages, b.Stage); n != 0 {
			return n
		}
		return strings.Compare(a.Protocol+" "+a.Outcome, b.Protocol+" "+b.Outcome)
	})
	return all
}

// encode writes the histogram as text.
func (l *Latency) encode() {
	if text, err := l.counts.EncodeV2(); err == nil { // it is not there where it cannot be written
		l.Histogram = string(text)
	}
}

// withoutUser cuts a user name and a password from a URL.
func withoutUser(u string) string {
	head, rest, ok := strings.Cut(u, "://")
	if !ok {
		head, rest = "", u
	} else {
		head += "://"
	}
	end := len(rest)
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		end = at
	}
	return head + rest[strings.LastIndexByte(rest[:end], '@')+1:]
}
