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
func (r *run) totals(m *merged) totals {
	t := totals{counts: m.counts}
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
	Queued      int // starts that wait for a permit
	Rate        float64
	P50, P99    time.Duration // of the stage pass
	Lag         time.Duration // 99th percentile of how late timers fire
	Provisioned uint64        // phones
	Phones      uint64
}

// progress looks at the run.
func (r *run) progress(final bool) Progress {
	m := merge(r.shards)
	t := r.totals(m)
	r.mu.Lock()
	defer r.mu.Unlock()
	p := Progress{
		Took: time.Since(r.began), Stage: r.stage, Final: final,
		Started: t.meant, OK: t.OK, Failed: t.Failed + t.Wrong, InFlight: r.flying, Queued: r.queued,
		P50: m.quantile(StagePass, 50), P99: m.quantile(StagePass, 99), Lag: r.health.lagNow(),
		Provisioned: t.provisioned, Phones: t.phones,
	}
	p.Rate = float64(t.Passes) / max(p.Took.Seconds(), 1e-3)
	return p
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
