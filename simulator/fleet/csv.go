package fleet

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
)

// maxPhones bounds a file of phones: a MAC range.
const maxPhones = macRange

// columns are those of a file of phones; mac must be there.
var columns = []string{"mac", "model", "user", "password", "expect"}

// ReadCSV reads phones from a file with a head line of some of
//
//	mac,model,user,password,expect
//
// A MAC may have any usual spelling, and one that is all digits is a MAC too. expect
// names an expect file, relative to the folder of this one. Errors begin with
// file:line:column, and never show a password. A record has at most 1 MiB, and all
// expect files together have at most 512 MiB.
func ReadCSV(name string) ([]Spec, error) { return readCSV(name, maxExpect) }

func readCSV(name string, expects int64) ([]Spec, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t := &table{name: name, seen: make(map[device.MAC]int), expects: make(map[string]*scenarios.Expect), left: expects, most: expects}
	t.csv = csv.NewReader(&records{in: f, table: t})
	t.csv.ReuseRecord = true
	t.csv.Comment = '#'
	t.csv.TrimLeadingSpace = true
	if err := t.head(); err != nil {
		return nil, err
	}
	for {
		spec, err := t.row()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(t.seen) > maxPhones {
			return nil, fmt.Errorf("%s: more than %d phones", name, maxPhones)
		}
		t.specs = append(t.specs, spec)
	}
	if len(t.specs) == 0 {
		return nil, fmt.Errorf("%s:1:1: no phones below the head line", name)
	}
	return t.specs, nil
}

// table is a file of phones that is being read.
type table struct {
	name    string
	csv     *csv.Reader
	at      map[string]int // the place of each column
	seen    map[device.MAC]int
	expects map[string]*scenarios.Expect // by path: phones share them
	most    int64                        // bytes of all expect files
	left    int64                        // how many of them may still come
	began   int64                        // where the record begins that is being read, in bytes
	line    int                          // and its line
	specs   []Spec
}

// head reads the names of the columns.
func (t *table) head() error {
	names, err := t.record()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s:1:1: empty: want a head line, %s", t.name, strings.Join(columns, ","))
	}
	if err != nil {
		return t.placed(err)
	}
	t.at = make(map[string]int, len(names))
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if !slices.Contains(columns, name) {
			return t.errorf(i, "%q is no column: want a head line of some of %s", name, strings.Join(columns, ","))
		}
		if _, twice := t.at[name]; twice {
			return t.errorf(i, "a second column %s", name)
		}
		t.at[name] = i
	}
	if _, ok := t.at["mac"]; !ok {
		return t.errorf(0, "no column mac: want a head line of some of %s", strings.Join(columns, ","))
	}
	return nil
}

// row reads one phone.
func (t *table) row() (s Spec, err error) {
	fields, err := t.record()
	if err != nil {
		return s, t.placed(err)
	}
	field := func(name string) string {
		if i, ok := t.at[name]; ok {
			return strings.TrimSpace(fields[i])
		}
		return ""
	}
	if s.MAC, err = device.ParseMAC(field("mac")); err != nil {
		return s, t.errorf(t.at["mac"], "%w", err)
	}
	if err := s.MAC.Check(); err != nil {
		return s, t.errorf(t.at["mac"], "%w", err)
	}
	line, _ := t.csv.FieldPos(0)
	if first, twice := t.seen[s.MAC]; twice {
		return s, t.errorf(t.at["mac"], "%s is on line %d already: every phone has a MAC of its own", s.MAC, first)
	}
	t.seen[s.MAC] = line
	s.Model, s.User, s.Password = strings.Clone(field("model")), strings.Clone(field("user")), strings.Clone(field("password"))
	if s.Password != "" && s.User == "" {
		return s, t.errorf(t.at["password"], "a password without a user")
	}
	if file := field("expect"); file != "" {
		if s.Expect, err = t.expect(file); err != nil {
			return s, t.errorf(t.at["expect"], "%w", err)
		}
	}
	return s, nil
}

// expect reads an expect file, once.
func (t *table) expect(file string) (*scenarios.Expect, error) {
	path := file
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(t.name), filepath.FromSlash(file))
	}
	if e, ok := t.expects[path]; ok {
		return e, nil
	}
	if info, err := os.Stat(path); err == nil {
		if t.left -= info.Size(); t.left < 0 {
			return nil, fmt.Errorf("%s: the expect files together have more than %d bytes", file, t.most)
		}
	}
	e, err := scenarios.ReadExpect(path)
	if err == nil {
		t.expects[strings.Clone(path)] = e
	}
	return e, err
}

// errorf returns an error at a column of the line that was read last.
func (t *table) errorf(column int, format string, args ...any) error {
	line, at := t.csv.FieldPos(column)
	return fmt.Errorf("%s:%d:%d: %w", t.name, line, at, fmt.Errorf(format, args...))
}

// placed puts the place of a CSV error before it.
func (t *table) placed(err error) error {
	var at *csv.ParseError
	if errors.As(err, &at) {
		return fmt.Errorf("%s:%d:%d: %w", t.name, at.Line, at.Column, at.Err)
	}
	return err
}
