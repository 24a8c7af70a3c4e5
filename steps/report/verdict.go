package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// Word is a verdict in a word or two.
type Word string

// The words.
const (
	Conforms Word = "conforms"        // every @must that was judged held
	Fails    Word = "fails"           // a rule that counts was broken
	Partial  Word = "partial"         // nothing was broken, but a @must that the target can be judged by was not judged
	Unknown  Word = "could not judge" // nothing can be said of the server, or not enough
)

// Verdict is what a run comes to.
type Verdict struct {
	Word      Word
	Only      string   // what narrowed the run; empty: nothing did
	Held      []string // protocols and chapters in which rules held, and none that counts was broken
	Broken    []string // those in which one was
	NotJudged []string // those of which no rule was judged
	Rules     []string // ids of the broken rules that count
	Why       string   // for Partial and Unknown: the reason; for Fails: what could not be judged beside it
	Warned    []string // ids of rules to be warned of: a @should that is broken, known failures
}

// Verdict computes what the run comes to; nothing else decides it.
//
// A @must that is broken counts, a @should only under Strict, a @may never. What is
// known to be broken (--known) does not count; under Strict an entry that has expired
// excuses nothing, and one whose rule holds counts itself. A broken rule outweighs what
// could not be judged: it is a fact, whatever else happened.
func (r *Run) Verdict() Verdict {
	tidied := *r
	tidied.Results = sorted(r.Results)
	return tidied.verdict()
}

func (r *Run) verdict() Verdict {
	v := Verdict{Only: r.Selected}
	broken, held, judged := make(map[string]bool), make(map[string]bool), make(map[string]bool) // areas
	for _, res := range r.Results {
		counts := r.Fails(res)
		if counts && !slices.Contains(v.Rules, res.Rule.ID) {
			v.Rules = append(v.Rules, res.Rule.ID)
		}
		if r.Warns(res) && !slices.Contains(v.Warned, res.Rule.ID) {
			v.Warned = append(v.Warned, res.Rule.ID)
		}
		for _, a := range areas(res) {
			broken[a] = broken[a] || counts
			held[a] = held[a] || res.Status == Pass
			judged[a] = judged[a] || res.Status == Pass || res.Status == Fail
		}
	}
	anything := false
	for _, a := range r.areas() {
		anything = anything || judged[a]
		switch {
		case broken[a]:
			v.Broken = append(v.Broken, a)
		case held[a]:
			v.Held = append(v.Held, a)
		case !judged[a]:
			v.NotJudged = append(v.NotJudged, a)
		}
	}
	v.Word, v.Why = r.word(len(v.Rules) > 0, anything)
	return v
}

// Fails reports whether a result fails the run.
func (r *Run) Fails(res Result) bool {
	if r.stale(res) {
		return r.Strict
	}
	if res.Status != Fail || (res.Known != nil && (!r.Strict || !r.expired(res.Known))) {
		return false
	}
	return res.Rule.Level == features.Must || (r.Strict && res.Rule.Level == features.Should)
}

// Warns reports whether a result is shown as a warning: a @should that is broken, a
// known failure, or an entry of --known that has nothing left to excuse. None of them
// fails the run.
func (r *Run) Warns(res Result) bool {
	if r.Fails(res) {
		return false
	}
	return r.stale(res) || res.Status == Fail && res.Rule.Level != features.May
}

// expired reports whether a known failure should have been mended when the run began:
// it holds through the day that it names.
func (r *Run) expired(k *Known) bool {
	return !k.Expires.IsZero() && !r.Started.Before(k.Expires.AddDate(0, 0, 1))
}

// stale reports whether a rule that is known to be broken holds, over all protocols.
func (r *Run) stale(res Result) bool {
	if res.Known == nil || res.Status != Pass {
		return false
	}
	return !slices.ContainsFunc(r.Results, func(other Result) bool {
		return other.Rule.ID == res.Rule.ID && other.Status != Pass && other.Status != Skip
	})
}

// word chooses the verdict's word and says what it rests on.
func (r *Run) word(broken, judged bool) (Word, string) {
	errors, first := 0, ""
	for _, res := range r.Results {
		if res.Status == Error {
			if errors++; first == "" {
				first = fmt.Sprintf("%s: %s", Label(res), shorten(oneLine(redact(res.Actual)), maxLine))
			}
		}
	}
	why := ""
	switch {
	case r.Stopped != "":
		why = "stopped early: " + r.Stopped
	case errors == 1:
		why = first
	case errors > 1:
		why = fmt.Sprintf("%d errors, the first: %s", errors, first)
	}
	partial := r.partial()
	switch {
	case broken:
		return Fails, why
	case why != "":
		return Unknown, why
	case len(r.Results) == 0:
		return Unknown, "no rule was chosen"
	case !judged:
		return Unknown, "every rule that was chosen was skipped"
	case len(partial) > 0:
		return Partial, fmt.Sprintf("%s skipped although what it needs was declared: %s",
			plural(len(partial), "@must rule"), strings.Join(few(partial, 8), ", "))
	}
	return Conforms, ""
}

// partial returns the @must rules that were skipped although the target has all that
// they need, each with its protocol. One that is known to be broken is not missed: it may stand on another such one.
func (r *Run) partial() []string {
	var skipped []string
	for _, res := range r.Results {
		excused := res.Known != nil && (!r.Strict || !r.expired(res.Known)) // as in Fails
		if res.Status == Skip && res.Rule.Level == features.Must && !excused && r.can(res) {
			skipped = append(skipped, Label(res))
		}
	}
	return slices.Compact(skipped)
}

// can reports whether the target has all that a result's rule needs.
func (r *Run) can(res Result) bool {
	for _, need := range res.Rule.Needs {
		if !slices.Contains(r.Capabilities, scenarios.Capability(need)) {
			return false
		}
	}
	return res.Over == "" || slices.Contains(r.Capabilities, scenarios.Capability(res.Over))
}

// Exit returns the exit status of the command.
func (v Verdict) Exit() int {
	switch v.Word {
	case Conforms:
		return verdict.ExitOK
	case Fails:
		return verdict.ExitFail
	default:
		return verdict.ExitUnknown
	}
}

// String returns the verdict in one line:
//
//	conforms: TFTP, boot files, cfg files, override; not judged: PnP, DHCP, FTP
func (v Verdict) String() string {
	line := string(v.Word)
	if v.Only != "" {
		line += " (only " + v.Only + ")"
	}
	parts := v.parts()
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, "; ")
	}
	return oneLine(line)
}

// parts are what follows the verdict's word.
func (v Verdict) parts() []string {
	var parts []string
	add := func(name string, words []string) {
		if len(words) > 0 {
			parts = append(parts, name+strings.Join(words, ", "))
		}
	}
	switch v.Word {
	case Conforms:
		add("", v.Held)
	case Fails:
		add("", few(v.Rules, 8))
		add("held: ", v.Held)
		if v.Why != "" {
			parts = append(parts, "could not judge all: "+v.Why)
		}
	default:
		parts = append(parts, v.Why)
		add("held: ", v.Held)
	}
	add("not judged: ", v.NotJudged)
	add("warnings: ", few(v.Warned, 8))
	return parts
}
