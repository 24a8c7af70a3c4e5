package fleet

import (
	"path"
	"strings"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// maxEvents bounds the events of one pass that are kept until it ends.
const maxEvents = 1000

// sink is a worker's trace.Sink: it adds the events of the pass that is under way to a
// shard, and keeps them until it is known whether anybody wants to see them. What is
// fetched after the settings were applied is a resource.
type sink struct {
	shard *shard

	mu       sync.Mutex
	boot     string // names of this phone's own files
	cfg      string
	bare     string
	protocol string
	began    time.Time // when the pass did
	fetched  time.Time // when the last file came
	applied  bool
	events   []trace.Event
	dropped  int
}

// begin forgets the pass before.
func (s *sink) begin(mac device.MAC) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bare = mac.String()
	s.boot, s.cfg = s.bare+".boot", s.bare+".cfg"
	s.protocol, s.fetched, s.applied = "", time.Time{}, false
	s.events, s.dropped = s.events[:0], 0
}

// Record implements trace.Sink.
func (s *sink) Record(e trace.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.events) < maxEvents {
		s.events = append(s.events, e)
	} else {
		s.dropped++
	}
	switch e.Kind {
	case trace.PassStart:
		s.began = e.At
	case trace.SourceFound:
		s.found(e)
	case trace.SourceNothing:
		s.observe(StageDiscovery, e.Name, "nothing", e.At.Sub(s.began))
	case trace.FetchRequest:
		if e.Attempt > 1 {
			s.count(func(c *counts) { c.Resends++ })
		}
	case trace.PnPSubscribe, trace.DHCPDiscover, trace.DHCPRequest:
		if e.Attempt > 1 {
			s.count(func(c *counts) { c.Searches++ })
		}
	case trace.FetchDone, trace.FetchMissing, trace.FetchFailed:
		s.file(e)
	case trace.ConfigApplied:
		s.applied = true
		if !s.fetched.IsZero() {
			s.observe(StageMerge, "", "applied", e.At.Sub(s.fetched))
		}
	}
}

func (s *sink) count(add func(*counts)) {
	s.shard.mu.Lock()
	defer s.shard.mu.Unlock()
	add(&s.shard.counts)
}

func (s *sink) observe(stage, protocol, outcome string, d time.Duration) {
	s.shard.mu.Lock()
	defer s.shard.mu.Unlock()
	s.shard.observe(series{stage, protocol, outcome}, d)
}

// found is the end of discovery.
func (s *sink) found(e trace.Event) {
	s.protocol = scheme(e.URL)
	s.observe(StageDiscovery, e.Name, "found", e.Took)
}

// file is the end of one file.
func (s *sink) file(e trace.Event) {
	s.fetched = e.At
	outcome := "done"
	switch e.Kind {
	case trace.FetchMissing:
		outcome = "missing"
	case trace.FetchFailed:
		outcome = "failed"
	}
	s.shard.mu.Lock()
	defer s.shard.mu.Unlock()
	c := &s.shard.counts
	c.Requests++
	c.Bytes += uint64(max(e.Bytes, 0))
	switch outcome {
	case "missing":
		c.Missing++
	case "failed":
		s.shard.files[e.Fault]++
		if e.Fault == trace.NoAnswer {
			c.Timeouts++
		}
	}
	s.shard.observe(series{s.stageOf(e.Name), scheme(e.URL), outcome}, e.Took)
}

// stageOf tells what a file is by its name.
func (s *sink) stageOf(name string) string {
	name = path.Base(name)
	switch {
	case s.applied:
		return StageResource
	case name == device.CommonBoot:
		return StageCommonBoot
	case name == device.CommonCfg:
		return StageCommonCfg
	case name == s.boot:
		return StageMACBoot
	case name == s.cfg, name == s.bare:
		return StageMACCfg
	default:
		return StageOtherCfg
	}
}

// keep returns a copy of the pass's events, in the room that is given where that is
// enough, and how many more there were.
func (s *sink) keep(room []trace.Event) (events []trace.Event, more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(room[:0], s.events...), s.dropped
}

// scheme returns the scheme of a URL, empty where it has none.
func scheme(u string) string {
	if at := strings.Index(u, "://"); at > 0 {
		return u[:at]
	}
	return ""
}
