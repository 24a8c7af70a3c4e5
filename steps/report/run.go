// Package report turns the judgement of a server into what people and machines read:
// one file a format, all from the same Run.
package report

import (
	"time"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Status is how one rule ended over one protocol. Fail is the server's fault; Error
// means that we could not judge. The two never mix.
type Status string

// The statuses.
const (
	Pass  Status = "pass"
	Fail  Status = "fail"
	Error Status = "error"
	Skip  Status = "skip"
)

// Result is one rule judged over one protocol. A rule that was chosen and could not be
// judged has one too, with Skip or Error and the reason in Actual: what is not there,
// no report can tell of.
type Result struct {
	Rule     features.Rule
	Over     string        // the protocol: tftp, ftp, http, https; empty: none in particular
	Status   Status        //
	Example  string        // the row of a scenario outline; empty: none
	Step     string        // the step that did not hold
	Expected string        // what the rule wants
	Actual   string        // what came instead; for Error and Skip: why
	Came     bool          // of a Fail: it rests on bytes of files that came to their end, which no delay changes
	Started  time.Time     //
	Took     time.Duration //
	Events   []trace.Event // what the phones of this scenario did, in order
	Again    string        // the command that judges this alone
	Known    *Known        // the --known entry of the rule, on each of its results; nil: none
	Evidence string        // folder of pcapng, trace and tree; empty: none was asked for
}

// Known is an entry of the --known file.
type Known struct {
	Rule    string
	Reason  string
	Expires time.Time
}

// Run is the judgement of one server. Its fields come without user info and without
// passwords; what is kept secret in the settings of phones is masked by the steps.
type Run struct {
	Target  string   // what was judged
	URLs    []string // where, without user info
	Started time.Time
	Took    time.Duration
	Seed    int64
	Strict  bool
	Results []Result
	Stopped string // why the run ended early; empty: it didn't

	Capabilities []scenarios.Capability // what the target declared, or was found to have
	Selected     string                 // what narrowed the run: "--rule FIP-TFTP-007"; empty: nothing did
	Command      string                 // the command line that repeats the run, without passwords; empty: unknown
	Version      string                 // of fipsim; empty: unknown
}
