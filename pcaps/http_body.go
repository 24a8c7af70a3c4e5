package pcaps

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// bodyReader finds the end of a body as its bytes pass by: by length, by chunks
// (RFC 9112 §7.1), or with the connection.
type bodyReader struct {
	left       int64 // bytes until the end, or of this chunk
	untilClose bool
	chunked    bool
	trailer    bool   // after the last chunk
	line       []byte // of a chunk's size, as far as it came
	broken     bool   // a chunk's size is none
	active     bool
}

// begin starts a body; length is -1 where none was announced.
func (r *bodyReader) begin(length int64, encoding []string) {
	*r = bodyReader{chunked: slices.Contains(encoding, "chunked"), left: max(0, length)}
	r.untilClose = !r.chunked && length < 0
	r.active = r.chunked || r.untilClose || length > 0
}

// open reports whether more of the body is to come.
func (r *bodyReader) open() bool { return r.active }

// take hands the body's part of b to keep, which may be nil, and returns the rest.
func (r *bodyReader) take(b []byte, keep func([]byte)) []byte {
	for len(b) > 0 && r.active {
		switch {
		case r.untilClose:
			r.give(b, keep)
			return nil
		case r.left > 0:
			n := min(int64(len(b)), r.left)
			r.give(b[:n], keep)
			r.left -= n
			b = b[n:]
			if r.left == 0 && !r.chunked {
				r.active = false
			}
		default:
			b = r.size(b)
		}
	}
	return b
}

func (r *bodyReader) give(b []byte, keep func([]byte)) {
	if keep != nil {
		keep(b)
	}
}

// size reads a line between two chunks: the end of one, the size of the next, or the
// trailer.
func (r *bodyReader) size(b []byte) []byte {
	line, rest, ended := bytes.Cut(b, []byte{'\n'})
	if len(r.line)+len(line) > 4096 {
		r.broken, r.active = true, false
		return nil
	}
	r.line = append(r.line, line...)
	if !ended {
		return nil
	}
	text := strings.TrimSpace(string(r.line))
	r.line = nil
	switch {
	case r.trailer:
		r.active = text != ""
	case text == "": // after a chunk
	default:
		text, _, _ = strings.Cut(text, ";")
		n, err := strconv.ParseInt(strings.TrimSpace(text), 16, 63)
		if err != nil || n < 0 {
			r.broken, r.active = true, false
			return nil
		}
		r.left, r.trailer = n, n == 0
	}
	return rest
}
