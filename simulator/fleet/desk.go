package fleet

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
)

// SIPCounts counts what came to the phones' SIP socket and was no part of discovery.
type SIPCounts struct {
	Requests  uint64 `json:"requests"`   // that were answered
	Again     uint64 `json:"again"`      // of them: sent again by who missed the answer
	CheckSync uint64 `json:"check_sync"` // of them: asked a phone for a pass
	Reboots   uint64 `json:"reboots"`    // of those: with reboot=true, or as the phone's settings have it
	Kept      uint64 `json:"kept"`       // of those: came during a pass, and were served once after it
	Unknown   uint64 `json:"unknown"`    // answered 404: no phone of the fleet has that name
	Dropped   uint64 `json:"dropped"`    // neither a request that can be answered nor an answer that was waited for
}

// desk answers for all phones, at rest or in a pass, what comes to the shared SIP
// socket, and tells the dispatcher whom a server asked to provision. A phone is known
// by the user of the Request-URI: MAC<mac>, as its PnP SUBSCRIBE has it, its MAC alone,
// or the user name of an account that it was provisioned with.
type desk struct {
	run  *run
	core *phone.SIPDesk
	wake chan struct{} // has one element when there is something in asked

	mu     sync.Mutex
	counts SIPCounts
	users  map[string]int32 // of accounts
	asked  []asked
}

// asked is a pass that a server asked a phone for.
type asked struct {
	phone int32
	why   device.Trigger
	at    time.Duration // counted from the beginning of the run
}

func newDesk(r *run) *desk {
	return &desk{run: r, core: phone.NewSIPDesk(), wake: make(chan struct{}, 1), users: make(map[string]int32)}
}

// answer takes what belongs to no search.
func (d *desk) answer(raw []byte, from netip.AddrPort) ([]byte, netip.AddrPort) {
	who := int32(-1)
	a := d.core.Answer(raw, from, func(user string) *phone.SIPHolder {
		var held *phone.SIPHolder
		who, held = d.find(user)
		return held
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &d.counts
	switch {
	case a.Bytes == nil:
		c.Dropped++
		return nil, a.To
	case a.Unknown:
		c.Unknown++
	}
	c.Requests++
	if a.Again {
		c.Again++
	}
	if a.Trigger != "" {
		c.CheckSync++
		d.asked = append(d.asked, asked{who, a.Trigger, time.Since(d.run.began)})
		select {
		case d.wake <- struct{}{}:
		default: // the dispatcher is awake already
		}
	}
	return a.Bytes, a.To
}

// take returns who was asked since it was called last.
func (d *desk) take() []asked {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.asked
	d.asked = nil
	return all
}

// find tells who a user is.
func (d *desk) find(user string) (int32, *phone.SIPHolder) {
	who, ok := int32(0), false
	if mac, err := device.ParseMAC(strings.TrimPrefix(user, "MAC")); err == nil {
		who, ok = d.run.verify.macs[mac]
	}
	if !ok {
		d.mu.Lock()
		who, ok = d.users[user]
		d.mu.Unlock()
	}
	if !ok {
		return -1, nil
	}
	return who, d.run.holder(int(who))
}

// knows keeps the names of the accounts that a phone was provisioned with.
func (d *desk) knows(i int, settings *config.Settings) {
	if d.run.SIP == "" {
		return
	}
	highest, ok := device.Accounts(d.run.Phones[i].Model)
	if !ok {
		highest, _ = device.Accounts(device.DefaultModel)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for n := 1; n <= highest; n++ {
		if a := settings.Account(n); a.Enabled && a.User != "" {
			d.users[a.User] = int32(i)
		}
	}
}

// count adds to the counts.
func (d *desk) count(add func(*SIPCounts)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	add(&d.counts)
}

// holder is phone i as its answers need it. It has power from the first stage on that
// it is part of, but while it reboots.
func (r *run) holder(i int) *phone.SIPHolder {
	r.mu.Lock()
	stage, off := r.stage, i >= r.powered || r.members[i].down
	r.mu.Unlock()
	state, _ := r.members[i].Load() // never fails
	id := r.identity(stage, i)
	if state.Firmware != "" {
		id.Firmware = state.Firmware
	}
	return &phone.SIPHolder{Identity: id.WithDefaults(), Behaviour: r.Behaviour, Settings: state.Settings, Off: off}
}

// identity is what phone i tells about itself in a stage.
func (r *run) identity(stage, i int) device.Identity {
	id := device.Identity{MAC: r.Phones[i].MAC, Model: r.Phones[i].Model}
	if id.Model == "" {
		id.Model, id.Firmware, _ = strings.Cut(r.Stages[stage].Models.pick(r.seedOf(stage)+2, i), "/")
	}
	return id
}

// seedOf is a stage's seed.
func (r *run) seedOf(stage int) uint64 { return r.Seed + uint64(stage)*0x51_7c_c1 }
