package pcaps

import (
	"encoding/binary"
	"io"
)

// secretsReader passes a pcapng file through, and hands the TLS secrets in it to take.
// The library reads past Decryption Secrets Blocks and shows what is in them to nobody.
type secretsReader struct {
	r    io.Reader
	take func(block []byte)

	order  binary.ByteOrder
	head   []byte // of a block, until its type and length are known
	skip   int64  // bytes of this block that do not count
	block  []byte // the body of a secrets block, as far as it came
	want   int    // how long it is to be
	broken bool   // what comes is no pcapng: the library's reader says so
}

// The blocks that count, and the limit on one of secrets (draft-ietf-opsawg-pcapng §4).
const (
	blockSection    = 0x0a0d0d0a
	blockSecrets    = 0x0000000a
	secretsTLS      = 0x544c534b // "TLSK"
	byteOrderMagic  = 0x1a2b3c4d
	maxSecretsBlock = 16 << 20
)

func newSecretsReader(r io.Reader, take func([]byte)) *secretsReader {
	return &secretsReader{r: r, take: take, order: binary.LittleEndian}
}

// Read implements io.Reader.
func (s *secretsReader) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if !s.broken {
		s.look(b[:n])
	}
	return n, err
}

// look follows the blocks through b.
func (s *secretsReader) look(b []byte) {
	for len(b) > 0 && !s.broken {
		switch {
		case s.skip > 0:
			n := min(s.skip, int64(len(b)))
			s.skip -= n
			b = b[n:]
		case s.want > 0:
			n := min(s.want-len(s.block), len(b))
			s.block = append(s.block, b[:n]...)
			if b = b[n:]; len(s.block) == s.want {
				s.secrets()
			}
		default:
			n := min(12-len(s.head), len(b))
			s.head = append(s.head, b[:n]...)
			if b = b[n:]; len(s.head) == 12 {
				s.begin()
			}
		}
	}
}

// begin looks at the first twelve bytes of a block: every block has as many.
func (s *secretsReader) begin() {
	if binary.LittleEndian.Uint32(s.head) == blockSection {
		s.order = binary.LittleEndian
		if binary.BigEndian.Uint32(s.head[8:]) == byteOrderMagic {
			s.order = binary.BigEndian
		}
	}
	kind, length := s.order.Uint32(s.head), int64(s.order.Uint32(s.head[4:]))
	switch {
	case length < 12 || length%4 != 0:
		s.broken = true
	case kind == blockSecrets && length >= 20 && length <= maxSecretsBlock && s.order.Uint32(s.head[8:]) == secretsTLS:
		s.want = int(length) - 12 // with the length of the secrets before, and the block's after them
	default:
		s.skip = length - 12
	}
	s.head = s.head[:0]
}

func (s *secretsReader) secrets() {
	length := int64(s.order.Uint32(s.block))
	body := s.block[4 : len(s.block)-4]
	if length <= int64(len(body)) {
		s.take(body[:length])
	}
	s.want, s.block = 0, nil
}
