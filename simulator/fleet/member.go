package fleet

import (
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/phone"
)

// member is a phone at rest: no goroutine, no socket, and of its settings only what
// other phones do not hold too. It is its own flash, in memory.
type member struct {
	fleet    *shared
	settings *config.Settings // nil: none yet
	firmware string           // nothing: the one that it was made with
	known    phone.Known

	meant    time.Duration // when it first meant to start and was not served since, counted from the run's start
	failures int32         // passes in a row
	started  bool          // it meant to start at least once
	busy     bool          // waiting for a permit, or in a pass
	waiting  bool          // failed, and comes again
	down     bool          // reboots
	called   bool          // the server asked it for a pass in this stage
	kept     asked         // what the server asked it for during a pass; its why is empty for nothing
	state    state
}

// state is how a phone's last pass ended.
type state uint8

const (
	stateNone state = iota
	stateOK
	stateFailed
	stateWrong // served, but with wrong settings
)

// Load implements phone.Flash.
func (m *member) Load() (phone.State, error) {
	m.fleet.held.RLock()
	defer m.fleet.held.RUnlock()
	s := m.settings
	if s == nil {
		s = new(config.Settings)
	}
	return phone.State{Settings: s, Firmware: m.firmware}, nil
}

// Store implements phone.Flash.
func (m *member) Store(s phone.State) error {
	held := s.Settings.Clone()
	held.Map(m.fleet.settle)
	m.fleet.held.Lock()
	defer m.fleet.held.Unlock()
	m.settings, m.firmware = held, s.Firmware
	return nil
}

// StoreResource implements phone.Flash: resource files are read and thrown away.
func (m *member) StoreResource(string, []byte) error { return nil }

// Clear implements phone.Flash.
func (m *member) Clear(s phone.State) error { return m.Store(s) }
