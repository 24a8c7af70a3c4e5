// Package verdict keeps apart what must never mix: the server's fault (Fail), and our
// not being able to judge (Error, Invalid). Each has its exit status.
package verdict

import (
	"errors"
	"fmt"
)

// Exit statuses of the command (design, "Command line").
const (
	ExitOK      = 0 // judged, and held
	ExitFail    = 1 // the server's fault
	ExitUsage   = 2 // the command line or an input file
	ExitUnknown = 3 // could not judge
)

// Fail is the server's fault: a phone in the field would suffer.
type Fail struct{ Err error }

// Error is ours or the network's: nothing can be said of the server.
type Error struct{ Err error }

// Usage is the caller's: a flag or an input file that is wrong.
type Usage struct{ Err error }

func (e *Fail) Error() string  { return e.Err.Error() }
func (e *Error) Error() string { return e.Err.Error() }
func (e *Usage) Error() string { return e.Err.Error() }

// Unwrap returns the condition behind the verdict.
func (e *Fail) Unwrap() error { return e.Err }

// Unwrap returns the condition behind the verdict.
func (e *Error) Unwrap() error { return e.Err }

// Unwrap returns the condition behind the verdict.
func (e *Usage) Unwrap() error { return e.Err }

// Usagef returns a Usage with a formatted message.
func Usagef(format string, args ...any) error { return &Usage{fmt.Errorf(format, args...)} }

// Exit returns the exit status of err: 0 for nil, and 3 for an error that nobody
// gave a verdict to, since nothing can be said of the server then.
func Exit(err error) int {
	var (
		fail  *Fail
		usage *Usage
	)
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &fail):
		return ExitFail
	case errors.As(err, &usage):
		return ExitUsage
	default:
		return ExitUnknown
	}
}
