package scenarios

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

// Phone is a phone of a scenario or of a server, and what its pass must come to.
type Phone struct {
	Identity  device.Identity
	Behaviour device.Behaviour // options on points where the guide is silent
	Outcome   device.Outcome   // empty: provisioned or unchanged
	Expect    *Expect          // nil: any settings will do
	ExpectAt  string           // the expect file's path, there or not; empty: none was named
	Accounts  []Account        // what it registers with; each field may go by either of its names
	File      string           // the file whose URL it is told; empty: it is told that of the folder
}

// Differences returns what the phone holds otherwise than expected.
func (p Phone) Differences(held *config.Settings) []Difference {
	var all []Difference
	if p.Expect != nil {
		all = p.Expect.Compare(held, p.Identity.MAC)
	}
	for _, a := range p.Accounts {
		all = append(all, a.compare(held)...)
	}
	return all
}

// Expects reports how many settings are expected.
func (p Phone) Expects() int {
	n := 0
	if p.Expect != nil {
		n = p.Expect.Len()
	}
	for _, a := range p.Accounts {
		n += len(a.fields())
	}
	return n
}

// Ended says in one line what is wrong with how the phone's pass ended; empty: nothing.
func (p Phone) Ended(outcome device.Outcome) string {
	switch {
	case p.Outcome == "" && !outcome.OK():
		return fmt.Sprintf("the phone ended %s", outcome)
	case p.Outcome != "" && outcome != p.Outcome:
		return fmt.Sprintf("the phone ended %s instead of %s", outcome, p.Outcome)
	}
	return ""
}

// phoneYAML is a phone as scenario.yaml and target.yaml have it.
type phoneYAML struct {
	MAC       word     `yaml:"mac"`
	Model     string   `yaml:"model"`
	Firmware  word     `yaml:"firmware"`
	Behaviour ast.Node `yaml:"behaviour"` // a mapping of options, or the name of a file
	Outcome   string   `yaml:"outcome"`
	Expect    string   `yaml:"expect"` // the name of a file
	File      string   `yaml:"file"`   // the one that it is told, below tree
}

// word is a scalar as it is written: an unquoted all-digit MAC is a MAC, never a number.
type word string

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (w *word) UnmarshalYAML(n ast.Node) error {
	if _, ok := n.(ast.ScalarNode); !ok {
		return errors.New("want one word")
	}
	*w = word(n.GetToken().Value)
	return nil
}

// outcomes are the words of field outcome.
var outcomes = []device.Outcome{device.Provisioned, device.Unchanged, device.NothingFound, device.Failed}

// read checks a phone and reads its files. path is its place in d; names of files are
// relative to dir. An expect file may be missing where record is set.
func (y phoneYAML) read(d *Document, path, dir string, record bool) (p Phone, err error) {
	if y.MAC == "" {
		return p, d.Errorf(path, "a phone without a mac")
	}
	if p.Identity.MAC, err = device.ParseMAC(string(y.MAC)); err != nil {
		return p, d.Errorf(path+".mac", "%w", err)
	}
	p.Identity.Model, p.Identity.Firmware = y.Model, string(y.Firmware)
	p.Identity = p.Identity.WithDefaults()
	if p.File = y.File; p.File != "" && !fs.ValidPath(p.File) {
		return p, d.Errorf(path+".file", "%q is no file below the tree", p.File)
	}
	p.Outcome = device.Outcome(y.Outcome)
	if y.Outcome != "" && !slices.Contains(outcomes, p.Outcome) {
		return p, d.Errorf(path+".outcome", "%q is no outcome; there are: provisioned, unchanged, nothing-found, failed", y.Outcome)
	}
	if err := y.readBehaviour(d, path+".behaviour", dir, &p.Behaviour); err != nil {
		return p, err
	}
	if y.Expect == "" {
		return p, nil
	}
	p.ExpectAt = within(dir, y.Expect)
	p.Expect, err = ReadExpect(p.ExpectAt)
	if record && errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w (for a target of kind live, check --record writes it)", err)
	}
	if err != nil {
		return p, d.Errorf(path+".expect", "%w", err)
	}
	return p, nil
}

// readBehaviour reads options in place, or the behaviour file that is named.
func (y phoneYAML) readBehaviour(d *Document, path, dir string, b *device.Behaviour) error {
	switch node := y.Behaviour.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.MappingNode:
		for _, entry := range node.Values {
			value := strings.Trim(entry.Value.String(), `"'`)
			if err := b.Set(entry.Key.String(), value); err != nil {
				at := entry.Key.GetToken().Position
				return fmt.Errorf("%s:%d:%d: %w", d.Name, at.Line, at.Column, err)
			}
		}
		return nil
	case *ast.StringNode:
		name := within(dir, node.Value)
		body, err := readFile(name)
		if err == nil {
			err = b.ReadFile(name, body)
		}
		if err != nil {
			return d.Errorf(path, "%w", err)
		}
		return nil
	default:
		return d.Errorf(path, "want options of the phone, name: value, or the name of a behaviour file")
	}
}

// within returns name as seen from dir.
func within(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}
