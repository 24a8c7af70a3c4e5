package tftp

import "encoding/binary"

// AppendRRQ appends a read request to b and returns the longer slice (RFC 1350 §5,
// RFC 2347 "Packet Formats"). No text may hold a NUL; the whole should not exceed MaxRequest.
func AppendRRQ(b []byte, filename, mode string, options ...Option) []byte {
	return appendRequest(b, RRQ, filename, mode, options)
}

// AppendWRQ appends a write request, as AppendRRQ does a read request.
func AppendWRQ(b []byte, filename, mode string, options ...Option) []byte {
	return appendRequest(b, WRQ, filename, mode, options)
}

// AppendData appends a DATA packet (RFC 1350 §5).
func AppendData(b []byte, block uint16, data []byte) []byte {
	return append(appendWords(b, uint16(DATA), block), data...)
}

// AppendAck appends an ACK packet (RFC 1350 §5).
func AppendAck(b []byte, block uint16) []byte { return appendWords(b, uint16(ACK), block) }

// AppendError appends an ERROR packet (RFC 1350 §5). The message may not hold a NUL.
func AppendError(b []byte, code ErrorCode, message string) []byte {
	return appendText(appendWords(b, uint16(ERROR), uint16(code)), message)
}

// AppendOACK appends an OACK packet (RFC 2347 "Packet Formats"). No text may hold a NUL.
func AppendOACK(b []byte, options ...Option) []byte {
	return appendOptions(binary.BigEndian.AppendUint16(b, uint16(OACK)), options)
}

// Append appends the packet in its RFC's form to b. An opcode that is none of ours
// appends nothing.
func (p *Packet) Append(b []byte) []byte {
	switch p.Op {
	case RRQ, WRQ:
		return appendRequest(b, p.Op, p.Filename, p.Mode, p.Options)
	case DATA:
		return AppendData(b, p.Block, p.Data)
	case ACK:
		return AppendAck(b, p.Block)
	case ERROR:
		return AppendError(b, p.Code, p.Message)
	case OACK:
		return AppendOACK(b, p.Options...)
	default:
		return b
	}
}

func appendRequest(b []byte, op Op, filename, mode string, options []Option) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(op))
	return appendOptions(appendText(appendText(b, filename), mode), options)
}

func appendOptions(b []byte, options []Option) []byte {
	for _, o := range options {
		b = appendText(appendText(b, o.Name), o.Value)
	}
	return b
}

func appendWords(b []byte, first, second uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, first), second)
}

func appendText(b []byte, text string) []byte { return append(append(b, text...), 0) }
