package discover

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// result is what the search came to.
func (s *pnpSearch) result(ctx context.Context) (Offer, error) {
	if s.offer != nil {
		s.offer.Exchange = &s.exchange
		return *s.offer, nil
	}
	if err := context.Cause(ctx); err != nil {
		return Offer{}, s.fail("ended by the caller after "+seconds(time.Since(s.start)), err)
	}
	return Offer{}, s.fail(s.nothing(), ErrNothing)
}

// nothing says what did and did not come, for a person.
func (s *pnpSearch) nothing() string {
	var b strings.Builder
	fmt.Fprintf(&b, "no NOTIFY with a URL within %s after %s to %s", seconds(s.wait), plural(s.sends, "SUBSCRIBE"), s.to)
	if s.useless != "" {
		b.WriteString("; " + s.useless)
	}
	for host := range s.responses {
		fmt.Fprintf(&b, "; %s accepted the SUBSCRIBE", host)
		if len(s.responses) > 1 {
			fmt.Fprintf(&b, ", and so did %d more", len(s.responses)-1)
		}
		break
	}
	if s.refused != "" {
		b.WriteString("; " + s.refused)
	}
	if n := s.ignored + s.flood; n > 0 {
		fmt.Fprintf(&b, "; %s ignored", plural(n, "other message"))
	}
	return b.String()
}

func (s *pnpSearch) fail(detail string, cause error) *Error {
	return &Error{Source: SourcePnP, Detail: detail, Err: cause, Took: time.Since(s.start), Exchange: &s.exchange}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// seconds writes a duration to the millisecond.
func seconds(d time.Duration) string { return d.Round(time.Millisecond).String() }

// maxEvents is how many events one search records, so that a flood does not fill the
// timeline.
const maxEvents = 200

// limitedSink passes the first events on, and counts the rest.
type limitedSink struct {
	next trace.Sink
	n    int
	left int
}

// Record implements trace.Sink.
func (l *limitedSink) Record(e trace.Event) {
	if l.n >= maxEvents {
		l.left++
		return
	}
	l.n++
	l.next.Record(e)
}

// close records what was only counted.
func (s *pnpSearch) close() {
	if s.flood > 0 {
		s.events.next.Record(trace.Event{Kind: trace.PnPIgnored, Name: "flood", Attempt: s.flood,
			Detail: plural(s.flood, "further foreign message") + " ignored"})
	}
	if s.events.left > 0 {
		s.events.next.Record(trace.Event{Kind: trace.PnPIgnored, Name: "not-shown", Attempt: s.events.left,
			Detail: plural(s.events.left, "further event") + " of this search not shown"})
	}
}
