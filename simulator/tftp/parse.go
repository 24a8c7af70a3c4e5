package tftp

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// MalformedError says what is wrong with a packet, and where.
type MalformedError struct {
	Op     Op     // 0: the packet is too short to have one
	Offset int    // of the first byte that is wrong, from 0; the packet's length where bytes are missing
	What   string // "the file name has no NUL at its end"
}

// Error returns "malformed RRQ at byte 2: the file name has no NUL at its end".
func (e *MalformedError) Error() string {
	kind := "packet"
	if e.Op != 0 {
		kind = e.Op.String()
	}
	return fmt.Sprintf("malformed %s at byte %d: %s", kind, e.Offset, e.What)
}

// Parse reads one packet. Its error is a *MalformedError.
//
// DATA and ACK are read without allocation; Packet.Data is part of b. Parse forgives
// what phones meet in the field and stay calm about: bytes after the end of an ERROR or
// ACK, NULs after the last option, and an ERROR whose text does not end or is missing.
func Parse(b []byte) (Packet, error) {
	if len(b) < 2 {
		return Packet{}, &MalformedError{Offset: len(b), What: fmt.Sprintf("%d bytes, an opcode has 2", len(b))}
	}
	op := Op(binary.BigEndian.Uint16(b))
	switch op {
	case RRQ, WRQ:
		return parseRequest(op, b)
	case DATA, ACK, ERROR:
		if len(b) < HeaderSize {
			return Packet{}, &MalformedError{Op: op, Offset: len(b), What: fmt.Sprintf("%d bytes, the header has %d", len(b), HeaderSize)}
		}
		return parseNumbered(op, b), nil
	case OACK:
		return parseOACK(b)
	default:
		return Packet{}, &MalformedError{Op: op, Offset: 0, What: "no such opcode"}
	}
}

// parseNumbered reads the packets whose second word is a number: none can be malformed
// once its header is there.
func parseNumbered(op Op, b []byte) Packet {
	number, rest := binary.BigEndian.Uint16(b[2:]), b[HeaderSize:]
	switch op {
	case DATA:
		return Packet{Op: op, Block: number, Data: rest}
	case ACK:
		return Packet{Op: op, Block: number, Padding: len(rest)}
	default:
		p := Packet{Op: op, Code: ErrorCode(number)}
		text, padding, ended := bytes.Cut(rest, []byte{0})
		p.Message, p.Padding, p.Unterminated = string(text), len(padding), !ended
		return p
	}
}

func parseRequest(op Op, b []byte) (Packet, error) {
	s := scanner{op: op, b: b, at: 2}
	p := Packet{Op: op}
	var err error
	if p.Filename, err = s.text("the file name", ""); err != nil {
		return Packet{}, err
	}
	if p.Mode, err = s.text("the mode", ""); err != nil {
		return Packet{}, err
	}
	p.Options, p.Padding, err = s.options()
	if err != nil {
		return Packet{}, err
	}
	return p, nil
}

func parseOACK(b []byte) (Packet, error) {
	s := scanner{op: OACK, b: b, at: 2}
	options, padding, err := s.options()
	if err != nil {
		return Packet{}, err
	}
	return Packet{Op: OACK, Options: options, Padding: padding}, nil
}

// scanner reads texts that end in NUL.
type scanner struct {
	op   Op
	b    []byte
	at   int
	kept string // all of b; empty: not needed yet
}

// text reads one text; what and of name it in an error, which points at its first byte.
func (s *scanner) text(what, of string) (string, error) {
	rest := s.b[s.at:]
	end := bytes.IndexByte(rest, 0)
	if end < 0 {
		if of != "" {
			what += fmt.Sprintf(" %q", of)
		}
		if len(rest) == 0 {
			return "", &MalformedError{Op: s.op, Offset: s.at, What: what + " is missing"}
		}
		return "", &MalformedError{Op: s.op, Offset: s.at, What: what + " has no NUL at its end"}
	}
	if s.kept == "" {
		s.kept = string(s.b) // the texts share it
	}
	text := s.kept[s.at : s.at+end]
	s.at += end + 1
	return text, nil
}

// options reads pairs until the packet's end. NULs alone after the last pair are padding.
func (s *scanner) options() (options []Option, padding int, err error) {
	for s.at < len(s.b) {
		if rest := s.b[s.at:]; rest[0] == 0 {
			if len(bytes.Trim(rest, "\x00")) == 0 {
				return options, len(rest), nil
			}
			return nil, 0, &MalformedError{Op: s.op, Offset: s.at, What: "an option has no name"}
		}
		var o Option
		if o.Name, err = s.text("an option's name", ""); err != nil {
			return nil, 0, err
		}
		if o.Value, err = s.text("the value of option", o.Name); err != nil {
			return nil, 0, err
		}
		if options == nil {
			options = make([]Option, 0, 4) // there are hardly ever more
		}
		options = append(options, o)
	}
	return options, 0, nil
}
