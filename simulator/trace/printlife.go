package trace

import "fmt"

// lifeWords are those of what happens between passes; false for every other kind.
func lifeWords(e Event) (string, Tone, bool) {
	switch e.Kind {
	case PhoneOn:
		return "** power on, firmware " + e.Name, plain, true
	case PhoneOff:
		return "** off", plain, true
	case RebootStart:
		return "** reboots: " + e.Detail, odd, true
	case RebootLoop:
		return "** reboot loop: every pass changes " + e.Detail + "; the phone stops rebooting for it", bad, true
	case FactoryReset:
		return "** factory reset: the flash is empty", odd, true
	case TriggerKept:
		return fmt.Sprintf("   %s during the pass: kept until it is over", e.Detail), plain, true
	case TriggerMerged:
		return fmt.Sprintf("   serves %d more triggers that came meanwhile", e.Bytes), plain, true
	case TriggerIgnored:
		return fmt.Sprintf("   %s is ignored: %s", e.Name, e.Detail), odd, true
	case IntervalNext:
		return "** rests; " + e.Detail, faint, true
	case FirmwareNew:
		return fmt.Sprintf("   firmware %s is in flash%s", e.Name, parenthesis(e.Detail)), good, true
	case FirmwareCurrent:
		return fmt.Sprintf("   firmware %s is not fetched: %s", e.Name, e.Detail), faint, true
	case ProfileRule:
		return "   the provisioning URL is now " + e.URL, plain, true
	case WebOn:
		return "   the management page is there again: " + e.URL, plain, true
	case WebOff:
		return "   the management page is switched off: " + e.Detail, odd, true
	case SourceOff:
		return fmt.Sprintf("   %s is not asked: %s", e.Name, e.Detail), faint, true
	case SourceAddress:
		return "   " + e.Detail, faint, true
	case LeaseEnded:
		return "   " + e.Detail, odd, true
	}
	return "", plain, false
}
