package pcaps

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/maphash"
)

// Limits on files. Beyond them nothing is kept, and the file says so.
const (
	maxBody        = 4 << 20  // bytes of one file
	maxTotalBodies = 48 << 20 // bytes of all of them
	maxUnderWay    = 64 << 20 // bytes of those that have not come to their end
)

// body is a file that is on its way. Its zero value is an empty one.
type body struct {
	n   int64         // bytes that came
	buf *bytes.Buffer // what came; nil: nothing yet, or it is not kept
	sum hash.Hash     // of what came where it is not kept, else nil
	why string        // why it is not kept
}

// write takes what came. Of a phone that nobody asked for it is counted only.
func (b *body) write(r *roster, p *Phone, data []byte) {
	b.n += int64(len(data))
	switch {
	case !r.wants(p):
		return
	case b.sum != nil:
	case b.n > maxBody:
		b.drop(r, "%d bytes are more than is kept of one file")
	case r.underWay+len(data) > maxUnderWay:
		b.drop(r, "%d bytes are not kept: too many files were under way at once")
	default:
		if b.buf == nil {
			b.buf = r.buffer()
		}
		r.underWay += len(data)
		b.buf.Write(data)
		return
	}
	_, _ = b.sum.Write(data)
}

// drop goes on with the digest alone.
func (b *body) drop(r *roster, why string) {
	b.sum, b.why = sha256.New(), why
	_, _ = b.sum.Write(b.bytes())
	b.free(r)
}

// bytes are what came; nil for nothing.
func (b *body) bytes() []byte {
	if b.buf == nil {
		return nil
	}
	return b.buf.Bytes()
}

// notKept says why bytes are not all that came; empty where they are.
func (b *body) notKept() string {
	if b.sum == nil {
		return ""
	}
	return fmt.Sprintf(b.why, b.n)
}

// digest is a digest for comparing files without showing them.
func (b *body) digest(r *roster) string {
	if b.sum != nil {
		return hex.EncodeToString(b.sum.Sum(nil)[:8])
	}
	if known := r.bodies[maphash.Bytes(r.seed, b.bytes())]; known != nil && bytes.Equal(known.data, b.bytes()) {
		if known.digest == "" {
			known.digest = digestOf(known.data)
		}
		return known.digest
	}
	return digestOf(b.bytes())
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// free gives the memory back.
func (b *body) free(r *roster) {
	if b.buf != nil {
		r.underWay -= b.buf.Len()
		r.release(b.buf)
		b.buf = nil
	}
}

// keptBody is a body that stays: phones fetch the same files.
type keptBody struct {
	number int // from 1
	data   []byte
	digest string // empty: nobody asked
}

// share returns a body equal to b that stays; nil where there is no room.
func (r *roster) share(b []byte) *keptBody {
	key := maphash.Bytes(r.seed, b)
	if known := r.bodies[key]; known != nil && bytes.Equal(known.data, b) {
		return known
	}
	if r.kept+len(b) > maxTotalBodies {
		return nil
	}
	r.kept += len(b)
	k := &keptBody{number: len(r.pack.bodies) + 1, data: append([]byte{}, b...)}
	r.bodies[key], r.pack.bodies = k, append(r.pack.bodies, k)
	return k
}

// maxSpare bounds the buffers that are kept for the next transfer, and their size.
const (
	maxSpare     = 64
	maxSpareSize = 256 << 10
)

// buffer returns an empty buffer.
func (r *roster) buffer() *bytes.Buffer {
	if n := len(r.spare); n > 0 {
		b := r.spare[n-1]
		r.spare = r.spare[:n-1]
		return b
	}
	return new(bytes.Buffer)
}

// release takes a buffer back.
func (r *roster) release(b *bytes.Buffer) {
	if b != nil && len(r.spare) < maxSpare && b.Cap() <= maxSpareSize {
		b.Reset()
		r.spare = append(r.spare, b)
	}
}
