package steps

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// isCompressed tells whether what came unpacks to what was published.
func isCompressed(published, came []byte) bool {
	for _, open := range []func(io.Reader) (io.Reader, error){
		func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
		func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil },
	} {
		r, err := open(bytes.NewReader(came))
		if err != nil {
			continue
		}
		// No more is unpacked than could be equal.
		unpacked, err := io.ReadAll(io.LimitReader(r, int64(len(published))+1))
		if err == nil && len(published) > 0 && bytes.Equal(unpacked, published) {
			return true
		}
	}
	return false
}

// isReencoded tells whether what came is what was published in another character
// encoding: UTF-8 as Latin-1, UTF-8 taken for Latin-1 and encoded once more, UTF-16, or
// with something in the place of what is not ASCII.
func isReencoded(published, came []byte) bool {
	if !utf8.Valid(published) {
		return string(came) == strings.ToValidUTF8(string(published), "\ufffd") || bytes.Equal(came, fromLatin1(published))
	}
	if isUTF16(binary.LittleEndian, published, came) || isUTF16(binary.BigEndian, published, came) {
		return true
	}
	if isASCII(published) {
		return false
	}
	for _, made := range [][]byte{
		fromLatin1(published), toLatin1(published),
		withInstead(published, "?"), withInstead(published, "\ufffd"), withInstead(published, ""),
		bytes.Map(func(r rune) rune { // byte by byte
			if r >= utf8.RuneSelf {
				return '?'
			}
			return r
		}, fromLatin1(published)),
	} {
		if bytes.Equal(came, made) {
			return true
		}
	}
	return false
}

func isASCII(text []byte) bool {
	return bytes.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// fromLatin1 takes each byte for a Latin-1 character and encodes that as UTF-8.
func fromLatin1(text []byte) []byte {
	made := make([]byte, 0, len(text)+len(text)/8)
	for _, b := range text {
		made = utf8.AppendRune(made, rune(b))
	}
	return made
}

// toLatin1 encodes UTF-8 as Latin-1, with a question mark for what that lacks.
func toLatin1(text []byte) []byte {
	made := make([]byte, 0, len(text))
	for _, r := range string(text) {
		if r > 0xff {
			r = '?'
		}
		made = append(made, byte(r))
	}
	return made
}

// withInstead puts something in the place of every character that is not ASCII.
func withInstead(text []byte, instead string) []byte {
	var made []byte
	for _, r := range string(text) {
		if r < utf8.RuneSelf {
			made = append(made, byte(r))
			continue
		}
		made = append(made, instead...)
	}
	return made
}

// isUTF16 tells whether what came is a text in UTF-16, with a byte order mark or without.
func isUTF16(order binary.ByteOrder, text, came []byte) bool {
	if len(came) >= 2 && order.Uint16(came) == '\ufeff' && isUTF16Units(order, text, came[2:]) {
		return true
	}
	return isUTF16Units(order, text, came)
}

// isUTF16Units ends at the first difference: a file may be large, and few are UTF-16.
func isUTF16Units(order binary.ByteOrder, text, came []byte) bool {
	var units [2]uint16
	for _, r := range string(text) {
		for _, unit := range utf16.AppendRune(units[:0], r) {
			if len(came) < 2 || order.Uint16(came) != unit {
				return false
			}
			came = came[2:]
		}
	}
	return len(came) == 0
}
