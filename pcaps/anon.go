package pcaps

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
)

// AnonymizeOptions say how a capture is made anonymous. The zero value does it at random.
type AnonymizeOptions struct {
	Seed string // the same seed and capture give the same result; empty: random
}

// Anonymized is what was replaced.
type Anonymized struct {
	Frames    int
	MACs      int
	Addresses int
	Words     int   // names, users, and whatever else is no word of a protocol
	Secrets   int   // passwords and what follows from them
	Blanked   int64 // bytes of what is no provisioning protocol, overwritten
	Searched  int   // old values that the check looked for in the result, and did not find
	Common    int   // old values that are too short, or too common, to be looked for
	Notes     []string
}

// ErrLeft is the error of a result in which an old value is left. Its text says where,
// and not what.
var ErrLeft = errors.New("an old value is left")

// Anonymize reads a capture and returns one, as pcapng, that tells the same story of
// other people: MACs, addresses, names, users and secrets are replaced by others of the
// same length, the same by the same, in headers and in what the provisioning protocols
// say; checksums follow. All other content is overwritten. TLS secrets, comments and
// names of interfaces are left out; when it ended, and that it is a
// phone's own, is kept. The result is read again and searched for the old
// values: ErrLeft where one is found.
func Anonymize(name string, r io.Reader, o AnonymizeOptions) ([]byte, *Anonymized, error) {
	key := []byte(o.Seed)
	if o.Seed == "" {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
	}
	in, err := hold(name, r)
	if err != nil {
		return nil, nil, err
	}
	d := newDisguise(key)
	d.all(in.frames)
	d.learned()
	d.all(in.frames)
	settle(in.frames)
	var out bytes.Buffer
	if err := in.write(&out); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	done := &Anonymized{Frames: len(in.frames), Blanked: d.blanked, Notes: in.notes}
	for _, kind := range d.old {
		*map[valueKind]*int{oldMAC: &done.MACs, oldAddress: &done.Addresses, oldWord: &done.Words, oldSecret: &done.Secrets}[kind]++
	}
	if err := d.check(out.Bytes(), done); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return out.Bytes(), done, nil
}

// all goes through all frames once.
func (d *disguise) all(frames []*held) {
	f := newFlows(d)
	for _, h := range frames {
		*h = held{frame: h.frame, was: h.was}
		if h.parse() {
			f.take(h)
		} else {
			h.header = 0
			d.other(h)
		}
	}
	f.finish()
	for _, h := range frames {
		if h.header > 0 {
			d.addresses(h)
		}
	}
}

// settle sets the checksums right.
func settle(frames []*held) {
	type sums struct{ was, is uint64 }
	more := make(map[fragmentKey]sums)
	for _, h := range frames {
		if h.header > 0 && !h.first {
			s := more[fragmentKey{h.from, h.to, h.id, h.protocol}]
			from := h.ip + h.header
			s.was += sum16(h.was[from:h.end])
			s.is += sum16(h.data[from:h.end])
			more[fragmentKey{h.from, h.to, h.id, h.protocol}] = s
		}
	}
	for _, h := range frames {
		s := sums{}
		if h.fragment && h.first {
			s = more[fragmentKey{h.from, h.to, h.id, h.protocol}]
		}
		h.checksums(s.was, s.is)
	}
}
