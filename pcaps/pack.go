package pcaps

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
)

// packed is what happened to one phone, in some thirty bytes an event: nobody needs it
// before the capture is read to its end, and then one phone after the other.
type packed struct {
	b      []byte
	events int
	files  int
	first  int // the lowest frame of an event

	// Of what was put last, as the next is much like it.
	name, url string
	peer      netip.AddrPort
	frame     int
	seconds   int64
}

// What stands at the beginning of an event or a file: which of its fields follow.
const (
	hasName uint64 = 1 << iota // another one than before
	hasURL                     // another one than before
	hasPeer                    // another one than before
	isShort                    // the time is in whole microseconds
	hasAttempt
	hasBytes
	hasTook
	hasDetail
	hasFacts
	hasFault
	hasLine
	isJoined // the URL ends with the name, which is left out of it
	isFile
)

// What a packer remembers of words and facts that come again and again.
const (
	maxWords     = 1 << 15
	maxWordBytes = 4 << 20
	maxWord      = 512
)

// packer packs what happened to all phones of a capture, and unpacks it.
type packer struct {
	words   map[string]uint64
	word    []string
	facts   map[string]uint64 // by what they are packed to
	fact    [][]Fact
	bytes   int // in words and facts
	scratch []byte
	bodies  []*keptBody
	byTime  bool  // frames were put in order: their numbers are in another
	epochs  []int // then, frames at which the clock was set back
}

func newPacker() *packer {
	return &packer{words: make(map[string]uint64), facts: make(map[string]uint64)}
}

// text appends a string. It returns it in a form that holds nothing else.
func (k *packer) text(b []byte, s string) ([]byte, string) {
	if s == "" {
		return append(b, 0), ""
	}
	if id, ok := k.words[s]; ok {
		return binary.AppendUvarint(b, id<<1|1), k.word[id]
	}
	s = strings.Clone(s)
	if len(k.word) < maxWords && len(s) <= maxWord && k.bytes < maxWordBytes {
		id := uint64(len(k.word))
		k.words[s], k.word, k.bytes = id, append(k.word, s), k.bytes+len(s)
		return binary.AppendUvarint(b, id<<1|1), s
	}
	return append(binary.AppendUvarint(b, uint64(len(s))<<1), s...), s
}

// event packs an event. Seq, Pass and Phone are told apart from the others' when it is
// unpacked.
func (k *packer) event(p *packed, e *Event) {
	has := p.differs(e.Name, e.URL)
	var micro, nano = int64(e.At.Nanosecond()) / 1000, int64(e.At.Nanosecond())
	for _, f := range [...]struct {
		there bool
		flag  uint64
	}{
		{e.Peer != p.peer, hasPeer}, {nano == micro*1000, isShort}, {e.Attempt != 0, hasAttempt}, {e.Bytes != 0, hasBytes},
		{e.Took != 0, hasTook}, {e.Detail != "", hasDetail}, {len(e.Facts) > 0, hasFacts}, {e.Fault != "", hasFault},
		{e.Line != 0, hasLine},
	} {
		if f.there {
			has |= f.flag
		}
	}
	b := binary.AppendUvarint(p.b, has)
	b, _ = k.text(b, string(e.Kind))
	b = k.names(b, p, has, e.Name, e.URL, e.Frame)
	b = binary.AppendVarint(b, e.At.Unix()-p.seconds)
	if has&isShort != 0 {
		nano = micro
	}
	b = binary.AppendUvarint(b, uint64(nano))
	if has&hasPeer != 0 {
		b = appendPeer(b, e.Peer)
	}
	for _, f := range [...]struct {
		flag  uint64
		value int64
	}{{hasAttempt, int64(e.Attempt)}, {hasBytes, e.Bytes}, {hasTook, int64(e.Took)}, {hasLine, int64(e.Line)}} {
		if has&f.flag != 0 {
			b = binary.AppendVarint(b, f.value)
		}
	}
	if has&hasDetail != 0 {
		b, _ = k.text(b, e.Detail)
	}
	if has&hasFault != 0 {
		b, _ = k.text(b, string(e.Fault))
	}
	if has&hasFacts != 0 {
		b = k.factsOf(b, e.Facts)
	}
	if p.events++; p.events == 1 || e.Frame < p.first {
		p.first = e.Frame
	}
	p.b, p.peer, p.seconds = b, e.Peer, e.At.Unix()
}

// differs tells which of name and URL are others than before.
func (p *packed) differs(name, url string) (has uint64) {
	if name != p.name {
		has = hasName
	}
	if url != p.url {
		has |= hasURL
		if name != "" && len(url) > len(name) && strings.HasSuffix(url, name) {
			has |= isJoined
		}
	}
	return has
}

// names appends what events and files have in common.
func (k *packer) names(b []byte, p *packed, has uint64, name, url string, frame int) []byte {
	b = binary.AppendVarint(b, int64(frame-p.frame))
	p.frame = frame
	if has&hasName != 0 {
		b, p.name = k.text(b, name)
	}
	switch {
	case has&isJoined != 0:
		b, _ = k.text(b, url[:len(url)-len(name)])
		p.url = url
	case has&hasURL != 0:
		b, p.url = k.text(b, url)
	}
	return b
}

// appendPeer appends an address and a port: the address's length, and both.
func appendPeer(b []byte, a netip.AddrPort) []byte {
	switch {
	case a.Addr().Is4():
		ip := a.Addr().As4()
		b = append(append(b, 4), ip[:]...)
	case a.Addr().IsValid():
		ip := a.Addr().As16()
		b = append(append(b, 16), ip[:]...)
	default:
		b = append(b, 0)
	}
	return binary.BigEndian.AppendUint16(b, a.Port())
}

// factsOf appends facts: a number where the same ones were packed before.
func (k *packer) factsOf(b []byte, facts []Fact) []byte {
	s := binary.AppendUvarint(k.scratch[:0], uint64(len(facts)))
	for _, f := range facts {
		s, _ = k.text(s, f.Name)
		s, _ = k.text(s, f.Value)
	}
	k.scratch = s
	if id, ok := k.facts[string(s)]; ok {
		return binary.AppendUvarint(b, id<<1|1)
	}
	if len(k.fact) < maxWords && len(s) <= maxWord && k.bytes < maxWordBytes {
		id := uint64(len(k.fact))
		k.facts[string(s)], k.fact, k.bytes = id, append(k.fact, slices.Clip(slices.Clone(facts))), k.bytes+len(s)
		return binary.AppendUvarint(b, id<<1|1)
	}
	return append(append(b, 0), s...)
}

// file packs a file. body is what stays of it; nil: nothing.
func (k *packer) file(p *packed, f *File, body *keptBody) {
	has := p.differs(f.Name, f.URL) | isFile
	if f.Partial != "" {
		has |= hasDetail
	}
	b := binary.AppendUvarint(p.b, has)
	b = k.names(b, p, has, f.Name, f.URL, f.Frame)
	b = binary.AppendVarint(b, f.Bytes)
	if body == nil {
		b = append(b, 0)
	} else {
		b = binary.AppendUvarint(b, uint64(body.number))
	}
	if has&hasDetail != 0 {
		b, _ = k.text(b, f.Partial)
	}
	p.b, p.files = b, p.files+1
}
