package tftp

import (
	"fmt"
	"strconv"
	"strings"
)

// Op is a packet's opcode, its first two bytes (RFC 1350 §5, RFC 2347 "Packet Formats").
type Op uint16

// The opcodes.
const (
	RRQ   Op = 1 // read request
	WRQ   Op = 2 // write request
	DATA  Op = 3 // one block of the file
	ACK   Op = 4 // acknowledges a block, or block 0 an OACK
	ERROR Op = 5 // ends the transfer, is not acknowledged
	OACK  Op = 6 // the options that the server grants
)

// String returns the RFC's name, "RRQ".
func (o Op) String() string {
	if o >= RRQ && o <= OACK {
		return [...]string{"RRQ", "WRQ", "DATA", "ACK", "ERROR", "OACK"}[o-RRQ]
	}
	return fmt.Sprintf("opcode %d", uint16(o))
}

// ErrorCode is the number in an ERROR packet (RFC 1350 appendix, RFC 2347 "Packet Formats").
type ErrorCode uint16

// The error codes.
const (
	Undefined         ErrorCode = 0 // not defined, see the message
	FileNotFound      ErrorCode = 1
	AccessViolation   ErrorCode = 2
	DiskFull          ErrorCode = 3 // or allocation exceeded
	IllegalOperation  ErrorCode = 4
	UnknownTransferID ErrorCode = 5
	FileExists        ErrorCode = 6
	NoSuchUser        ErrorCode = 7
	OptionRefused     ErrorCode = 8 // option negotiation failed (RFC 2347)
)

// String returns the RFC's words, "File not found".
func (c ErrorCode) String() string {
	if c <= OptionRefused {
		return [...]string{"Not defined", "File not found", "Access violation", "Disk full or allocation exceeded",
			"Illegal TFTP operation", "Unknown transfer ID", "File already exists", "No such user", "Option negotiation failed"}[c]
	}
	return fmt.Sprintf("error code %d", uint16(c))
}

// The names of the options. Case does not matter on the wire (RFC 2347 "Packet Formats").
const (
	OptionBlksize    = "blksize"    // bytes a block, 8 to 65464 (RFC 2348)
	OptionTimeout    = "timeout"    // seconds until the server sends again, 1 to 255 (RFC 2349)
	OptionTsize      = "tsize"      // bytes of the whole file; 0 in an RRQ asks for it (RFC 2349)
	OptionWindowsize = "windowsize" // blocks before an ACK, 1 to 65535 (RFC 7440)
)

// Sizes in bytes.
const (
	HeaderSize     = 4     // opcode and block number before a block's data
	DefaultBlksize = 512   // where no blksize was granted (RFC 1350 §5)
	MinBlksize     = 8     // RFC 2348
	MaxBlksize     = 65464 // RFC 2348
	MaxRequest     = 512   // of a whole RRQ or WRQ with its options (RFC 2347 "Packet Formats")
)

// The modes of a transfer (RFC 1350 §1). Case does not matter on the wire.
const (
	Octet    = "octet"
	Netascii = "netascii"
)

// Option is one option of a request or of an OACK (RFC 2347 "Packet Formats").
type Option struct{ Name, Value string }

// Packet is one packet, whatever its opcode; the fields that the opcode does not use
// are empty.
type Packet struct {
	Op       Op
	Filename string    // RRQ, WRQ
	Mode     string    // RRQ, WRQ; as it came: "octet", "OCTET"
	Options  []Option  // RRQ, WRQ, OACK; in the order in which they came
	Block    uint16    // DATA, ACK
	Data     []byte    // DATA; part of the bytes that were parsed
	Code     ErrorCode // ERROR
	Message  string    // ERROR; as it came

	// What Parse forgave. Append writes neither.
	Padding      int  // bytes after the packet's end; Tftpd32 ends an error text with two NULs
	Unterminated bool // ERROR: the text has no NUL at its end; libcurl sends no text at all
}

// Option returns the value of the first option of that name, in any case.
func (p *Packet) Option(name string) (value string, ok bool) {
	for _, o := range p.Options {
		if strings.EqualFold(o.Name, name) {
			return o.Value, true
		}
	}
	return "", false
}

// String describes p in a few words for a person: "DATA block 3, 512 bytes". Names and
// texts from the other side are quoted.
func (p *Packet) String() string {
	b := append(make([]byte, 0, 64), p.Op.String()...)
	switch p.Op {
	case RRQ, WRQ:
		b = appendQuoted(appendQuoted(b, ' ', p.Filename), ' ', p.Mode)
	case DATA:
		b = fmt.Appendf(b, " block %d, %d bytes", p.Block, len(p.Data))
	case ACK:
		b = fmt.Appendf(b, " block %d", p.Block)
	case ERROR:
		b = appendQuoted(strconv.AppendUint(append(b, ' '), uint64(p.Code), 10), ' ', p.Message)
	case OACK:
	}
	for _, o := range p.Options {
		b = appendQuoted(appendQuoted(b, ' ', o.Name), '=', o.Value)
	}
	return string(b)
}

func appendQuoted(b []byte, before byte, text string) []byte {
	return strconv.AppendQuote(append(b, before), text)
}
