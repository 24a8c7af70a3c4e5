package pcaps

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Cause is what a diagnosis comes down to: a stable word for filters and tests.
type Cause string

// The causes.
const (
	NoAnswer       Cause = "no-answer"        // the server never answered
	NoServerNamed  Cause = "no-server-named"  // neither DHCP nor PnP named a provisioning server
	NotifyIgnored  Cause = "notify-ignored"   // a NOTIFY that the phone passed over
	WrongServer    Cause = "wrong-server"     // the phone asked another server than it was told
	Refused        Cause = "refused"          // nothing listens on the server's port
	TLSRefused     Cause = "tls-refused"      // no TLS connection
	LoginRefused   Cause = "login-refused"    // 401, 530
	Forbidden      Cause = "forbidden"        // 403, TFTP ERROR 2
	ServerFailed   Cause = "server-failed"    // 5xx and other failures of the server's
	FileCut        Cause = "file-cut"         // a file ended before its end
	NothingThere   Cause = "nothing-there"    // the server has no file for this phone
	IncludeMissing Cause = "include-missing"  // a file that the boot file names is not there
	OnlyCommon     Cause = "only-common-cfg"  // the phone got the common cfg, and none of its own
	SlowAnswer     Cause = "slow-answer"      // an answer after the phone had asked again
	Unusable       Cause = "unusable-setting" // settings or files that the phone cannot use
	Incomplete     Cause = "capture-incomplete"
	NothingSeen    Cause = "nothing-asked" // no file was asked for
	AllWell        Cause = "all-well"
)

// Diagnosis is one thing that is wrong, or that all is well, in plain words.
type Diagnosis struct {
	Cause  Cause  `json:"cause"`
	Text   string `json:"text"`   // what happened, and whose it is
	Frames []int  `json:"frames"` // where to look, the first ones
	Filter string `json:"filter"` // a Wireshark display filter
	Next   string `json:"next"`   // the next check to make

	rank int
}

// maxShownFrames bounds the frames of one diagnosis.
const maxShownFrames = 10

// Diagnose says what went wrong with a phone, the most probable cause first. There is
// always at least one.
func Diagnose(p *Phone) []Diagnosis {
	s := newStory(p)
	var all []Diagnosis
	for _, rule := range rules {
		all = append(all, rule(s)...)
	}
	all = slices.DeleteFunc(all, func(d Diagnosis) bool { return d.Text == "" })
	slices.SortStableFunc(all, func(a, b Diagnosis) int { return cmp.Compare(a.rank, b.rank) })
	// That all is well, or that there was nothing, is said only where nothing else is.
	if len(all) > 1 && all[0].rank < 90 {
		worst := all[0].rank
		all = slices.DeleteFunc(all, func(d Diagnosis) bool { return d.Cause == AllWell && worst < 50 || d.Cause == NothingSeen })
	}
	for i := range all {
		slices.Sort(all[i].Frames)
		all[i].Frames = slices.Compact(all[i].Frames)
		if all[i].Filter == "" {
			all[i].Filter = frameFilter(all[i].Frames)
		}
		all[i].Frames = all[i].Frames[:min(len(all[i].Frames), maxShownFrames)]
	}
	return all
}

// frameFilter shows just these frames in Wireshark.
func frameFilter(frames []int) string {
	var parts []string
	for _, f := range frames[:min(len(frames), maxShownFrames)] {
		parts = append(parts, fmt.Sprint(f))
	}
	if len(parts) == 0 {
		return ""
	}
	return "frame.number in {" + strings.Join(parts, ", ") + "}"
}
