package discover

import (
	"context"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
)

// Static is the address that somebody typed into the phone's web page (Guide, "Static
// Provision"). The zero value offers nothing.
type Static struct {
	URL string // may be a bare host, as option 66 may
}

// Find implements Finder. Its error is ErrNothing where no URL is set.
func (s Static) Find(ctx context.Context, _ device.Identity) (Offer, error) {
	if err := ctx.Err(); err != nil {
		return Offer{}, &Error{Source: SourceStatic, Detail: "cancelled", Err: err}
	}
	address := strings.TrimSpace(s.URL)
	if address == "" {
		return Offer{}, &Error{Source: SourceStatic, Detail: "no static provisioning URL is set", Err: ErrNothing}
	}
	return Offer{Source: SourceStatic, URL: address, Detail: "set in the phone"}, nil
}
