package faulty

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// changing changes the bytes of some files.
func changing(which selector, change func([]byte) []byte) func(*behaviour) {
	return answering(func(next answerer) answerer {
		return func(r request) reply {
			right := next(r)
			if right.found && which(r.name) && len(right.body) > 0 {
				right.body = change(slices.Clone(right.body))
			}
			return right
		}
	})
}

// Selectors of files whose content is changed.
func text(name string) bool { return boot(name) || cfg(name) || xml(name) }

func macFile(name string) bool {
	return cfg(name) && macIn(name) != "" && macIn(name) != "000000000000"
}

// cutAt cuts what is longer than a limit.
func cutAt(limit int) func(*behaviour) {
	return answering(func(next answerer) answerer {
		return func(r request) reply {
			right := next(r)
			right.body = right.body[:min(len(right.body), limit)]
			return right
		}
	})
}

// wholeBlocks changes files of 512 bytes and multiples.
func wholeBlocks(change func([]byte) []byte) func(*behaviour) {
	return changing(every, func(b []byte) []byte {
		if len(b)%512 != 0 {
			return b
		}
		return change(b)
	})
}

// gzipped compresses, and tells so as coding where that is not empty.
func gzipped(which selector, coding string) func(*behaviour) {
	return packed(which, coding, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
}

func deflated(b *behaviour) {
	packed(every, "deflate", func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })(b)
}

func packed(which selector, coding string, writer func(io.Writer) io.WriteCloser) func(*behaviour) {
	return answering(func(next answerer) answerer {
		return func(r request) reply {
			right := next(r)
			if !right.found || !which(r.name) || len(right.body) > 4<<20 {
				return right
			}
			var b bytes.Buffer
			w := writer(&b)
			_, _ = w.Write(right.body) // into memory
			_ = w.Close()
			right.body, right.coding = b.Bytes(), coding
			return right
		}
	})
}

func dropLast(b []byte) []byte { return b[:len(b)-1] }

// dropTail drops what follows the last line end.
func dropTail(b []byte) []byte { return b[:bytes.LastIndexByte(b, '\n')+1] }

func cutAtNUL(b []byte) []byte {
	before, _, _ := bytes.Cut(b, []byte{0})
	return before
}

func cutAtControlZ(b []byte) []byte {
	before, _, _ := bytes.Cut(b, []byte{0x1a})
	return before
}

func suffix(s string) func([]byte) []byte {
	return func(b []byte) []byte { return append(b, s...) }
}

func prefix(s string) func([]byte) []byte {
	return func(b []byte) []byte { return append([]byte(s), b...) }
}

func padTo512(b []byte) []byte { return append(b, make([]byte, (512-len(b)%512)%512)...) }

func toLatin1(b []byte) []byte {
	var out []byte
	for _, r := range string(b) {
		if r > 0xff {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}

func fromLatin1(b []byte) []byte {
	var out []byte
	for _, c := range b {
		out = utf8.AppendRune(out, rune(c))
	}
	return out
}

func toASCII(b []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r >= utf8.RuneSelf {
			return '?'
		}
		return r
	}, b)
}

func toUTF16(b []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(string(b))) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

func unmark(b []byte) []byte { return bytes.TrimPrefix(b, []byte("\ufeff")) }

func toLF(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }

func toCRLF(b []byte) []byte { return bytes.ReplaceAll(toLF(b), []byte("\n"), []byte("\r\n")) }

// lines changes the order of lines.
func lines(b []byte, order func([]string)) []byte {
	all := strings.SplitAfter(string(b), "\n")
	if last := len(all) - 1; all[last] == "" {
		all = all[:last]
	}
	order(all)
	return []byte(strings.Join(all, ""))
}

func sortLines(b []byte) []byte { return lines(b, slices.Sort) }

func reverseLines(b []byte) []byte { return lines(b, slices.Reverse) }

func swapChunks(b []byte) []byte {
	const chunk = 4 << 10
	if len(b) < 2*chunk {
		return b
	}
	return slices.Concat(b[chunk:2*chunk], b[:chunk], b[2*chunk:])
}

var declaration = regexp.MustCompile(`^<\?xml[^>]*\?>\s*`)

func withoutDeclaration(b []byte) []byte { return declaration.ReplaceAll(b, nil) }

func escapeHTML(b []byte) []byte { return []byte(html.EscapeString(string(b))) }

func dropComments(b []byte) []byte {
	return lines(b, func(all []string) {
		for i, line := range all {
			if strings.HasPrefix(line, "#") {
				all[i] = ""
			}
		}
	})
}

func trimLines(b []byte) []byte {
	return lines(b, func(all []string) {
		for i, line := range all {
			if kept, ended := strings.CutSuffix(line, "\n"); ended {
				all[i] = strings.TrimRight(kept, " \t") + "\n"
			}
		}
	})
}

func cutLines(b []byte) []byte {
	const most = 255
	return lines(b, func(all []string) {
		for i, line := range all {
			if kept, ended := strings.CutSuffix(line, "\n"); ended && len(kept) > most {
				all[i] = kept[:most] + "\n"
			}
		}
	})
}

func foldLines(b []byte) []byte {
	const most = 1000
	return lines(b, func(all []string) {
		for i, line := range all {
			if len(line) > most {
				all[i] = line[:most] + "\n" + line[most:]
			}
		}
	})
}

var placeholder = regexp.MustCompile(`\$\{[^}]*\}|\{\{[^}]*\}\}|\{\$[^}]*\}|\$\(MA\)`)

func fillPlaceholders(b []byte) []byte { return placeholder.ReplaceAll(b, []byte("0021f2000001")) }

func sevenBits(b []byte) []byte {
	for i := range b {
		b[i] &= 0x7f
	}
	return b
}
