package pcaps

import (
	"bytes"
	"testing"
	"time"
)

// A clock that is set in the midst of a capture, at whatever frame, as one is just after the power came back, lets nobody be
// blamed who was not before.
func TestClockIsSet(t *testing.T) {
	library(t, func(t *testing.T, capture []byte) {
		whole := blamed(read(t, capture))
		in, err := hold("a capture", bytes.NewReader(capture))
		if err != nil {
			t.Fatal(err)
		}
		for _, by := range []time.Duration{40 * time.Second, 20_000 * time.Hour, -time.Hour} {
			for from := 1; from < len(in.frames); from++ {
				frames := make([]frame, len(in.frames))
				for i, h := range in.frames {
					frames[i] = h.frame
					if i >= from {
						frames[i].at = frames[i].at.Add(by)
					}
				}
				// What ICMP says of a request is known by its time: without it, that nobody answered is left.
				for what, text := range moreBlamed(pcapOf(t, frames), whole) {
					if _, known := whole[blame{what.side, Refused}]; !known || what.cause != NoAnswer {
						t.Errorf("set by %v before frame %d: %s: %s: %s", by, from+1, what.side, what.cause, text)
					}
				}
			}
		}
	})
}
