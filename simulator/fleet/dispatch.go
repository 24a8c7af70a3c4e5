package fleet

import (
	"context"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/wire"
)

// job is a pass that a worker is to make.
type job struct {
	start
	meant time.Duration // counted from the beginning of the run
	ready time.Duration // when it was handed out: later than meant is our own lag
	full  bool          // all permits were taken then: what it waits for is one of them

	waited time.Duration // for permits, before its first packet
}

// result is a pass that a worker made.
type result struct {
	start
	state state
	ended time.Duration // counted from the beginning of the stage
}

// dispatcher is one stage under way. All of it belongs to one goroutine.
type dispatcher struct {
	*run
	stage    *Stage
	pacer    Pacer
	began    time.Duration // when the stage began, counted from the run's beginning
	schedule schedule
	queue    []job // due, and waiting for a permit
	flying   int
	pending  int           // starts of the pacer's in schedule; the others come again
	last     time.Duration // the latest start of the pacer's
	hears    time.Duration // how long it goes on for NOTIFYs; 0: for the pacer's starts alone
	called   int           // phones that a NOTIFY came for
	over     bool          // nothing is handed out any more
}

// runStage runs stage i until all its passes have ended, its limit is over, or ctx
// ends.
func (r *run) runStage(ctx context.Context, i int) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	s := &r.Stages[i]
	seed := r.seedOf(i)
	d := &dispatcher{run: r, stage: s, pacer: r.pacer(s, seed), began: time.Since(r.began), hears: s.hears(&r.Options)}
	d.last = d.hears
	d.schedule = newSchedule(d.pacer, s.Phones)
	d.pending = len(d.schedule)

	work, done := make(chan job), make(chan result, r.inFlight)
	var workers sync.WaitGroup
	for n := range min(r.inFlight, s.Phones) {
		w := &worker{run: r, stage: s, number: i, seed: seed, sink: sink{shard: r.shards[n%len(r.shards)]}}
		workers.Go(func() {
			for j := range work {
				done <- w.pass(ctx, j)
			}
		})
	}
	d.loop(ctx, end, work, done)
	close(work)
	workers.Wait()
	d.forget()
}

// now is the time counted from the beginning of the stage.
func (d *dispatcher) now() time.Duration { return time.Since(d.run.began) - d.began }

// loop hands out what is due and takes what is done.
func (d *dispatcher) loop(ctx context.Context, end context.CancelCauseFunc, work chan<- job, done <-chan result) {
	_, sockets := d.Network.(wire.OS)
	bell := newAlarm(sockets)
	defer bell.stop()
	bell.at(d.run.began)
	cancelled := ctx.Done()
	for {
		var out chan<- job
		var head job
		if len(d.queue) > 0 {
			out, head = work, d.queue[0]
		}
		if d.flying == 0 && out == nil && len(d.schedule) == 0 && !d.listening() {
			return
		}
		select {
		case out <- head:
			d.queue = d.queue[1:]
			d.flying++
		case res := <-done:
			d.flying--
			d.ended(res)
		case <-bell.C:
			bell.rang()
		case <-d.desk.wake:
			d.serveAsked()
		case <-cancelled:
			d.schedule, d.queue, d.over, cancelled = nil, nil, true, nil
			continue
		}
		if !d.over {
			d.arm(bell, end)
		}
		d.publish()
	}
}

// arm moves what is due into the queue, and sets the alarm for what comes next.
func (d *dispatcher) arm(bell *alarm, end context.CancelCauseFunc) {
	now := d.now()
	for {
		s, ok := d.schedule.due(now)
		if !ok {
			break
		}
		d.begin(s, now)
	}
	next := now + time.Hour
	if len(d.schedule) > 0 {
		next = d.schedule[0].at
	}
	if d.listening() {
		next = min(next, d.hears)
	}
	if d.pending == 0 {
		if now > d.last+d.Limit {
			end(errLimit)
			return
		}
		next = min(next, d.last+d.Limit+1)
	}
	bell.at(d.run.began.Add(d.began + next))
}

// begin puts a phone whose time has come into the queue, unless it is not done with
// its pass before: that start is shed, and counted.
func (d *dispatcher) begin(s start, now time.Duration) {
	m := &d.members[s.phone]
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case s.why != byStage:
		d.meant++
		m.started, m.down = true, false
		if m.busy || m.waiting {
			d.keep(m, asked{s.phone, s.trigger(d.stage), d.began + s.at})
			return
		}
	case s.again && !m.waiting: // a reboot came before
		return
	case !s.again:
		d.meant++
		d.pending--
		d.last = max(d.last, s.at)
		if at, ok := d.pacer.Start(int(s.phone), int(s.pass)+1); ok {
			d.pending++
			d.schedule.add(start{at: at, phone: s.phone, pass: s.pass + 1})
		}
		if m.busy || m.waiting || m.down {
			d.shed++
			return
		}
		m.started = true
	}
	if m.failures == 0 {
		m.meant = d.began + s.at
	}
	m.busy, m.waiting = true, false
	d.queue = append(d.queue, job{
		start: s, meant: d.began + s.at, ready: d.began + now, full: d.flying+len(d.queue) >= d.inFlight,
	})
}

// ended takes a pass that is done, and lets the phone come again where that is its way.
func (d *dispatcher) ended(res result) {
	m := &d.members[res.phone]
	d.mu.Lock()
	defer d.mu.Unlock()
	m.busy, m.state = false, res.state
	defer d.serveKept(m)
	if res.state == stateNone {
		d.unserved++
	}
	if res.state != stateFailed {
		m.failures = 0
		return
	}
	m.failures++
	retrier, ok := d.pacer.(Retrier)
	if !ok {
		m.failures = 0
		return
	}
	wait, ok := retrier.Again(int(res.phone), int(m.failures))
	switch {
	case !ok:
	case d.over: // it would have come again
		d.unserved++
	default:
		m.waiting = true
		d.schedule.add(start{at: res.ended + wait, phone: res.phone, pass: res.pass, again: true})
	}
}

// publish shows what a Progress tells.
func (d *dispatcher) publish() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.run.flying, d.run.queued = d.flying, len(d.queue)
	d.mostFlying, d.mostQueued = max(d.mostFlying, d.flying), max(d.mostQueued, len(d.queue))
}

// forget ends the stage for phones that it did not serve.
func (d *dispatcher) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.run.flying, d.run.queued = 0, 0
	for i := range d.members {
		m := &d.members[i]
		if m.busy || m.waiting {
			d.unserved++
		}
		m.busy, m.waiting, m.failures, m.down, m.called, m.kept = false, false, 0, false, false, asked{}
	}
}
