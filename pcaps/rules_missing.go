package pcaps

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// includesMissing: files that a boot file names and the server lacks; and others, which it
// does not name.
func (s *story) includesMissing(missed []*attempt) []Diagnosis {
	names, known := s.included()
	var includes, rest []*attempt
	for _, a := range missed {
		if known && !names[a.file()] {
			rest = append(rest, a)
		} else if !s.isFirst(a) && !a.nameCut() {
			includes = append(includes, a)
		}
	}
	all := s.fileMissing(rest)
	if len(includes) == 0 {
		return all
	}
	d := s.lacking(includes)
	d.Cause, d.rank = IncludeMissing, 35
	d.Next = "Compare the include lines with the names on the server: they are relative to the boot file, and case counts."
	if known {
		d.Text = "the boot file includes " + d.Text
	} else { // its lines are not in the capture
		d.Text = "the phone asked for " + d.Text + " after its boot file"
	}
	d.Text += ", and the server says that it is not there: the phone goes on without it"
	return append(all, d)
}

// fileMissing: files that the server lacks, and no phone asks for of its own accord. The
// settings name them: ringtones, pictures, phone books.
func (s *story) fileMissing(missed []*attempt) []Diagnosis {
	var others []*attempt
	for _, a := range missed {
		if !a.nameCut() && !s.isFirst(a) && (!s.own(a.file()) || !s.gotOwn()) {
			others = append(others, a)
		}
	}
	if len(others) == 0 {
		return nil
	}
	d := s.lacking(others)
	d.Cause, d.rank = FileMissing, 45
	d.Text = fmt.Sprintf("the server says that %s is not there: the phone goes on without it", d.Text)
	d.Next = "What names it: a cfg file, or the phone's own settings? Compare the name with those on the server, letter for letter."
	return []Diagnosis{d}
}

// gotOwn reports whether the phone got a file of its own.
func (s *story) gotOwn() bool {
	return slices.ContainsFunc(s.fetches, func(a *attempt) bool { return a.done() && s.own(a.file()) })
}

// lacking is a diagnosis of files that are not there, with their names as its text.
func (s *story) lacking(missed []*attempt) (d Diagnosis) {
	var names []string
	for _, a := range missed {
		names = append(names, a.name)
		d.Frames = append(d.Frames, a.frames()...)
		d.Filter = s.filter(protocolFilter(a), a.server().Addr())
	}
	d.Text = listed(names)
	return d
}

// isFirst tells the files that a phone asks for to begin with, of which most servers lack
// some.
func (s *story) isFirst(a *attempt) bool {
	return strings.HasSuffix(a.name, ".boot") || a.file() == s.p.MAC.String() || a.file() == device.CommonCfg
}

// included are the names in the boot files, without their folders; known is false where
// no boot file is whole in the capture.
func (s *story) included() (names map[string]bool, known bool) {
	names = make(map[string]bool)
	moved := s.moved()
	for _, f := range s.p.Files {
		if f.Partial != "" || f.Body == nil || path.Ext(f.Name) != ".boot" && path.Ext(moved[f.URL]) != ".boot" {
			continue
		}
		boot, err := config.ParseBoot(f.Name, f.Body)
		if err != nil {
			continue
		}
		known = true
		for _, i := range boot.Includes {
			names[trace.Clean(baseName(config.Expand(i.Ref, s.p.MAC)))] = true
		}
	}
	return names, known
}
