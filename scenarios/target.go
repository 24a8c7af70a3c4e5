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

	// Guarded lead to the same tree, and ask for a user name and a password, which they
	// carry: one a protocol at most. A base that asks is here and in Bases.
	Guarded []*url.URL

	// Replace publishes another tree in the place of this one.
	Replace func(ctx context.Context, tree fs.FS) error
}

// Base returns the base URL for a scheme; nil where the server does not speak it.
func (p *Publication) Base(scheme string) *url.URL { return BaseOf(p.Bases, scheme) }

// BaseOf returns the first of bases with this scheme; nil where there is none.
func BaseOf(bases []*url.URL, scheme string) *url.URL {
	for _, u := range bases {
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
	Announce    Capability = "announce"    // can be told which URL PnP and DHCP name to a phone
	CheckSync   Capability = "checksync"   // can be asked to send a check-sync NOTIFY
	Phones      Capability = "phones"      // has phones of its own, with settings that we know
	Change      Capability = "change"      // can be told other settings for those phones
	Certificate Capability = "certificate" // its certificate is to be checked: has HTTPS, and is not Insecure; nobody need declare it
	Intrusive   Capability = "intrusive"   // bears wrong passwords, malformed requests and floods
)

// Capabilities returns all that there are.
func Capabilities() []Capability {
	return []Capability{
		TFTP, FTP, HTTP, HTTPS, PublishTree, PublishRoot, Credentials, PnP, DHCP, Announce, CheckSync,
		Phones, Change, Certificate, Intrusive,
	}
}

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

// Announcer is a Discovery that can be told which URL its server names to a phone, by
// PnP and by DHCP (Announce).
type Announcer interface {
	// Announce makes the server name url to the phone from now on; empty: what it names
	// to phones that it was told nothing of.
	Announce(ctx context.Context, phone device.MAC, url string) error
}

// Secured is a Target whose certificates or credentials a phone must be told.
type Secured interface {
	// CA returns the authority that signed the server's certificate (PEM); empty: the
	// machine's own roots decide.
	CA() []byte
	// Insecure reports whether the server's certificate is not to be checked.
	Insecure() bool
}

// Located is a Target that can tell where it is before anything is published.
type Located interface {
	// URLs returns the base URLs, one a protocol; they may carry user info.
	URLs() []*url.URL
}

// Explainer is a Target that can tell why it lacks a capability.
type Explainer interface {
	// Why says it in a few words: "no URL of this scheme was given". Empty: no more is
	// known than that it lacks.
	Why(c Capability) string
}

// RootPublisher is a Target that can put files at its server's root, where discovery
// without a path leads (PublishRoot). It never overwrites: a file that is there already
// is an error that matches fs.ErrExist.
type RootPublisher interface {
	PublishRoot(ctx context.Context, tree fs.FS) (*Publication, error)
}

// Enroller is a Target whose server has phones of its own: what each of them must hold
// in the end is known (Phones), though what its files look like is not.
type Enroller interface {
	// Enroll returns n phones that nobody else got meanwhile, or fewer where there are
	// not so many. They are returned again after Return.
	Enroll(ctx context.Context, n int) ([]Enrolled, error)
	// Return gives phones back.
	Return(phones []Enrolled)
}

// Changer is an Enroller that can give a phone of its server other settings (Change).
type Changer interface {
	// Change returns the phone as it is to be now.
	Change(ctx context.Context, phone Enrolled) (Enrolled, error)
}

// Enrolled is a phone that a server knows.
type Enrolled struct {
	Phone
	Bases []*url.URL // where it provisions from, one a protocol
}

// Prober is a Target that knows of something which its server always serves.
type Prober interface {
	// Probe fetches it over a scheme. Its error is a *fetch.Error.
	Probe(ctx context.Context, scheme string) error
}
