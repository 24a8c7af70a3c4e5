package fleet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// Report is what was measured. It is made to be written as JSON: format fipsim-load.
type Report struct {
	Format  string    `json:"format"`  // fipsim-load
	Version int       `json:"version"` // 1
	Began   time.Time `json:"began"`
	Seed    uint64    `json:"seed"`
	Servers []string  `json:"servers"` // without user info
	Stages  []string  `json:"stages"`  // each in words
	Ended   string    `json:"ended"`   // done, interrupted, aborted
	Abort   string    `json:"abort,omitempty"`

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
	Resends  uint64  `json:"resends"`
	Timeouts uint64  `json:"timeouts"`
	Bytes    uint64  `json:"bytes"`

	Outcomes   map[string]uint64     `json:"outcomes"`    // passes
	Errors     map[trace.Code]uint64 `json:"errors"`      // passes that failed, by why
	FileErrors map[trace.Code]uint64 `json:"file_errors"` // files that could not be had, by why
	Latencies  []Latency             `json:"latencies"`

	Thresholds []Judged `json:"thresholds"`
	Invalid    []string `json:"invalid,omitempty"` // why this machine, and not the server, decided what was measured
	Health     Health   `json:"health"`

	Wrongs  []Wrong  `json:"wrong_phones,omitempty"`
	Slowest []Slow   `json:"slowest"`
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

// report sums up the run; cause is why it ended, nil where it came to its end.
func (r *run) report(cause error) *Report {
	m := merge(r.shards)
	t := r.totals(m)
	out := &Report{
		Format: "fipsim-load", Version: 1, Began: r.began, Seed: r.Seed, Ended: "done", Took: time.Since(r.began),
		Phones: t.phones, Provisioned: t.provisioned, Unserved: t.unserved,
		Meant: t.meant, Shed: t.shed, Late: t.LateBy, Passes: t.Passes, OK: t.OK, Failed: t.Failed, Wrong: t.Wrong,
		Requests: t.Requests, Missing: t.Missing, Resends: t.Resends, Timeouts: t.Timeouts, Bytes: t.Bytes,
		Outcomes: m.results, Errors: m.errors, FileErrors: m.files, Latencies: m.latencies(),
	}
	out.Rate = float64(t.Passes) / max(out.Took.Seconds(), 1e-3)
	for _, s := range r.Servers {
		out.Servers = append(out.Servers, withoutUser(s))
	}
	for i := range r.Stages {
		out.Stages = append(out.Stages, r.Stages[i].String())
	}
	switch {
	case errors.Is(cause, errAborted):
		out.Ended, out.Abort = "aborted", r.Abort.String()
	case cause != nil:
		out.Ended = "interrupted"
	}
	for i := range r.Phones {
		out.Verified = out.Verified || r.verify.checks(i)
	}
	out.addNotes(&r.notes)
	out.addHealth(r, t, m)
	for _, threshold := range r.Thresholds {
		out.Thresholds = append(out.Thresholds, threshold.judge(m, t))
	}
	out.Invalid = r.invalid(out, m)
	return out
}

func (out *Report) addNotes(n *notes) {
	n.mu.Lock()
	defer n.mu.Unlock()
	out.Wrongs, out.Mixed, out.Slowest = n.wrongs, n.mixed, n.slowest
	out.Samples = append(slices.Clone(n.failed), n.sampled...)
}

func (out *Report) addHealth(r *run, t totals, m *merged) {
	out.Health = r.health.result
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
		if text, err := h.EncodeV2(); err == nil {
			l.Histogram = string(text)
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

// Verdict returns nil where the load was borne, a *verdict.Fail where the server is to
// blame, and a *verdict.Error where nothing can be said of it.
func (out *Report) Verdict() error {
	if len(out.Invalid) > 0 {
		return &verdict.Error{Err: fmt.Errorf("invalid: %s", strings.Join(out.Invalid, "; "))}
	}
	var bad []string
	if out.Ended == "aborted" {
		bad = append(bad, "aborted: "+out.Abort)
	}
	if out.Wrong > 0 {
		bad = append(bad, fmt.Sprintf("%d passes ended with wrong settings", out.Wrong))
	}
	for _, j := range out.Thresholds {
		if !j.Held {
			bad = append(bad, fmt.Sprintf("%s does not hold: %s", j.Threshold, j.Shown))
		}
	}
	if len(out.Thresholds) == 0 && out.Provisioned < out.Phones && out.Ended == "done" {
		bad = append(bad, fmt.Sprintf("%d of %d phones were not provisioned", out.Phones-out.Provisioned, out.Phones))
	}
	switch {
	case len(bad) > 0:
		return &verdict.Fail{Err: errors.New(strings.Join(bad, "; "))}
	case out.Ended == "interrupted":
		return &verdict.Error{Err: errors.New("interrupted: what was until then says nothing of the whole")}
	case out.Passes == 0:
		return &verdict.Error{Err: errors.New("no pass ended")}
	}
	return nil
}
