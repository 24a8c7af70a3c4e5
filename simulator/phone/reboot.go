package phone

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// A server that changes a setting that needs a reboot at every pass would keep a phone
// rebooting for ever.
const (
	loopAfter  = 3  // reboots in a row for the same settings
	mostInARow = 10 // reboots in a row, whatever the settings
)

// rebootLoop counts the reboots in a row that settings asked for. A pass that changes
// no such setting ends the row.
type rebootLoop struct {
	inARow int
	keys   map[string]bool // the settings that asked
	told   bool            // the loop was reported; the phone does not reboot for keys
}

// add takes note that keys ask for a reboot, and reports whether there is to be one.
func (l *rebootLoop) add(keys []string) bool {
	fresh := slices.ContainsFunc(keys, func(k string) bool { return !l.keys[k] })
	if l.inARow >= loopAfter && (!fresh || l.inARow >= mostInARow) {
		return false
	}
	if l.keys == nil {
		l.keys = make(map[string]bool)
	}
	for _, k := range keys {
		l.keys[k] = true
	}
	l.inARow++
	l.told = false
	return true
}

// rebootAfter decides what follows a pass: "for the update of some specific
// configurations which require a reboot before taking effect, for example, network
// configurations, the IP phone will reboot to make the configurations effective after
// auto provisioning is completed" (Guide, "Resolving and Updating Configurations"). It
// returns what asks for the reboot; nothing where there is to be none.
func (p *Phone) rebootAfter(r Pass) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	loop := &p.life.loop
	if len(r.Reboot) == 0 {
		if r.Outcome.OK() {
			*loop = rebootLoop{}
		}
		return ""
	}
	if loop.add(r.Reboot) {
		return strings.Join(r.Reboot, ", ")
	}
	if !loop.told {
		loop.told = true
		p.trace.Record(trace.Event{Kind: trace.RebootLoop, Detail: strings.Join(slices.Sorted(maps.Keys(loop.keys)), ", ")})
	}
	return ""
}

// stayDown is the time from going down to power-on (option reboot_time); false where
// ctx ends first.
func (p *Phone) stayDown(ctx context.Context) bool {
	timer := time.NewTimer(p.options.Behaviour.RebootTime)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
