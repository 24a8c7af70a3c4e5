package device

import "time"

// Behaviour holds every point on which the guide is silent or unclear, by name. The
// zero value of each field means its default; Options lists names, defaults, grades
// of evidence and meanings. Whoever has a real phone in hand can correct us here
// without touching code.
type Behaviour struct {
	// Finding the server.
	SourceOrder  []string      // pnp, dhcp, static: which way is tried first
	PnPWait      time.Duration // how long PnP waits for a NOTIFY
	PnPLinger    time.Duration // how long PnP still answers and reports after the first URL
	PnPTTL       int           // hops that the multicast SUBSCRIBE may go
	PnPEvent     string        // template of the SUBSCRIBE's Event, see Identity.Expand
	URLKind      string        // auto, dir, file
	Macros       string        // on, off: $(MA) in URLs
	ProbeBareMAC string        // dhcp, always, never
	BareHit      string        // stop, continue

	// DHCP.
	DHCPWait        time.Duration // how long DHCP waits for a lease, NAKs and restarts included
	DHCPVendorClass string        // option 60
	DHCPParameters  []int         // option 55, in this order
	DHCPHostname    string        // option 12; empty: not sent
	DHCPClientID    string        // option 61: mac, none, or hexadecimal bytes
	DHCPCustom      string        // further options, "77=626f6f74;124=00" (number=hexadecimal bytes)
	DHCPURLOptions  []int         // options that may carry the server's address, first hit wins

	// Reading and applying files.
	IncludeMissing string // continue, abort
	Blank          string // keep, default
	OnFailure      string // abort, skip
	Accounts       int    // the model's highest account index; 0: by models.yaml

	// TFTP (RFC 1350, 2347-2349).
	TFTPResend  time.Duration // silence after which the request is sent again
	TFTPSends   int           // how often the request is sent before the transfer has failed
	TFTPBlksize int           // bytes asked for with the blksize option
	TFTPTimeout int           // seconds asked for with the timeout option

	TFTPAckResend    time.Duration // silence in mid-transfer after which the last ACK is sent again
	TFTPAckSends     int           // how often one ACK is sent before the transfer has failed
	TFTPTransferTime time.Duration // one file, from the server's first answer to the last block
	TFTPTsizeZero    string        // refuse, accept: an OACK that announces 0 bytes

	// HTTP and TLS.
	UserAgent  string // template, see Identity.Expand
	TLSProfile string // modern, tls12-rsa, no-sni
	FTPTLS     string // off, explicit

	// Living.
	RebootTime  time.Duration // from going down to power-on
	Rediscover  string        // power-on, always: which passes look for the server again
	FirmwareURL string        // upgrade, fetch: what a firmware URL of another version does

	// SIP.
	NotifyAuth string // off, digest: how a NOTIFY is let in
	NotifyFrom string // any, registrar: whose NOTIFYs are

	// Limits, each with a clear error when it is reached.
	PassTime     time.Duration // one whole pass
	MaxRedirects int           // HTTP redirects for one file
	MaxIncludes  int           // include lines of one boot file
	MaxCfg       int64         // bytes of one boot or cfg file
	MaxResource  int64         // bytes of one resource file
}
