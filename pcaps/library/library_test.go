package library_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/pcaps/library"
)

var update = flag.Bool("update", false, "write the captures, and what show tells of them, again")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s is another (go test ./pcaps/library -update writes it):\n%s", name, cmp.Diff(string(want), string(got)))
	}
}

func open(t *testing.T, name string, b []byte) *pcaps.Capture {
	t.Helper()
	c, err := pcaps.Read(name, bytes.NewReader(b), pcaps.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The files are what their generator makes, and show tells their story.
func TestMade(t *testing.T) {
	index, err := os.ReadFile("../INDEX.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range library.All() {
		t.Run(m.Name, func(t *testing.T) {
			b, err := m.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, m.Name, b)
			var told bytes.Buffer
			if err := open(t, m.Name, b).WriteText(&told); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", strings.TrimSuffix(m.Name, ".pcapng")+".txt"), told.Bytes())
			if !bytes.Contains(index, []byte("`"+m.Name+"`")) {
				t.Errorf("%s has no line in INDEX.md", m.Name)
			}
		})
	}
}

// Lengths on the wire are those of the guide's figures, where they are proven.
func TestGuideLengths(t *testing.T) {
	for name, want := range map[string][]int{
		"guide_dhcp_option66.pcapng": {590, 343, 590, 343, 93, 93, 62, 98, 62, 99, 62, 98, 116},
		"guide_pnp.pcapng":           {0, 0, 0, 0, 97}, // 0: about, or not printed
	} {
		b, err := library.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lengths := lengthsOf(t, b)
		if len(lengths) != len(want) {
			t.Fatalf("%s has frames of %v bytes, want %v", name, lengths, want)
		}
		for i, w := range want {
			if w != 0 && lengths[i] != w {
				t.Errorf("%s frame %d: %d bytes, the guide has %d", name, i+1, lengths[i], w)
			}
		}
	}
}

// lengthsOf returns the length of each frame, in bytes.
func lengthsOf(t *testing.T, capture []byte) (all []int) {
	t.Helper()
	frames, err := pcapgo.NewNgReader(bytes.NewReader(capture), pcapgo.DefaultNgReaderOptions)
	for err == nil {
		var frame gopacket.CaptureInfo
		if _, frame, err = frames.ReadPacketData(); err == nil {
			all = append(all, frame.Length)
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return all
}

// What the figures tell: the resend after 4.235 s, the files in the guide's order, the
// URL of the NOTIFY.
func TestGuideStory(t *testing.T) {
	for name, want := range map[string]string{
		"guide_dhcp_option66.pcapng": "dhcp.discover dhcp.offer dhcp.request dhcp.ack fetch.request=0021f222b01d fetch.request=0021f222b01d fetch.missing " +
			"fetch.request=0021f222b01d.boot fetch.missing fetch.request=y000000000000.boot fetch.missing fetch.request=y000000000000.cfg fetch.reply fetch.done",
		"guide_pnp.pcapng": "pnp.subscribe pnp.response pnp.notify pnp.answer fetch.request=0021f222b01d.cfg fetch.failed",
	} {
		b, err := library.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c := open(t, name, b)
		if len(c.Phones) != 1 || c.Phones[0].Name() != "0021f222b01d" {
			t.Fatalf("%s: phones %+v", name, c.Phones)
		}
		var got []string
		for _, e := range c.Phones[0].Events {
			word := string(e.Kind)
			if e.Kind == "fetch.request" {
				word += "=" + e.Name
			}
			got = append(got, word)
			if e.Kind == "fetch.request" && e.Attempt == 2 && strconv.FormatInt(e.Took.Milliseconds(), 10) != "4234" {
				t.Errorf("resent after %s", e.Took)
			}
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Error(diff)
		}
	}
}

// What INDEX.md says that show says, it says; no capture is without a line, and no line
// without its capture.
func TestIndex(t *testing.T) {
	index, err := os.ReadFile("../INDEX.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := make(map[string][]string) // by file, what show says
	for line := range strings.Lines(string(index)) {
		cells := strings.Split(line, "|")
		if len(cells) == 6 && strings.HasPrefix(cells[1], " `") {
			lines[strings.Trim(cells[1], " `")] = quoted.FindAllString(cells[4], -1)
		}
	}
	files, err := library.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		said := lines[f.Name()]
		delete(lines, f.Name())
		if len(said) == 0 {
			t.Errorf("%s has no line in INDEX.md that says what show says of it", f.Name())
			continue
		}
		b, err := library.Files.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		var told bytes.Buffer
		if err := open(t, f.Name(), b).WriteText(&told); err != nil {
			t.Fatal(err)
		}
		for _, want := range said {
			if !strings.Contains(told.String(), strings.Trim(want, "`")) {
				t.Errorf("%s: show does not say %s:\n%s", f.Name(), want, &told)
			}
		}
		if strings.Contains(told.String(), "made-up#1") || strings.Contains(told.String(), "not-it") {
			t.Errorf("%s: show tells a password", f.Name())
		}
	}
	for name := range lines {
		t.Errorf("INDEX.md has a line for %s, which is not there", name)
	}
}

// quoted finds what stands between backticks.
var quoted = regexp.MustCompile("`[^`]+`")
