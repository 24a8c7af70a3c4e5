package discover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// DHCP finds the server as the guide's capture of option 66 shows it: DISCOVER, OFFER,
// REQUEST, ACK, and the server's address in an option of the ACK (Guide, "Flow Chart of
// Auto Provisioning"). Several phones may share one Transport.
type DHCP struct {
	Transport Transport        // how messages get to servers and back; required
	Behaviour device.Behaviour // the DHCP options, dhcp_wait, dhcp_url_options
	Trace     trace.Sink       // nil: trace.Discard
}

// Find implements Finder. It takes the first OFFER, as udhcpc does, whether or not
// that names a provisioning server; later ones are events of kind SourceIgnored. It
// gives up after dhcp_wait, with ErrNothing. An offer comes with its Lease, which
// Maintain keeps and Release gives back.
func (d DHCP) Find(ctx context.Context, id device.Identity) (Offer, error) {
	start := time.Now()
	a, err := d.newAsk(id)
	if err != nil {
		return Offer{}, &Error{Source: SourceDHCP, Detail: err.Error(), Err: err}
	}
	foreign := d.Transport.Foreign()
	limited, cancel := context.WithTimeout(ctx, a.wait)
	defer cancel()
	lease, ack, err := a.lease(limited)
	a.reportForeign(d.Transport.Foreign() - foreign)
	if err != nil {
		return Offer{}, a.failure(ctx, err, time.Since(start))
	}
	text, code, err := serverText(ack.options, a.urlOptions)
	if err != nil {
		return Offer{}, &Error{Source: SourceDHCP, Took: time.Since(start), Err: ErrNothing,
			Detail: fmt.Sprintf("the lease of %s from %s names no server: %v", lease.Address.Addr(), ack.from, err)}
	}
	if text == "" {
		return Offer{}, &Error{Source: SourceDHCP, Took: time.Since(start), Err: ErrNothing,
			Detail: fmt.Sprintf("the lease of %s from %s has no option %s", lease.Address.Addr(), ack.from, orList(a.urlOptions))}
	}
	lease.Option = code
	return Offer{Source: SourceDHCP, URL: text, From: ack.from, Took: time.Since(start), Lease: lease,
		Detail: fmt.Sprintf("option %d of the lease of %s from %s", code, lease.Address.Addr(), ack.from)}, nil
}

// Injected is a DHCP option 66 given by hand (--option66), for containers that allow
// neither raw frames nor relay mode: as if an ACK with it had come.
type Injected struct {
	Value string // URL, host name or address; padding is cut, as from an ACK
}

// Find implements Finder. Its error is ErrNothing where the value is empty or not one
// line of text.
func (i Injected) Find(ctx context.Context, _ device.Identity) (Offer, error) {
	if err := ctx.Err(); err != nil {
		return Offer{}, &Error{Source: SourceDHCP, Detail: "cancelled", Err: err}
	}
	text, err := plainText([]byte(i.Value))
	if err != nil {
		return Offer{}, &Error{Source: SourceDHCP, Detail: "option 66 given by hand: " + err.Error(), Err: ErrNothing}
	}
	if text == "" {
		return Offer{}, &Error{Source: SourceDHCP, Detail: "option 66 given by hand is empty", Err: ErrNothing}
	}
	return Offer{Source: SourceDHCP, URL: text, Detail: "option 66 given by hand", Lease: &Lease{Option: optionTFTPServer}}, nil
}

// failure makes an *Error of why no lease was had. parent is the caller's context:
// when only our own dhcp_wait is over, that is silence.
func (a *ask) failure(parent context.Context, err error, took time.Duration) *Error {
	e := &Error{Source: SourceDHCP, Detail: err.Error(), Err: err, Took: took}
	switch {
	case parent.Err() != nil:
		e.Err = parent.Err()
		e.Detail = "ended before a lease was had: " + a.state()
	case errors.Is(err, context.DeadlineExceeded):
		e.Err = ErrNothing
		e.Detail = fmt.Sprintf("no lease within %s: %s", a.wait, a.state())
		if hint := a.silenceHint(); hint != "" {
			e.Detail += "; " + hint
		}
	case errors.Is(err, os.ErrPermission):
		e.Err = ErrPrivilege
	}
	return e
}

// silenceHint is what a transport knows about why nobody answers.
func (a *ask) silenceHint() string {
	if t, ok := a.transport.(interface{ silenceHint() string }); ok && a.offers == 0 {
		return t.silenceHint()
	}
	return ""
}
