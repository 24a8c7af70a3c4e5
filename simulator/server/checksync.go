package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/icholy/digest"
)

// CheckSync is a NOTIFY that asks a phone, simulated or real, to provision (Guide, "SIP
// NOTIFY Message"). It is sent on a socket of its own, and over UDP sent again until an
// answer is there.
type CheckSync struct {
	To     CheckSyncTarget
	Reboot bool          // reboot=true: "the IP phone will reboot immediately"
	Wait   time.Duration // for the final answer; 0: 32 s, timer F of RFC 3261 §17.1.2.2

	// OnSend is told of each sending, from 1; nil: nobody.
	OnSend func(n int, local, to netip.AddrPort)
	// Dial is net.Dialer's where it is nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// CheckSyncAnswer is a phone's final answer.
type CheckSyncAnswer struct {
	Code     int    // 200 to 699
	Reason   string // without control characters
	From     netip.AddrPort
	Sendings int           // of the request that was answered
	Took     time.Duration // from the first sending of all
}

// Why there is no answer.
var (
	ErrPhoneSilent  = errors.New("no answer")
	ErrPhoneRefused = errors.New("nothing listens there")
)

// Send sends the NOTIFY and waits for the final answer. A challenge is answered where
// the target has a user and a password. Its error is ErrPhoneSilent, ErrPhoneRefused,
// that of resolving the name or connecting, or the context's.
func (c CheckSync) Send(ctx context.Context) (CheckSyncAnswer, error) {
	wait := c.Wait
	if wait == 0 {
		wait = sipTimerF
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	dial := c.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	start := time.Now()
	conn, err := dial(limited, c.To.Transport, c.To.Address())
	if err != nil {
		return CheckSyncAnswer{}, c.explain(ctx, err)
	}
	defer conn.Close()
	call := &checkSyncCall{CheckSync: c, conn: conn, callID: rand.Text(), tag: rand.Text()[:10]}
	answer, err := call.run(limited)
	if err != nil {
		return answer, c.explain(ctx, err)
	}
	answer.From, answer.Took = addrPort(conn.RemoteAddr()), time.Since(start)
	return answer, nil
}

// explain sorts the errors of a socket. ctx is the caller's: its end is no silence.
func (c CheckSync) explain(ctx context.Context, err error) error {
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s: %w", c.To.Address(), ErrPhoneRefused)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%s: %w", c.To.Address(), ErrPhoneSilent)
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s ended the connection without an answer", c.To.Address())
	}
	return err
}

// checkSyncCall is one NOTIFY, sent once more with credentials where the phone wants
// them.
type checkSyncCall struct {
	CheckSync
	conn   net.Conn
	callID string
	tag    string
}

func (c *checkSyncCall) run(ctx context.Context) (CheckSyncAnswer, error) {
	answer, header, err := c.exchange(ctx, 1, "")
	if err != nil || answer.Code != 401 && answer.Code != 407 || c.To.Password == "" {
		return answer, err
	}
	authorization, ok := c.authorization(answer.Code, header)
	if !ok {
		return answer, nil // the phone's 401 is the last word
	}
	answer, _, err = c.exchange(ctx, 2, authorization)
	return answer, err
}

// authorization answers the first Digest challenge that can be.
func (c *checkSyncCall) authorization(code int, header sipHeader) (line string, ok bool) {
	ask, name := "www-authenticate", "Authorization"
	if code == 407 {
		ask, name = "proxy-authenticate", "Proxy-Authorization"
	}
	for _, text := range header[ask] {
		challenge, err := digest.ParseChallenge(text)
		if err != nil || !digest.CanDigest(challenge) {
			continue
		}
		answer, err := digest.Digest(challenge, digest.Options{
			Method: "NOTIFY", URI: c.To.URI(), Username: c.To.User, Password: c.To.Password, Count: 1,
		})
		if err == nil {
			return name + ": " + answer.String() + "\r\n", true
		}
	}
	return "", false
}

// request builds the NOTIFY (RFC 3261 §8.1.1). It has no subscription, as a check-sync
// never has.
func (c *checkSyncCall) request(cseq int, branch, authorization string) []byte {
	local := addrPort(c.conn.LocalAddr())
	reboot := ";reboot=false"
	if c.Reboot {
		reboot = ";reboot=true"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "NOTIFY %s SIP/2.0\r\n", c.To.URI())
	fmt.Fprintf(&b, "Via: SIP/2.0/%s %s;branch=%s;rport\r\n", strings.ToUpper(c.To.Transport), local, branch)
	fmt.Fprintf(&b, "Max-Forwards: 70\r\n")
	fmt.Fprintf(&b, "From: <sip:fipsim@%s>;tag=%s\r\n", local, c.tag)
	fmt.Fprintf(&b, "To: <%s>\r\n", c.To.URI())
	fmt.Fprintf(&b, "Call-ID: %s\r\n", c.callID)
	fmt.Fprintf(&b, "CSeq: %d NOTIFY\r\n", cseq)
	fmt.Fprintf(&b, "Contact: <sip:fipsim@%s;transport=%s>\r\n", local, c.To.Transport)
	fmt.Fprintf(&b, "Event: check-sync%s\r\n", reboot)
	fmt.Fprintf(&b, "Subscription-State: terminated\r\n")
	b.WriteString(authorization)
	fmt.Fprintf(&b, "User-Agent: fipsim\r\n")
	fmt.Fprintf(&b, "Content-Length: 0\r\n\r\n")
	return []byte(b.String())
}
