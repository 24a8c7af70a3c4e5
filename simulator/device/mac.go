package device

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// MAC is a phone's hardware address, six bytes in the order they are written.
// The guide calls its twelve hexadecimal digits "the unique 12-digit serial number
// of the IP phone" (Guide, "Obtaining Phone Information").
type MAC [6]byte

// macSeparators are the characters people put between the digits of a MAC.
const macSeparators = ":-. "

// ParseMAC reads a MAC in any usual spelling: 0021f2000001, 00:21:F2:00:00:01,
// 00-21-f2-00-00-01, 0021.f200.0001. It returns an error that names the text when
// that is not twelve hexadecimal digits.
func ParseMAC(text string) (MAC, error) {
	var m MAC
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(macSeparators, r) {
			return -1
		}
		return r
	}, text)
	if len(digits) != 2*len(m) {
		return MAC{}, fmt.Errorf("%q is not a MAC: want 12 hexadecimal digits, such as 0021f2000001", text)
	}
	if _, err := hex.Decode(m[:], []byte(digits)); err != nil {
		return MAC{}, fmt.Errorf("%q is not a MAC: want 12 hexadecimal digits, such as 0021f2000001", text)
	}
	return m, nil
}

// String returns the twelve lower-case digits that file names carry
// ("0021f2000001.boot (case-sensitive)"; Guide, "Creating MAC-Oriented Boot File").
func (m MAC) String() string { return hex.EncodeToString(m[:]) }

// Colons returns the MAC as the phone's User-Agent carries it: 00:21:F2:00:00:01.
func (m MAC) Colons() string {
	const digits = "0123456789ABCDEF"
	text := make([]byte, 0, 3*len(m))
	for _, b := range m {
		text = append(text, digits[b>>4], digits[b&0xf], ':')
	}
	return string(text[:len(text)-1])
}

// IsZero reports whether m was never set.
func (m MAC) IsZero() bool { return m == MAC{} }

// Check returns what keeps m from being a phone's: twelve zeros are the common files',
// and a group address is nobody's own (IEEE 802 §8.2).
func (m MAC) Check() error {
	if m.IsZero() || m[0]&1 == 1 {
		return fmt.Errorf("no phone has %s: it is the common files' or a group address", m)
	}
	return nil
}

// Add returns the MAC n places further on, for a row of phones.
// Past ff:ff:ff:ff:ff:ff it wraps around.
func (m MAC) Add(n uint64) MAC {
	var v uint64
	for _, b := range m {
		v = v<<8 | uint64(b)
	}
	v += n
	for i := len(m) - 1; i >= 0; i-- {
		m[i] = byte(v)
		v >>= 8
	}
	return m
}

// MarshalText implements encoding.TextMarshaler; a zero MAC is the empty text.
func (m MAC) MarshalText() ([]byte, error) {
	if m.IsZero() {
		return nil, nil
	}
	return []byte(m.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler, by ParseMAC; the empty text is the zero MAC.
func (m *MAC) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*m = MAC{}
		return nil
	}
	parsed, err := ParseMAC(string(text))
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}
