package fetch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

const ms = time.Millisecond

// A silent server: three requests from one port, 4.2 s apart, and the end after 12.0 s,
// when libcurl gives up too.
func TestTFTPSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s tftpScript
		start := time.Now()
		_, events, err := s.get(t.Context(), device.Behaviour{}, Request{Name: "name"})
		if took := time.Since(start); took != 12*time.Second {
			t.Errorf("gave up after %s, want 12s", took)
		}
		e := asFailure(t, err)
		if !errors.Is(err, ErrNoAnswer) || e.Detail != "no answer to 3 requests in 12s" || e.URL != "tftp://192.0.2.10/name" {
			t.Errorf("error %+v", e)
		}
		if diff := cmp.Diff([]time.Duration{0, 4200 * ms, 8400 * ms}, s.times()); diff != "" {
			t.Errorf("sendings (-want +got):\n%s", diff)
		}
		for i, g := range s.got {
			if g.bytes != s.got[0].bytes || g.from != s.got[0].from {
				t.Errorf("sending %d is not the same packet from the same port: %q from %s", i+1, g.bytes, g.from)
			}
			if events[i].Kind != trace.FetchRequest || events[i].Attempt != i+1 || events[i].Peer.Port() != tftpPort || events[i].Name != "name" {
				t.Errorf("event %d: %+v", i, events[i])
			}
		}
		if len(events) != 3 {
			t.Errorf("%d events, want 3", len(events))
		}
	})
}

// The options that rule the wait for the first answer.
func TestTFTPResendOptions(t *testing.T) {
	for name, c := range map[string]struct {
		b     device.Behaviour
		times []time.Duration
		end   time.Duration
	}{
		"one sending":         {device.Behaviour{TFTPSends: 1}, []time.Duration{0}, 4 * time.Second},
		"five sendings":       {device.Behaviour{TFTPSends: 5}, []time.Duration{0, 4200 * ms, 8400 * ms, 12600 * ms, 16800 * ms}, 21 * time.Second},
		"less than a second":  {device.Behaviour{TFTPResend: 100 * ms}, []time.Duration{0, 100 * ms, 200 * ms}, 300 * ms},
		"an odd time":         {device.Behaviour{TFTPResend: 1300 * ms, TFTPSends: 2}, []time.Duration{0, 1300 * ms}, 2 * time.Second},
		"whole seconds alone": {device.Behaviour{TFTPResend: 2 * time.Second, TFTPSends: 2}, []time.Duration{0, 2 * time.Second}, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s tftpScript
				start := time.Now()
				_, _, err := s.get(t.Context(), c.b, Request{})
				if !errors.Is(err, ErrNoAnswer) || time.Since(start) != c.end {
					t.Errorf("%v after %s, want no answer after %s", err, time.Since(start), c.end)
				}
				if diff := cmp.Diff(c.times, s.times()); diff != "" {
					t.Errorf("sendings (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The guide's capture: no answer to the first request, ERROR 1 to the second.
func TestTFTPAnswerToSecondRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := tftpScript{replies: [][]tftpReply{{}, {errorOf(tftp.FileNotFound, "File not found\x00")}}}
		_, _, err := s.get(t.Context(), device.Behaviour{}, Request{})
		e := asFailure(t, err)
		if !errors.Is(err, ErrNotFound) || e.Detail != "ERROR 1: File not found" || e.Peer.Port() != tftpTID {
			t.Errorf("error %+v", e)
		}
		if diff := cmp.Diff([]time.Duration{0, 4200 * ms}, s.times()); diff != "" {
			t.Errorf("sendings (-want +got):\n%s", diff)
		}
	})
}

// Half a file, then silence: libcurl leaves resending to the server, repeats its ACK
// every 73 s and gives up an hour after the first answer.
func TestTFTPSilenceInMidTransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := tftpScript{replies: [][]tftpReply{{oackOf("tsize", "2000")}, {full(1)}}}
		start := time.Now()
		_, events, err := s.get(t.Context(), device.Behaviour{}, Request{})
		if took := time.Since(start); took != time.Hour {
			t.Errorf("gave up after %s, want 1h", took)
		}
		if e := asFailure(t, err); !errors.Is(err, ErrNoAnswer) || e.Detail != "silence after 512 of 2000 bytes in block 1" {
			t.Errorf("error %+v", e)
		}
		seen, times := s.seen(), s.times()
		if len(seen) != 3+49 {
			t.Fatalf("%d packets, want the request, two ACKs, and 49 ACKs again: %q", len(seen), seen)
		}
		for i := 3; i < len(seen); i++ {
			if want := time.Duration(i-2) * 73 * time.Second; seen[i] != "5000 ACK block 1" || times[i] != want {
				t.Errorf("packet %d is %s after %s, want ACK block 1 after %s", i, seen[i], times[i], want)
			}
		}
		last := events[len(events)-1]
		if last.Kind != trace.FetchRequest || last.Attempt != 50 || last.Detail != "ACK of block 1 again, after 512 of 2000 bytes in block 1" {
			t.Errorf("last event %+v", last)
		}
	})
}

func TestTFTPTransferOptions(t *testing.T) {
	for name, c := range map[string]struct {
		b      device.Behaviour
		end    time.Duration
		packet int
		detail string
	}{
		"ACK sent twice": {device.Behaviour{TFTPAckResend: time.Second, TFTPAckSends: 2}, 2 * time.Second, 3,
			"silence after 512 bytes in block 1"},
		"ACK sent once": {device.Behaviour{TFTPAckResend: time.Second, TFTPAckSends: 1}, time.Second, 2,
			"silence after 512 bytes in block 1"},
		"limit of the file comes first": {device.Behaviour{TFTPTransferTime: 1500 * ms}, 1500 * ms, 2,
			"the file was not whole after 1.5s (option tftp_transfer_time), but stood after 512 bytes in block 1"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := tftpScript{replies: [][]tftpReply{{full(1)}}}
				start := time.Now()
				_, _, err := s.get(t.Context(), c.b, Request{})
				e := asFailure(t, err)
				if e.Detail != c.detail || e.Peer.Port() != tftpTID || time.Since(start) != c.end || len(s.times()) != c.packet {
					t.Errorf("%+v after %s and %d packets, want %q after %s and %d", e, time.Since(start), len(s.times()), c.detail, c.end, c.packet)
				}
			})
		})
	}
}

// A server that resends to a phone that is slow to hear: nothing counts twice.
func TestTFTPServerResends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := tftpScript{replies: [][]tftpReply{{full(1)}, {}, {block(2, "end")}}}
		start := time.Now()
		res, _, err := s.get(t.Context(), device.Behaviour{}, Request{})
		if err != nil {
			t.Fatal(err)
		}
		if res.Bytes != 515 || len(res.Body) != 515 || time.Since(start) != 73*time.Second || res.Took != 73*time.Second {
			t.Errorf("%d bytes after %s (Took %s), want 515 after 73s", res.Bytes, time.Since(start), res.Took)
		}
		want := []string{"69 RRQ", "5000 ACK block 1", "5000 ACK block 1", "5000 ACK block 2"}
		if diff := cmp.Diff(want, s.seen()); diff != "" {
			t.Errorf("packets (-want +got):\n%s", diff)
		}
	})
}

// An ended context ends the transfer at once, and the error says where it stood.
func TestTFTPContext(t *testing.T) {
	half := [][]tftpReply{{full(1)}}
	for name, c := range map[string]struct {
		replies [][]tftpReply
		ctx     func(context.Context) (context.Context, context.CancelFunc)
		is      error
		detail  string
	}{
		"cancelled before an answer": {nil, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, ErrCancelled, "cancelled, before the server answered"},
		"cancelled in mid-transfer": {half, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, ErrCancelled, "cancelled, after 512 bytes in block 1"},
		"the pass's time is up": {half, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, ErrTimeUp, "the time for the whole pass is up (option pass_time), after 512 bytes in block 1"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := tftpScript{replies: c.replies}
				ctx, cancel := c.ctx(t.Context())
				defer cancel()
				start := time.Now()
				_, _, err := s.get(ctx, device.Behaviour{}, Request{})
				if !errors.Is(err, c.is) || asFailure(t, err).Detail != c.detail || time.Since(start) != time.Second {
					t.Errorf("%v after %s, want %q after 1s", err, time.Since(start), c.detail)
				}
			})
		})
	}
	t.Run("cancelled from the start", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			var s tftpScript
			start := time.Now()
			if _, _, err := s.get(ctx, device.Behaviour{}, Request{}); !errors.Is(err, ErrCancelled) || time.Since(start) != 0 {
				t.Errorf("%v after %s, want cancelled at once", err, time.Since(start))
			}
		})
	})
}
