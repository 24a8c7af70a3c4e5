package phone

import (
	"github.com/fipsim/fipsim/simulator/config"
)

// Flash is what a phone keeps through a power cut.
type Flash interface {
	// Load returns what was stored last: the zero State, with empty Settings, where
	// nothing was.
	Load() (State, error)
	// Store replaces what is held, whole or not at all.
	Store(State) error
	// StoreResource replaces the resource file that a setting names, whole or not at
	// all.
	StoreResource(key string, body []byte) error
	// Clear removes the resource files and replaces what is held by State.
	Clear(State) error
}

// State is the content of a phone's flash.
type State struct {
	Settings *config.Settings
	Firmware string // what runs after the next boot; empty: what the phone was made with
}

// Memory is a flash that lasts as long as its process. The zero value is empty. It
// keeps no resource files.
type Memory struct{ state State }

// Load implements Flash.
func (m *Memory) Load() (State, error) {
	if m.state.Settings == nil {
		return State{Settings: new(config.Settings)}, nil
	}
	return m.state, nil
}

// Store implements Flash.
func (m *Memory) Store(s State) error {
	m.state = s
	return nil
}

// StoreResource implements Flash.
func (m *Memory) StoreResource(string, []byte) error { return nil }

// Clear implements Flash.
func (m *Memory) Clear(s State) error { return m.Store(s) }
