package fleet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// Word is what a load comes to, in a word.
type Word string

// The words of a Judgement.
const (
	Running Word = "under way"
	Holds   Word = "holds"
	Fails   Word = "fails"      // by the server's fault
	Invalid Word = "invalid"    // this machine was the bottleneck
	Unknown Word = "not judged" // interrupted, or nothing was measured
)

// Judgement is what a load comes to.
type Judgement struct {
	Word Word     `json:"word"`
	Why  []string `json:"why"`
	Exit int      `json:"exit"` // the exit status of fipsim load
}

// judge decides. A phone with wrong settings is the server's fault, however slow this
// machine was; anything else that failed may be ours where the run is invalid.
func (out *Report) judge() Judgement {
	wrong, bad := out.bad()
	switch {
	case out.Ended == "running":
		return Judgement{Running, append(wrong, bad...), verdict.ExitUnknown}
	case len(wrong) > 0 && len(out.Invalid) > 0:
		return Judgement{Fails, append(wrong, "and nothing can be said of the rest: "+strings.Join(out.Invalid, "; ")), verdict.ExitFail}
	case len(out.Invalid) > 0:
		return Judgement{Invalid, out.Invalid, verdict.ExitUnknown}
	case len(wrong)+len(bad) > 0:
		return Judgement{Fails, append(wrong, bad...), verdict.ExitFail}
	case out.Ended == "interrupted":
		return Judgement{Unknown, []string{"interrupted: what was until then says nothing of the whole"}, verdict.ExitUnknown}
	case out.Passes == 0:
		return Judgement{Unknown, []string{"no pass ended"}, verdict.ExitUnknown}
	}
	return Judgement{Holds, []string{}, verdict.ExitOK}
}

// bad is what the server did not bear: wrong settings, and the rest.
func (out *Report) bad() (wrong, rest []string) {
	if out.Wrong > 0 {
		wrong = append(wrong, fmt.Sprintf("%d passes ended with wrong settings", out.Wrong))
	}
	if out.Mixed > 0 {
		wrong[0] += fmt.Sprintf(", %d of them with another phone's", out.Mixed)
	}
	if out.Ended == "aborted" {
		rest = append(rest, "aborted: "+out.Abort)
	}
	for _, j := range out.Thresholds {
		if !j.Held {
			rest = append(rest, fmt.Sprintf("%s does not hold: %s", j.Threshold, j.Shown))
		}
	}
	if len(out.Thresholds) == 0 && out.Provisioned < out.Phones && out.Ended == "done" {
		rest = append(rest, fmt.Sprintf("%d of %d phones were not provisioned", out.Phones-out.Provisioned, out.Phones))
	}
	if len(rest) > 0 && out.unanswered() {
		rest = append(rest, fmt.Sprintf("nobody ever answered (%s): is there a server, and is this its address?",
			strings.Join(ranked(out.Errors), ", ")))
	}
	return wrong, rest
}

// unanswered reports whether no phone ever heard anything.
func (out *Report) unanswered() bool {
	var silent uint64
	for _, code := range []trace.Code{trace.UnknownHost, trace.Refused, trace.Unreachable, trace.NoAnswer, trace.NoServer} {
		silent += out.Errors[code]
	}
	return out.Failed > 0 && silent == out.Passes && out.Missing == 0 && out.Bytes == 0
}

// Verdict returns nil where the load was borne, a *verdict.Fail where the server is to
// blame, and a *verdict.Error where nothing can be said of it.
func (out *Report) Verdict() error {
	j := out.judge()
	why := strings.Join(j.Why, "; ")
	switch j.Word {
	case Holds:
		return nil
	case Fails:
		return &verdict.Fail{Err: errors.New(why)}
	case Invalid:
		return &verdict.Error{Err: fmt.Errorf("invalid: %s", why)}
	default:
		return &verdict.Error{Err: errors.New(why)}
	}
}
