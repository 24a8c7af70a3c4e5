package fleet

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

// Wrong is a phone that was served, and does not hold what it must.
type Wrong struct {
	Phone       device.MAC `json:"phone"`
	Differences []string   `json:"differences"`         // "key: want …, the phone holds … (file:line)"; secrets masked
	Whose       device.MAC `json:"whose_mac,omitempty"` // the phone whose settings it holds; zero: nobody's
}

// String returns one line that names both phones where there are two.
func (w Wrong) String() string {
	text := w.Phone.String()
	if !w.Whose.IsZero() {
		text += " holds what is " + w.Whose.String() + "'s"
	}
	if len(w.Differences) > 0 {
		text += ": " + w.Differences[0]
	}
	if n := len(w.Differences) - 1; n > 0 {
		text += fmt.Sprintf(", and %d more", n)
	}
	return text
}

// verifier holds what phones have against what they must have.
type verifier struct {
	all    *scenarios.Expect // for phones without one of their own; nil: none
	specs  []Spec
	macs   map[device.MAC]int32 // the phones by their MAC
	mac    *regexp.Regexp
	owners func() map[string]device.MAC // of values that one phone alone must hold
}

// maxDifferences bounds what is told of one phone.
const maxDifferences = 5

func newVerifier(all *scenarios.Expect, specs []Spec) *verifier {
	v := &verifier{all: all, specs: specs, macs: make(map[device.MAC]int32, len(specs))}
	for i := range specs {
		v.macs[specs[i].MAC] = int32(i)
	}
	v.mac = regexp.MustCompile(`[0-9a-f]{12}`)
	v.owners = sync.OnceValue(v.findOwners)
	return v
}

// checks reports whether anything is expected of phone i.
func (v *verifier) checks(i int) bool { return v.all != nil || v.specs[i].Expect != nil }

// check returns what is wrong with what phone i holds; nil for nothing.
func (v *verifier) check(i int, held *config.Settings) *Wrong {
	expect := v.specs[i].Expect
	if expect == nil {
		expect = v.all
	}
	if expect == nil {
		return nil
	}
	mac := v.specs[i].MAC
	differences := expect.Compare(held, mac)
	if len(differences) == 0 {
		return nil
	}
	w := &Wrong{Phone: mac}
	for _, d := range differences {
		if len(w.Differences) < maxDifferences {
			w.Differences = append(w.Differences, d.String())
		}
		if w.Whose.IsZero() {
			w.Whose = v.whose(mac, d.Key, held)
		}
	}
	return w
}

// whose tells which other phone's value is held under key: one with that phone's MAC
// in it, or one that is expected of that phone alone.
func (v *verifier) whose(mac device.MAC, key string, held *config.Settings) device.MAC {
	got, _ := held.Get(key)
	plain := strings.NewReplacer(":", "", "-", "").Replace(strings.ToLower(got))
	for _, digits := range v.mac.FindAllString(plain, -1) {
		other, err := device.ParseMAC(digits)
		if _, ours := v.macs[other]; err == nil && other != mac && ours {
			return other
		}
	}
	if owner, ok := v.owners()[key+"="+got]; ok && got != "" && owner != mac && !owner.IsZero() {
		return owner
	}
	return device.MAC{}
}

// findOwners lists the values that expect files of phones' own name once.
func (v *verifier) findOwners() map[string]device.MAC {
	owners := make(map[string]device.MAC)
	for i := range v.specs {
		s := &v.specs[i]
		if s.Expect == nil {
			continue
		}
		for key, value := range s.Expect.Wants(s.MAC) {
			at := key + "=" + value
			if _, twice := owners[at]; twice {
				owners[at] = device.MAC{} // not one phone's
				continue
			}
			owners[at] = s.MAC
		}
	}
	return owners
}
