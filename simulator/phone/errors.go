package phone

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Error is why a pass failed where neither fetching nor discovering did.
type Error struct {
	Code   trace.Code
	Detail string // one line, without secrets
}

// Error returns Detail.
func (e *Error) Error() string { return e.Detail }

// FaultOf returns the one word that stands for a pass's error; NoFault for nil.
func FaultOf(err error) trace.Code {
	var (
		own     *Error
		fetched *fetch.Error
	)
	switch {
	case err == nil:
		return trace.NoFault
	case errors.As(err, &own):
		return own.Code
	case errors.As(err, &fetched):
		return fetched.Code
	case errors.Is(err, discover.ErrPrivilege):
		return trace.LocalFailure
	case errors.Is(err, discover.ErrNothing):
		return trace.NoServer
	case errors.Is(err, context.DeadlineExceeded):
		return trace.TimeUp
	case errors.Is(err, context.Canceled):
		return trace.Cancelled
	default:
		return trace.LocalFailure
	}
}

// detailOf is an error's words without the prefix that its event carries already.
func detailOf(err error) string {
	var found *discover.Error
	if errors.As(err, &found) {
		return found.Detail
	}
	return err.Error()
}

func tooManyIncludes(name string, n, most int) string {
	return fmt.Sprintf("%s: %d include lines, the phone's limit is %d (option max_includes)", name, n, most)
}

func missingInclude(boot string, include config.Include, target *url.URL) *Error {
	return &Error{trace.NotFound, fmt.Sprintf("%s:%d: the included file %s is missing", boot, include.Line, trace.URL(target))}
}

// nothingFound says that the server has no file for this phone. Where the option
// on_failure passed over failures, those are the reason.
func (s *pass) nothingFound() error {
	if s.skipped != nil {
		return s.skipped
	}
	return &Error{trace.NothingFound, fmt.Sprintf("%s has no boot file and no cfg file for %s", s.report.Server, s.id.MAC)}
}
