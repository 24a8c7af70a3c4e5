package scenarios

import (
	"fmt"
	"io"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

// Expect is what a phone must hold after its pass. Its file has the grammar of a cfg
// file: each listed key must have that value; a key with nothing after the equal sign
// must have none; what is not listed may be anything. $(MA) stands for the phone's MAC,
// and a value that begins with {pbkdf2-sha256} for one that is known by its hash only.
type Expect struct {
	name    string
	entries []config.Entry
}

// ParseExpect reads an expect file. Its error names the first line that is none.
func ParseExpect(name string, body []byte) (*Expect, error) {
	cfg, err := config.ParseCfg(name, body)
	if err != nil {
		return nil, err
	}
	e := &Expect{name: name}
	for _, f := range cfg.Findings {
		if f.Kind == config.MalformedLine {
			return nil, fmt.Errorf("%s", f)
		}
	}
	for entry := range cfg.Entries() {
		if strings.HasPrefix(entry.Value, hashPrefix) {
			if _, err := parseHash(entry.Value); err != nil {
				return nil, fmt.Errorf("%s:%d: %s: %w", name, entry.Line, entry.Key, err)
			}
		}
		e.entries = append(e.entries, entry)
	}
	if len(e.entries) == 0 {
		return nil, fmt.Errorf("%s:1: nothing is expected: want lines of key=value", name)
	}
	return e, nil
}

// ReadExpect is ParseExpect for a file on disk.
func ReadExpect(path string) (*Expect, error) {
	body, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParseExpect(path, body)
}

// Len returns how many keys are listed.
func (e *Expect) Len() int { return len(e.entries) }

// Keys returns the keys that are listed, in their order.
func (e *Expect) Keys() []string {
	keys := make([]string, len(e.entries))
	for i, entry := range e.entries {
		keys[i] = entry.Key
	}
	return keys
}

// Difference is a key whose value is not what was expected. Values are fit for
// printing: a secret is masked.
type Difference struct {
	Key  string
	Want string // empty: nothing
	Got  string // empty: nothing
	File string // the expect file; empty: there is none
	Line int
}

// mostShown bounds a value that is shown, in characters.
const mostShown = 100

// String returns one line: "lang.gui: want French, the phone holds English (office.cfg:3)".
func (d Difference) String() string {
	word := func(text string) string {
		if text == "" {
			return "nothing"
		}
		if cut := []rune(text); len(cut) > mostShown {
			text = string(cut[:mostShown]) + "…"
		}
		return text
	}
	line := fmt.Sprintf("%s: want %s, the phone holds %s", d.Key, word(d.Want), word(d.Got))
	if d.File != "" {
		line += fmt.Sprintf(" (%s:%d)", d.File, d.Line)
	}
	return line
}

// Compare returns what is not as expected, in the order of the file.
func (e *Expect) Compare(held *config.Settings, mac device.MAC) []Difference {
	var all []Difference
	for _, entry := range e.entries {
		want := config.Expand(entry.Value, mac)
		got, _ := held.Get(entry.Key)
		if sameValue(want, got) {
			continue
		}
		d := Difference{Key: entry.Key, File: e.name, Line: entry.Line}
		d.Want, d.Got = config.Masked(entry.Key, want), config.Masked(entry.Key, got)
		if strings.HasPrefix(want, hashPrefix) {
			d.Want, d.Got = "the value whose hash was recorded", config.Mask
			if got == "" {
				d.Got = ""
			}
		}
		all = append(all, d)
	}
	return all
}

// sameValue compares a value with what was expected of it.
func sameValue(want, got string) bool {
	if !strings.HasPrefix(want, hashPrefix) {
		return want == got
	}
	h, err := parseHash(want)
	return err == nil && got != "" && h.matches(got)
}

// Record writes what a phone holds as an expect file. Secrets are hashed: the file
// tells whether they changed, and not what they are.
func Record(w io.Writer, held *config.Settings) error {
	var b strings.Builder
	b.WriteString("#!version:1.0.0.1\n# What this phone ended with. Values of secrets are hashed.\n")
	for s := range held.All() {
		value := s.Value
		if config.Masked(s.Key, value) != value {
			hashed, err := hashOf(value)
			if err != nil {
				return err
			}
			value = hashed
		}
		fmt.Fprintf(&b, "%s=%s\n", s.Key, value)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
