// Package trace is the spine: one stream of events that everything which watches,
// judges, counts or compares reads. Nothing asserts on logs.
package trace

import (
	"net/netip"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// Event is one thing that happened to one phone. It is flat, cheap to make, and
// survives JSON both ways. It carries no Go error: Fault is a code that comparing and
// counting can use, Detail the words for a person. No field ever carries a password:
// URLs come without user info.
type Event struct {
	Seq     uint64         `json:"seq"`               // counts up within one phone, from 1
	Pass    uint64         `json:"pass,omitempty"`    // counts the phone's passes, from 1; 0 outside a pass
	At      time.Time      `json:"at"`                // when it happened
	Phone   device.MAC     `json:"phone"`             //
	Kind    Kind           `json:"kind"`              //
	Name    string         `json:"name,omitempty"`    // what it is about: a file, a setting, a way of discovery
	Line    int            `json:"line,omitempty"`    // line of file Name, from 1; 0: no line
	Peer    netip.AddrPort `json:"peer,omitzero"`     // the other side's address
	URL     string         `json:"url,omitempty"`     // without user info
	Attempt int            `json:"attempt,omitempty"` // which sending of the same thing, from 1
	Bytes   int64          `json:"bytes,omitempty"`   // length of the body
	Took    time.Duration  `json:"took,omitempty"`    // nanoseconds from the first request to this
	Fault   Code           `json:"fault,omitempty"`   // why it failed; empty: it didn't
	Detail  string         `json:"detail,omitempty"`  // for a person; one line, no secrets
	Frame   int            `json:"frame,omitempty"`   // in a capture, from 1
}

// Kind names what happened, as "stage.step".
type Kind string

// The kinds of a pass, in the order in which a pass goes through them.
const (
	PassStart Kind = "pass.start" // Detail: the trigger
	PassDone  Kind = "pass.done"  // Detail: the outcome; Fault where it failed; Took: the whole pass

	SourceFound   Kind = "source.found"   // Name: pnp, dhcp, static; URL: the server's address as it will be used
	SourceNothing Kind = "source.nothing" // Name: the way that yielded nothing; Detail: why
	SourceIgnored Kind = "source.ignored" // an offer that was not taken; Detail: why

	DHCPDiscover Kind = "dhcp.discover" // Attempt: which sending; Detail: the transaction
	DHCPOffer    Kind = "dhcp.offer"    // Peer: the server; Detail: the address, and what names the provisioning server
	DHCPRequest  Kind = "dhcp.request"  // Attempt: which sending; Detail: the address asked for
	DHCPAck      Kind = "dhcp.ack"      // Peer: the server; Detail: the lease, and what names the provisioning server
	DHCPNak      Kind = "dhcp.nak"      // Peer: the server; Detail: its message
	DHCPRenew    Kind = "dhcp.renew"    // Attempt: which sending; Detail: the address, renewed with its server or rebound
	DHCPRelease  Kind = "dhcp.release"  // Peer: the server; Detail: the address given back
	DHCPIgnored  Kind = "dhcp.ignored"  // a message that was passed over; Detail: why

	PnPSubscribe Kind = "pnp.subscribe" // the phone's SUBSCRIBE left; Attempt: which sending of it
	PnPResponse  Kind = "pnp.response"  // an answer to it; Name: its status code
	PnPNotify    Kind = "pnp.notify"    // a NOTIFY for this phone; URL: what it offers; Attempt: which arrival of the same one
	PnPAnswer    Kind = "pnp.answer"    // the phone's answer to a NOTIFY; Name: its status code
	PnPIgnored   Kind = "pnp.ignored"   // a message that the phone passed over; Name: why, as an id; Detail: why
	PnPDeviation Kind = "pnp.deviation" // a breach of an RFC that the phone forgave; Name: its id; Detail: the rule
	PnPOddity    Kind = "pnp.oddity"    // legal, but not what every phone takes; Name: its id; Detail: the rule

	FetchRequest  Kind = "fetch.request"  // Name: the file; Attempt: which sending of the same request
	FetchReply    Kind = "fetch.reply"    // the server's first answer, where it tells more than the body: OACK, 401, 30x
	FetchIgnored  Kind = "fetch.ignored"  // a packet that the transfer passed over: a foreign TID, a duplicate
	FetchRedirect Kind = "fetch.redirect" // URL: where to
	FetchDone     Kind = "fetch.done"     // Bytes, Took
	FetchMissing  Kind = "fetch.missing"  // the server says that there is no such file: not a failure
	FetchFailed   Kind = "fetch.failed"   // Fault, Detail

	ConfigBoot    Kind = "config.boot"    // a boot file was read; Detail: its includes
	ConfigCfg     Kind = "config.cfg"     // a cfg file was read and merged; Detail: counts
	ConfigFinding Kind = "config.finding" // Name, Line: where; Detail: what the phone suffers silently
	ConfigApplied Kind = "config.applied" // Bytes: settings changed; Detail: counts

	ResourceDone   Kind = "resource.done"   // Name: the setting; URL, Bytes; Detail: what was in it
	ResourceFailed Kind = "resource.failed" // Name: the setting; Fault; never undoes settings

	RebootNeeded Kind = "reboot.needed" // Detail: the settings that need it
)

// The kinds of a phone's life between its passes.
const (
	PhoneOn  Kind = "phone.on"  // the phone has power; Name: its firmware
	PhoneOff Kind = "phone.off" // its registrations and its lease are gone

	TriggerKept    Kind = "trigger.kept"    // came during a pass; Detail: the trigger
	TriggerMerged  Kind = "trigger.merged"  // Bytes: how many more the next pass serves, or the next reboot
	TriggerIgnored Kind = "trigger.ignored" // Name: the trigger; Detail: why
	IntervalNext   Kind = "interval.next"   // the phone rests; Took: until the next interval pass; Detail: the same, or why there is none

	RebootStart Kind = "reboot.start" // Detail: what asked for it
	RebootLoop  Kind = "reboot.loop"  // each pass changes settings that need a reboot; Detail: which; the phone stops rebooting for them

	FirmwareNew     Kind = "firmware.new"     // fetched and kept, for after the reboot; Name: its version
	FirmwareCurrent Kind = "firmware.current" // not fetched: it runs already; Name: its version
	FactoryReset    Kind = "factory.reset"    // flash was emptied
	ProfileRule     Kind = "profile.rule"     // somebody typed a provisioning URL; URL: that

	WebOn  Kind = "web.on"  // the management page is there again; URL: where
	WebOff Kind = "web.off" // the management page is switched off; Detail: by which setting

	SourceOff     Kind = "source.off"     // Name: a way that is not asked; Detail: the setting that switches it off
	SourceAddress Kind = "source.address" // Name: leased, machine; Detail: from which address fetches leave, and why
	LeaseEnded    Kind = "lease.ended"    // Detail: why; the next pass looks for the server again
)

// Code says why something failed, one word for one condition over all protocols.
type Code string

// The codes. ErrXxx of package fetch carry the same words.
const (
	NoFault         Code = ""
	NotFound        Code = "not-found"         // TFTP ERROR 1, HTTP 404/410, FTP 550/551
	Unauthorized    Code = "unauthorized"      // HTTP 401, FTP 530
	Forbidden       Code = "forbidden"         // HTTP 403, TFTP ERROR 2
	ServerError     Code = "server-error"      // HTTP 5xx and other statuses, other TFTP errors, other FTP replies
	NoAnswer        Code = "no-answer"         // silence until the phone gave up
	Refused         Code = "refused"           // connection refused, ICMP port unreachable
	UnknownHost     Code = "unknown-host"      // the name does not resolve
	Unreachable     Code = "unreachable"       // no route, network down
	Truncated       Code = "truncated"         // the body ended before its announced end
	TooLarge        Code = "too-large"         // more than the phone's limit
	TLSFailure      Code = "tls"               // handshake or certificate
	Redirects       Code = "redirects"         // too many, or to where a phone must not follow
	Protocol        Code = "protocol"          // an answer that breaks the protocol
	BadURL          Code = "bad-url"           // not a URL that the phone can fetch
	BadContent      Code = "bad-content"       // a file that cannot be used: a phonebook that is no XML
	LocalFailure    Code = "local"             // our own machine: no socket, a flash folder that can't be written
	TimeUp          Code = "time-up"           // the limit of the whole pass was reached
	Cancelled       Code = "cancelled"         // the caller ended it
	NothingFound    Code = "nothing-found"     // the server has no file for this phone
	NoServer        Code = "no-server"         // no way of discovery yielded a URL
	TooManyIncludes Code = "too-many-includes" // more include lines than the phone's limit
)

// ServersFault reports whether the server is to blame for a failure with this code: it
// refused, served nothing or something broken. Otherwise nothing can be said of the
// server: no answer came, or our own side failed.
func (c Code) ServersFault() bool {
	switch c {
	case NotFound, Unauthorized, Forbidden, ServerError, Truncated, TooLarge, TLSFailure, Redirects, Protocol, BadContent,
		BadURL, NothingFound, TooManyIncludes:
		return true
	}
	return false
}
