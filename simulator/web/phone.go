package web

import (
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
)

// Phone is what the page needs of a phone; *phone.Phone is one.
type Phone interface {
	Identity() device.Identity
	Settings() *config.Settings
	Last() phone.Pass
	Status() phone.Status

	// ProfileRule is the provisioning URL, which may hold a password.
	ProfileRule() string
	SetProfileRule(rule string) error
	// Trigger asks for a pass, and does not wait for it.
	Trigger(why device.Trigger)
	// FactoryReset empties flash.
	FactoryReset() error
}
