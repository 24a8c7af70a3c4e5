package scenarios

import (
	"context"
	"io/fs"
	"net/url"

	"github.com/fipsim/fipsim/simulator/device"
)

// Target is the server under test, as the harness sees it: somewhere to publish a tree,
// and the base URLs at which phones then find it.
type Target interface {
	// Name says in a few words what is under test.
	Name() string
	// Capabilities returns what can be judged here. A rule that needs another one is
	// skipped.
	Capabilities() []Capability
	// Publish puts a tree where phones can fetch it and returns the base URLs that lead
	// to it, one a protocol, each ending in a slash. Several trees may be published at
	// once; they don't touch each other. Its errors are the harness's own: nothing can
	// be said of the server.
	Publish(ctx context.Context, tree fs.FS) (*Publication, error)
	// Reset takes away all that was published, and leaves the server as it was found.
	Reset(ctx context.Context) error
}

// Publication is a tree that a server serves.
type Publication struct {
	Bases []*url.URL // one a protocol, in the target's order; Path ends in "/"

	// Replace publishes another tree in the place of this one.
	Replace func(ctx context.Context, tree fs.FS) error
}

// Base returns the base URL for a scheme; nil where the server does not speak it.
func (p *Publication) Base(scheme string) *url.URL {
	for _, u := range p.Bases {
		if u.Scheme == scheme {
			return u
		}
	}
	return nil
}

// Capability is something that a server under test can do, or that the harness can do
// with it. A rule names those that it needs by a tag: @needs-publish.
type Capability string

// The capabilities.
const (
	TFTP        Capability = "tftp"        // serves over TFTP
	FTP         Capability = "ftp"         // serves over FTP
	HTTP        Capability = "http"        // serves over HTTP
	HTTPS       Capability = "https"       // serves over HTTPS
	PublishTree Capability = "publish"     // files of our own, byte for byte
	PublishRoot Capability = "root"        // files at the server's root, where discovery without a path leads
	Credentials Capability = "credentials" // asks for a user and a password, which we know
	PnP         Capability = "pnp"         // answers SIP PnP SUBSCRIBEs
	DHCP        Capability = "dhcp"        // hands out option 66
	CheckSync   Capability = "checksync"   // can be asked to send a check-sync NOTIFY
	Phones      Capability = "phones"      // has phones of its own, with settings that we know
)

// Notifier is a Target that can be asked to send a check-sync NOTIFY to a phone that
// registered, or that listens at an address.
type Notifier interface {
	Notify(ctx context.Context, phone device.MAC, at string, reboot bool) error
}

// Discovery is a Target whose server also tells phones where it is.
type Discovery interface {
	// PnPAddress is where a phone sends its PnP SUBSCRIBE: host:port, or empty for the
	// multicast group.
	PnPAddress() string
	// DHCPRelay is the DHCP server that a relay agent asks: host:port.
	DHCPRelay() string
}

// Secured is a Target whose certificates or credentials a phone must be told.
type Secured interface {
	// CA returns the authority that signed the server's certificate (PEM); empty: the
	// machine's own roots decide.
	CA() []byte
	// Insecure reports whether the server's certificate is not to be checked.
	Insecure() bool
}
