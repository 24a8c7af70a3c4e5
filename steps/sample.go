package steps

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing/fstest"
)

// sample is a file whose bytes show one thing that servers do to files.
type sample struct {
	phrase string // as feature files call it
	name   string
	body   func() []byte
}

// mebi is the unit of big sizes.
const mebi = 1 << 20

// samples are the files of the chapter about content. They are published together once
// in a run, and each is fetched once over each protocol, whatever number of rules look
// at it.
var samples = []sample{
	sized("0 bytes", 0, "cfg"), sized("1 byte", 1, "cfg"),
	sized("511 bytes", 511, "cfg"), sized("512 bytes", 512, "cfg"), sized("513 bytes", 513, "cfg"),
	sized("1024 bytes", 1024, "cfg"), sized("65,535 bytes", 65535, "cfg"), sized("1 MiB", mebi, "rom"), sized("33 MiB", 33*mebi, "rom"),
	sized("513 bytes named as a boot file", 513, "boot"), sized("513 bytes named as a phonebook", 513, "xml"),
	text("a cfg file whose settings follow no order", "order.cfg",
		"wui.http_enable=1\naccount.2.label=Lobby\nlang.gui=English\naccount.1.label=Reception\n"),
	text("a boot file whose includes follow no order", "order.boot",
		"include:config <lf.cfg>\ninclude:config <blanks.cfg>\ninclude:config <utf-8.cfg>\ninclude:config <crlf.cfg>\n"),
	text("a boot file with LF line ends", "lf.boot", "include:config <lf.cfg>\ninclude:config \"crlf.cfg\"\n"),
	text("a cfg file with LF line ends", "lf.cfg", "lang.gui=English\naccount.1.label=Reception\n"),
	text("a cfg file with CR LF line ends", "crlf.cfg", "lang.gui=English\r\naccount.1.label=Reception\r\n"),
	text("a boot file with CR LF line ends", "crlf.boot", "include:config <lf.cfg>\r\ninclude:config \"crlf.cfg\"\r\n"),
	text("a cfg file in UTF-8", "utf-8.cfg", "account.1.label=Büro Großmann\naccount.2.label=受付 – €\n"),
	text("a phonebook in UTF-8", "utf-8.xml",
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Directory>\n<Entry><Name>Jürgen Çelik</Name></Entry>\n</Directory>\n"),
	text("a cfg file that begins with a byte order mark", "marked.cfg", "\ufefflang.gui=English\n"),
	text("a cfg file without a byte order mark", "unmarked.cfg", "lang.gui=English\naccount.1.label=Büro\n"),
	text("a boot file without a byte order mark", "unmarked.boot", "include:config <unmarked.cfg>\n"),
	text("a boot file with angle brackets and quotation marks", "marks.boot", "include:config <lf.cfg>\ninclude:config \"utf-8.cfg\"\n"),
	text("a cfg file with angle brackets and ampersands", "marks.cfg",
		"dialplan.digitmap=<9,:>x.|[2-8]xxx\naction_url.call=http://192.0.2.1/?a=1&b=2\n"),
	text("a boot file with comments", "comments.boot",
		"#!version:1.0.0.1\n## main office\n\ninclude:config <lf.cfg>\n# second floor\ninclude:config <crlf.cfg>\n#end\n"),
	text("a cfg file with comments", "comments.cfg",
		"#!version:1.0.0.1\n## Account 1 ##\n\naccount.1.label=Reception\n#Enable it\naccount.1.enable=1\n\n# end\n"),
	text("a cfg file with blanks", "blanks.cfg", "lang.gui = English\t\naccount.1.label=Front  desk  \n\naccount.1.enable =1 \n"),
	text("a cfg file with a long line", "long.cfg",
		"lang.gui=English\n"+longLine+"\naccount.1.label=Reception\n"),
	text("a cfg file with placeholders", "placeholders.cfg",
		strings.Join(placeholders, "\n")+"\n"),
	{"a cfg file that packs well", "packs.cfg", func() []byte { return bytes.Repeat([]byte("account.1.label=Reception\n"), 200) }},
	{"a boot file that packs well", "packs.boot", func() []byte { return bytes.Repeat([]byte("include:config <lf.cfg>\n"), 200) }},
	{"a phonebook that packs well", "packs.xml", func() []byte {
		return []byte("<Directory>\n" + strings.Repeat("<Entry><Name>Reception</Name></Entry>\n", 200) + "</Directory>\n")
	}},
	{"a firmware with every byte", "bytes.rom", everyByte},
}

// placeholders are in the sample with that name.
var placeholders = []string{
	"$(MA)", "{$mac}", "${mac}", "{{ mac }}", "%MAC%", "<%= mac %>", "@mac@", "%{mac}", "<?php mac ?>", "<!--#echo var=\"DATE\" -->",
}

// longLine is in the sample with a long line: a dial plan, as long as real ones get.
var longLine = "dialplan.digitmap=" + strings.Repeat("[2-8]xxx|", 200) + "x."

func text(phrase, name, body string) sample {
	return sample{phrase, name, func() []byte { return []byte(body) }}
}

// sized is a text of whole settings, each line another, cut at a size: what is missing,
// doubled or in another order shows.
func sized(words string, size int, kind string) sample {
	name := fmt.Sprintf("size-%d.%s", size, kind)
	return sample{"a file of " + words, name, func() []byte {
		body := make([]byte, 0, size+32)
		for n := 0; len(body) < size; n++ {
			body = fmt.Appendf(body, "k%08d=v%04d\n", n, n%9973)
		}
		return body[:size]
	}}
}

// everyByte holds each byte value, and each pair of neighbours that text modes change.
func everyByte() []byte {
	var body []byte
	for i := range 256 {
		body = append(body, byte(i), byte(255-i), '\r', byte(i), '\n', byte(i), 0)
	}
	return append(body, "\r\n\n\r\r\n\x1a\x04\xff\xfe\x00\r\x00"...)
}

// sampleBodies are made once in a process: they are read, never written.
var sampleBodies = sync.OnceValue(func() map[string][]byte {
	bodies := make(map[string][]byte, len(samples))
	for _, s := range samples {
		bodies[s.name] = s.body()
	}
	return bodies
})

// sampleTree is what is published.
func sampleTree() fstest.MapFS {
	tree := make(fstest.MapFS, len(samples))
	for name, body := range sampleBodies() {
		tree[name] = &fstest.MapFile{Data: body, Mode: 0o644}
	}
	return tree
}

// sampleCalled finds a sample by its phrase.
func sampleCalled(phrase string) (sample, error) {
	for _, s := range samples {
		if s.phrase == phrase {
			return s, nil
		}
	}
	return sample{}, harness("no sample is called %q", phrase)
}
