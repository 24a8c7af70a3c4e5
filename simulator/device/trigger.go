package device

// Trigger is why a phone provisions (Guide, "Triggering the IP Phone to Perform Auto
// Provisioning").
type Trigger string

// The guide's four triggers; check-sync comes in two kinds.
const (
	PowerOn         Trigger = "power-on"          // Guide, "Power On"; a reboot ends in one
	Interval        Trigger = "interval"          // Guide, "Repeatedly": every 3600 seconds by default
	SaveApply       Trigger = "save-and-apply"    // Guide, "Save & Apply"
	CheckSync       Trigger = "check-sync"        // Guide, "SIP NOTIFY Message", without reboot=true
	CheckSyncReboot Trigger = "check-sync-reboot" // the same with reboot=true: reboots at once
)

// Outcome is how one provisioning pass ended.
type Outcome string

// The outcomes of a pass. Findings do not change an outcome.
const (
	Provisioned  Outcome = "provisioned"   // files were found, and a setting changed
	Unchanged    Outcome = "unchanged"     // files were found, and the phone held it all already
	NothingFound Outcome = "nothing-found" // the server has no file for this phone, or no server was found
	Failed       Outcome = "failed"        // the pass broke off; the phone keeps what it had
)

// OK reports whether the phone was served: Provisioned or Unchanged.
func (o Outcome) OK() bool { return o == Provisioned || o == Unchanged }
