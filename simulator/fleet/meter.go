package fleet

import (
	"sync"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/fipsim/fipsim/simulator/trace"
)

// The stages of a pass that are measured.
const (
	StageDiscovery  = "discovery"   // until the server's address was known
	StageCommonBoot = "common-boot" // one file, from the first request to the last byte
	StageMACBoot    = "mac-boot"    //
	StageCommonCfg  = "common-cfg"  //
	StageMACCfg     = "mac-cfg"     // the phone's own cfg file, by either name
	StageOtherCfg   = "other-cfg"   // a cfg file that a boot file includes
	StageResource   = "resource"    // a phonebook, a firmware
	StageMerge      = "merge"       // from the last file until the settings were applied
	StageService    = "service"     // the whole pass, from its first packet
	StagePass       = "pass"        // the whole pass, from the moment at which the phone meant to start
	StageServed     = "served"      // from there until the phone was provisioned, passes that failed and waiting included
	StageLate       = "late"        // from the moment at which a phone meant to start until it did
)

// Stages lists them in the order of a pass.
var Stages = []string{
	StageLate, StageDiscovery, StageCommonBoot, StageMACBoot, StageCommonCfg, StageMACCfg, StageOtherCfg, StageResource,
	StageMerge, StageService, StagePass, StageServed,
}

// The bounds of a histogram, in microseconds: three digits are kept of each value.
const (
	lowest  = 1
	highest = int64(24 * time.Hour / time.Microsecond)
	digits  = 3
)

// series names one histogram.
type series struct {
	stage, protocol, outcome string
}

// counts are the sums over passes.
type counts struct {
	Passes   uint64 // that ended
	OK       uint64 // with the right settings
	Wrong    uint64 // served, but with wrong settings
	Failed   uint64
	Requests uint64 // files that were asked for
	Missing  uint64 // of them: the server has none
	Resends  uint64 // packets that were sent again after silence
	Searches uint64 // messages of discovery that were sent again after silence
	Timeouts uint64 // files for which no answer came
	Bytes    uint64
	Waited   uint64 // passes that waited for a permit
	LateBy   uint64 // starts that were late
	Local    uint64 // passes that our own machine failed
}

func (c *counts) add(o *counts) {
	c.Passes += o.Passes
	c.OK += o.OK
	c.Wrong += o.Wrong
	c.Failed += o.Failed
	c.Requests += o.Requests
	c.Missing += o.Missing
	c.Resends += o.Resends
	c.Searches += o.Searches
	c.Timeouts += o.Timeouts
	c.Bytes += o.Bytes
	c.Waited += o.Waited
	c.LateBy += o.LateBy
	c.Local += o.Local
}

// shard is what some of the workers measured. Its size does not grow with what is
// measured: there are only so many series.
type shard struct {
	mu      sync.Mutex
	counts  counts
	recent  *hdr.Histogram // whole passes since the last look at the run's course; nil: none
	series  map[series]*hdr.Histogram
	errors  map[trace.Code]uint64 // passes that failed, by why
	files   map[trace.Code]uint64 // files that could not be had, by why
	results map[string]uint64     // passes by outcome
}

func newShard() *shard {
	return &shard{
		series: make(map[series]*hdr.Histogram), errors: make(map[trace.Code]uint64),
		files: make(map[trace.Code]uint64), results: make(map[string]uint64),
	}
}

// observe records one duration; s.mu is held.
func (s *shard) observe(key series, d time.Duration) {
	h := s.series[key]
	if h == nil {
		h = hdr.New(lowest, highest, digits)
		s.series[key] = h
	}
	_ = h.RecordValue(micros(d)) // within its bounds
}

// ended records a whole pass for the run's course; s.mu is held.
func (s *shard) ended(d time.Duration) {
	if s.recent == nil {
		s.recent = hdr.New(lowest, highest, slotDigits)
	}
	_ = s.recent.RecordValue(micros(d)) // within its bounds
}

// merged is the sum of shards, exact: all histograms have the same bounds.
type merged struct{ shard }

func merge(shards []*shard) *merged {
	m := &merged{shard{
		series: make(map[series]*hdr.Histogram), errors: make(map[trace.Code]uint64),
		files: make(map[trace.Code]uint64), results: make(map[string]uint64),
	}}
	for _, s := range shards {
		m.addShard(s)
	}
	return m
}

func (m *merged) addShard(s *shard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.counts.add(&s.counts)
	for key, h := range s.series {
		if m.series[key] == nil {
			m.series[key] = h.Clone()
		} else {
			m.series[key].Merge(h)
		}
	}
	addAll(m.errors, s.errors)
	addAll(m.files, s.files)
	addAll(m.results, s.results)
}

// mergeStage returns one histogram of all that was measured of a stage; nil for
// nothing.
func mergeStage(shards []*shard, stage string) *hdr.Histogram {
	var all *hdr.Histogram
	for _, s := range shards {
		s.mu.Lock()
		for key, h := range s.series {
			switch {
			case key.stage != stage:
			case all == nil:
				all = h.Clone()
			default:
				all.Merge(h)
			}
		}
		s.mu.Unlock()
	}
	return all
}

func addAll[K comparable](to, from map[K]uint64) {
	for key, n := range from {
		to[key] += n
	}
}

// stage returns one histogram of all that was measured of a stage; nil for nothing.
func (m *merged) stage(name string) *hdr.Histogram {
	var all *hdr.Histogram
	for key, h := range m.series {
		switch {
		case key.stage != name:
		case all == nil:
			all = h.Clone()
		default:
			all.Merge(h)
		}
	}
	return all
}

// quantile returns a stage's quantile, from 0 to 100; 0 where nothing was measured.
func (m *merged) quantile(stage string, percent float64) time.Duration {
	h := m.stage(stage)
	if h == nil {
		return 0
	}
	return time.Duration(h.ValueAtPercentile(percent)) * time.Microsecond
}
