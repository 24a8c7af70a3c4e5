package fleet

import "time"

// totals are a run's sums.
type totals struct {
	counts
	meant, shed uint64
	phones      uint64 // that meant to start
	provisioned uint64 // of them: their last pass ended with the right settings
	unserved    uint64 // of them: given up, or broken off
}

// ratio returns a metric as a number, and what it is a share of.
func (t totals) ratio(metric string) (n, of float64) {
	switch metric {
	case "provisioned":
		return float64(t.provisioned), float64(t.phones)
	case "errors":
		return float64(t.Failed + t.Wrong), float64(t.Passes)
	case "wrong":
		return float64(t.Wrong), float64(t.Passes)
	case "late":
		return float64(t.LateBy), float64(t.Passes)
	case "shed":
		return float64(t.shed), float64(t.meant)
	case "resends":
		return float64(t.Resends), float64(t.Requests)
	default: // timeouts
		return float64(t.Timeouts), float64(t.Requests)
	}
}

// totals sums up the run so far.
func (r *run) totals(c counts) totals {
	t := totals{counts: c}
	r.mu.Lock()
	defer r.mu.Unlock()
	t.meant, t.shed, t.unserved = r.meant, r.shed, uint64(r.unserved)
	for i := range r.members {
		if r.members[i].started {
			t.phones++
		}
		if r.members[i].state == stateOK {
			t.provisioned++
		}
	}
	return t
}

// Progress is a run as it is now.
type Progress struct {
	Took        time.Duration
	Stage       int // from 0
	Final       bool
	Started     uint64 // passes that were meant to start
	OK          uint64 // passes with the right settings
	Failed      uint64 // passes without, wrong settings included
	InFlight    int
	Queued      int           // starts that wait for a permit
	Rate        float64       // passes a second since the last time; at the end, of all
	P50, P99    time.Duration // of the stage pass
	Lag         time.Duration // 99th percentile of how late timers fire
	Provisioned uint64        // phones
	Phones      uint64        // that meant to start
	Fleet       uint64        // phones in all
}

// progress looks at the run.
func (r *run) progress(final bool) Progress {
	t := r.totals(r.counts())
	passes := mergeStage(r.shards, StagePass)
	r.mu.Lock()
	defer r.mu.Unlock()
	p := Progress{
		Took: time.Since(r.began), Stage: r.stage, Final: final,
		Started: t.meant, OK: t.OK, Failed: t.Failed + t.Wrong, InFlight: r.flying, Queued: r.queued,
		Lag: r.health.lagNow(), Provisioned: t.provisioned, Phones: t.phones, Fleet: uint64(len(r.Phones)),
	}
	if passes != nil {
		at := func(q float64) time.Duration { return time.Duration(passes.ValueAtPercentile(q)) * time.Microsecond }
		p.P50, p.P99 = at(50), at(99)
	}
	p.Rate = float64(t.Passes-r.told.passes) / max((p.Took-r.told.at).Seconds(), 1e-3)
	if final {
		p.Rate = float64(t.Passes) / max(p.Took.Seconds(), 1e-3)
	}
	r.told.passes, r.told.at = t.Passes, p.Took
	return p
}

// counts are the sums over passes so far.
func (r *run) counts() counts {
	var sum counts
	for _, s := range r.shards {
		s.mu.Lock()
		sum.add(&s.counts)
		s.mu.Unlock()
	}
	return sum
}

// tally is what was counted so far.
func (r *run) tally() tally {
	t := tally{counts: r.counts(), drops: r.drops.lost.Load(), cpu: cpuTime() - r.health.cpu}
	r.mu.Lock()
	defer r.mu.Unlock()
	t.meant, t.shed = r.meant, r.shed
	return t
}

// makeShards makes the shards that workers share.
func (r *run) makeShards() {
	r.shards = make([]*shard, min(maxShards, r.inFlight))
	for i := range r.shards {
		r.shards[i] = newShard()
	}
}

// maxShards bounds the memory of histograms: about 200 KB a series and shard.
const maxShards = 8

// round leaves of a duration what a person wants to read: three digits.
func round(d time.Duration) time.Duration {
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit)
		}
	}
}
