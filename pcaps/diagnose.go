package pcaps

import (
	"cmp"
	"slices"
	"strconv"
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
	FileMissing    Cause = "file-missing"     // another file that the phone asked for is not there: a ringtone, a picture
	OnlyCommon     Cause = "only-common-cfg"  // the phone got the common cfg, and none of its own
	SlowAnswer     Cause = "slow-answer"      // an answer after the phone had asked again
	Unusable       Cause = "unusable-setting" // settings or files that the phone cannot use
	Incomplete     Cause = "capture-incomplete"
	NothingSeen    Cause = "nothing-asked" // no file was asked for
	AllWell        Cause = "all-well"
	WentOn         Cause = "went-on" // after something had failed, the phone got files
)

// Side is where a fault lies: where something has to be corrected.
type Side string

// The sides. A server is blamed only for what the capture proves.
const (
	ByServer    Side = "server"    // the provisioning server does what it must not
	ByFiles     Side = "files"     // what is published there: names, contents, what is missing
	ByDiscovery Side = "discovery" // what tells the phone its server: DHCP, PnP
	ByPhone     Side = "phone"     // its own settings
	ByCapture   Side = "capture"   // it does not hold enough
	Open        Side = "open"      // this capture alone does not tell
	Nobody      Side = ""          // all is well
)

// sides are where the causes lie as a rule; a diagnosis may know better.
var sides = map[Cause]Side{
	NoAnswer: Open, NoServerNamed: ByDiscovery, NotifyIgnored: ByDiscovery, WrongServer: ByPhone, Refused: Open, TLSRefused: Open,
	LoginRefused: Open, Forbidden: ByServer, ServerFailed: ByServer, FileCut: ByServer, NothingThere: ByFiles,
	IncludeMissing: ByFiles, FileMissing: ByFiles, OnlyCommon: ByFiles,
	SlowAnswer: Open, Unusable: ByFiles, Incomplete: ByCapture, NothingSeen: Open,
}

// words are the side in a sentence.
func (s Side) words() string {
	switch s {
	case ByServer:
		return "the server"
	case ByFiles:
		return "the files that are published"
	case ByDiscovery:
		return "what tells the phone its server"
	case ByPhone:
		return "the phone's own settings"
	case ByCapture:
		return "the capture"
	case Open:
		return "open: this capture alone does not tell"
	case Nobody:
	}
	return ""
}

// Diagnosis is one thing that is wrong, or that all is well, in plain words.
type Diagnosis struct {
	Cause  Cause  `json:"cause"`
	Side   Side   `json:"side"`   // where the fault lies
	Text   string `json:"text"`   // what happened
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
	if len(all) == 0 {
		all = []Diagnosis{{Cause: NothingSeen, rank: 99, Text: "the capture does not tell how this phone's pass ended",
			Next: "Capture from the moment at which the phone is powered on, until a minute after its last request."}}
	}
	// That all is well, or that there was nothing, is said only where nothing else is.
	if len(all) > 1 && all[0].rank < 90 {
		worst := all[0].rank
		all = slices.DeleteFunc(all, func(d Diagnosis) bool { return d.Cause == AllWell && worst < 50 || d.Cause == NothingSeen })
	}
	for i := range all {
		if all[i].Side == Nobody {
			all[i].Side = sides[all[i].Cause]
		}
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
		parts = append(parts, strconv.Itoa(f))
	}
	if len(parts) == 0 {
		return ""
	}
	return "frame.number in {" + strings.Join(parts, ", ") + "}"
}
