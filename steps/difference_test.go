package steps

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	const cfg = "#!version:1.0.0.1\nlang.gui=English\n\n# desk\naccount.1.label=Front desk  \naccount.1.enable=1\t\n"
	const utf8 = "account.1.label=Büro Großmann\naccount.2.label=受付\n"
	tests := []struct {
		name            string
		published, came string
		want            difference
	}{
		{"the same", cfg, cfg, identical},
		{"both empty", "", "", identical},
		{"nothing came", cfg, "", cutShort},
		{"the last byte is missing", cfg, cfg[:len(cfg)-1], cutShort},
		{"the last line is missing", cfg, cfg[:strings.Index(cfg, "account.1.enable")], cutShort},
		{"the first byte is missing", cfg, cfg[1:], cutShort},
		{"a piece inside is missing", cfg, cfg[:20] + cfg[30:], cutShort},
		{"a line end is added", cfg, cfg + "\n", added},
		{"filled up with NUL", cfg, cfg + strings.Repeat("\x00", 512-len(cfg)), added},
		{"something before it", cfg, "HTTP/1.1 200 OK\r\n" + cfg, added},
		{"something came for an empty file", "", "x", added},
		{"a piece came twice", cfg, cfg[:40] + cfg[20:40] + cfg[40:], added},
		{"a byte order mark", cfg, "\ufeff" + cfg, marked},
		{"no byte order mark", "\ufeff" + cfg, cfg, marked},
		{"CR LF for LF", cfg, strings.ReplaceAll(cfg, "\n", "\r\n"), lineEnds},
		{"LF for CR LF", "a=1\r\nb=2\r\n", "a=1\nb=2\n", lineEnds},
		{"CR for LF", cfg, strings.ReplaceAll(cfg, "\n", "\r"), lineEnds},
		{"netascii of a CR", "a\rb\nc\n", "a\r\x00b\r\nc\r\n", lineEnds},
		{"Latin-1", utf8, string(toLatin1([]byte(utf8))), reencoded},
		{"UTF-8 of UTF-8", utf8, string(fromLatin1([]byte(utf8))), reencoded},
		{"question marks", utf8, string(withInstead([]byte(utf8), "?")), reencoded},
		{"UTF-16", cfg, utf16le(cfg), reencoded},
		{"UTF-16 with a mark, big end first", "ü\U0001f4de", "\xfe\xff\x00\xfc\xd8\x3d\xdc\xde", reencoded},
		{"UTF-16, cut short", "a=1\n", "a\x00=\x001\x00\n", otherChange},
		{"replacement characters for Latin-1", "b\xfcro\ngr\xfcn\n", "b\ufffdro\ngr\ufffdn\n", reencoded},
		{"gzip", cfg, pack(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, cfg), compressed},
		{"zlib", cfg, pack(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }, cfg), compressed},
		{"HTML entities", "include:config <a>\ninclude:config <b>\n", "include:config &lt;a&gt;\ninclude:config &lt;b&gt;\n", escaped},
		{"comments are gone", cfg, "lang.gui=English\n\naccount.1.label=Front desk  \naccount.1.enable=1\t\n", linesGone},
		{"a line inside is gone", cfg, strings.Replace(cfg, "lang.gui=English\n", "", 1), linesGone},
		{"blocks changed places", "aaaabbbbcccc", "bbbbaaaacccc", reordered},
		{"blanks at line ends are gone", cfg, strings.NewReplacer("desk  \n", "desk\n", "1\t\n", "1\n").Replace(cfg), whiteSpace},
		{"another byte", cfg, strings.Replace(cfg, "1", "2", 1), otherChange},
		{"another file", cfg, "<html>not found</html>", otherChange},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := classify([]byte(tt.published), []byte(tt.came), ""); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A coding that we cannot unpack is told by its name.
func TestClassifyByCoding(t *testing.T) {
	if got := classify([]byte("a=1\n"), []byte("\x0b\x01\x80a=1\n\x03"), "br"); got != compressed {
		t.Errorf("got %q, want %q", got, compressed)
	}
}

// The samples show what the rules look for: no two differences of one sample look alike.
func TestSamplesAreFit(t *testing.T) {
	for _, s := range samples {
		body := sampleBodies()[s.name]
		if s.name == "crlf.cfg" && bytes.Count(body, []byte("\r\n")) < 2 {
			t.Errorf("%s: one line end: its loss would look like a piece missing", s.name)
		}
		if strings.HasPrefix(s.name, "comments") && bytes.HasPrefix(body, withoutComments(body)) {
			t.Errorf("%s: without its comments it is only shorter", s.name)
		}
	}
}

func withoutComments(body []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(body) {
		if line[0] != '#' {
			kept = append(kept, line...)
		}
	}
	return kept
}

func pack(open func(io.Writer) io.WriteCloser, text string) string {
	var b bytes.Buffer
	w := open(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

func utf16le(text string) string {
	var b strings.Builder
	for _, r := range text {
		b.WriteString(string([]byte{byte(r), 0}))
	}
	return b.String()
}
