package fetch

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/fipsim/fipsim/simulator/trace"
)

// unknownLength is the announced length of a body that was not announced.
const unknownLength int64 = -1

// inbound is a body on its way in: what it may be at most, what was announced, where
// it goes.
type inbound struct {
	limit     int64
	announced int64 // unknownLength: not announced
	to        io.Writer
	kept      bytes.Buffer // where to is nil
	chunk     []byte       // else: what is read to
	n         int64
}

// mostGrown bounds what is set aside for a body on the word of a server.
const mostGrown = 1 << 20

// expect takes the announced length, and makes room for so much.
func (b *inbound) expect(n int64) {
	b.announced = n
	if b.to == nil {
		b.kept.Grow(int(min(n, b.limit, mostGrown)))
	}
}

// receive copies all of from. Its error is an *Error: TooLarge, LocalFailure, or what
// reading said. A body that is announced as too large is not begun.
func (b *inbound) receive(ctx context.Context, from io.Reader) error {
	if b.announced > b.limit {
		return tooLarge(b.announced, b.limit)
	}
	for {
		room := b.room()
		n, err := from.Read(room)
		if b.n += int64(n); b.n > b.limit {
			return tooLarge(unknownLength, b.limit)
		}
		if werr := b.keep(room[:n]); werr != nil {
			return werr
		}
		switch {
		case err == io.EOF && b.announced > b.n:
			return b.fault(io.ErrUnexpectedEOF)
		case err == io.EOF:
			return nil
		case err != nil:
			return b.fault(err)
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

// Bounds of what is read at once.
const (
	leastChunk = 512
	firstChunk = 2 << 10 // of a body of unknown length
	mostChunk  = 32 << 10
)

// room returns where the next part is read to: where it is kept, if it is.
func (b *inbound) room() []byte {
	if b.to != nil {
		if b.chunk == nil {
			b.chunk = make([]byte, b.chunkSize())
		}
		return b.chunk
	}
	if b.kept.Available() == 0 {
		b.kept.Grow(int(max(b.n, b.expected()-b.n, leastChunk)))
	}
	room := b.kept.AvailableBuffer()
	return room[:cap(room)]
}

// expected is how much room to make at first, on the word of a server.
func (b *inbound) expected() int64 {
	if b.announced < 0 {
		return firstChunk
	}
	return min(b.announced+1, mostGrown)
}

// chunkSize is how much to read at once of a body that goes elsewhere: the whole of a
// short one, and the byte after it that does not come.
func (b *inbound) chunkSize() int64 {
	if b.announced < 0 {
		return mostChunk
	}
	return min(max(b.announced+1, leastChunk), mostChunk)
}

// keep puts a part of the body where it belongs.
func (b *inbound) keep(data []byte) *Error {
	if b.to == nil {
		b.kept.Write(data)
		return nil
	}
	if _, err := b.to.Write(data); err != nil {
		return &Error{Code: trace.LocalFailure, Detail: "the body can't be kept: " + clean(err.Error()), Err: err}
	}
	return nil
}

// fault says how far the body came.
func (b *inbound) fault(err error) *Error {
	code := codeOf(err)
	what := explain(err)
	if code == trace.Truncated {
		what = "the body ended"
	}
	far := fmt.Sprintf("%d bytes", b.n)
	if b.announced >= 0 {
		far = fmt.Sprintf("%d of %d bytes", b.n, b.announced)
	}
	return &Error{Code: code, Detail: what + " after " + far, Err: err}
}

// body returns what Response.Body is to be.
func (b *inbound) body() []byte {
	if b.to != nil {
		return nil
	}
	return b.kept.Bytes()
}

func tooLarge(announced, limit int64) *Error {
	const options = "(options max_cfg, max_resource)"
	if announced >= 0 {
		return failure(trace.TooLarge, nil, "%d bytes announced: more than the limit of %d %s", announced, limit, options)
	}
	return failure(trace.TooLarge, nil, "more than the limit of %d bytes %s", limit, options)
}
