package phone

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// Timers of RFC 3261 §17.1.2.2: a request over UDP is sent again after T1, then after
// twice that and so on, T2 at most; after timer F nobody answers.
const (
	sipT1     = 500 * time.Millisecond
	sipT2     = 4 * time.Second
	sipTimerF = 64 * sipT1
)

// exchange sends a request until its final answer is there. sent is told of each
// sending, from 1.
func (s *sipStack) exchange(ctx context.Context, flow *sipFlow, branch string, request []byte, sent func(int)) (*sipResponse, error) {
	answers := s.await(branch)
	defer s.forget(branch)
	timeout := time.NewTimer(sipTimerF)
	defer timeout.Stop()
	interval := sipT1
	resend := time.NewTimer(interval)
	defer resend.Stop()
	if flow.reliable() {
		resend.Stop()
	}
	sent(1)
	if err := flow.send(request); err != nil {
		return nil, &Error{trace.Unreachable, "the request could not be sent: " + sipLine(err.Error())}
	}
	for sendings := 1; ; {
		select {
		case r := <-answers:
			if r.code >= 200 {
				return r, nil
			}
			interval = sipT2
		case <-resend.C:
			sendings++
			sent(sendings)
			_ = flow.send(request) // the same as lost
			interval = min(2*interval, sipT2)
			resend.Reset(interval)
		case <-timeout.C:
			return nil, &Error{trace.NoAnswer, fmt.Sprintf("no answer from %s in %s", flow.peer, sipTimerF)}
		case <-flow.gone:
			return nil, &Error{trace.Truncated, fmt.Sprintf("%s ended the connection without an answer", flow.peer)}
		case <-ctx.Done():
			return nil, fmt.Errorf("no answer from %s: %w", flow.peer, ctx.Err())
		}
	}
}

// await makes answers for branch arrive at the channel that it returns.
func (s *sipStack) await(branch string) <-chan *sipResponse {
	answers := make(chan *sipResponse, 4)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending[branch] = answers
	return answers
}

func (s *sipStack) forget(branch string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, branch)
}

// answered takes a response to whoever waits for it.
func (s *sipStack) answered(raw []byte, from netip.AddrPort) {
	r, err := parseSIPResponse(raw, from)
	if err == nil {
		s.mu.Lock()
		waiting := s.pending[r.branch()]
		s.mu.Unlock()
		_, method, ok := r.cseq()
		if waiting != nil && ok && method == "REGISTER" {
			select {
			case waiting <- r:
			default: // many answers to one request: the first ones count
			}
			return
		}
		err = errors.New("an answer " + r.words() + " to nothing that the phone asked")
	}
	s.count(sipAction{dropped: err}, false)
	s.events.limited(trace.Event{Kind: trace.SIPIgnored, Name: "response", Peer: from, Bytes: 1,
		Detail: "from " + from.String() + ": " + err.Error()})
}
