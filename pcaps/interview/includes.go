package interview

import (
	"slices"
	"strconv"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/device"
)

// mostIncludes is how many includes are tried at most.
const mostIncludes = 1000

// bisection looks for the most includes that a phone bears: some give up the whole boot
// file where there are more, so that each boot tells yes or no.
type bisection struct {
	most  int // known to be borne
	least int // known to be too many; 0: none is
}

// next is how many to try; 0: it is known.
func (b bisection) next() int {
	usual := (device.Behaviour{}).WithDefaults().MaxIncludes
	switch {
	case b.least == 0 && b.most < usual:
		return usual
	case b.least == 0 && b.most == usual:
		return usual + 1
	case b.least == 0 && b.most < mostIncludes:
		return mostIncludes
	case b.least == 0 || b.least-b.most == 1:
		return 0
	}
	return (b.most + b.least) / 2
}

func manyIncludes(in *interview, s *stage) {
	both(in, s, "http", "")
	names := make([]string, in.includes.next())
	for i := range names {
		names[i] = "part-" + strconv.Itoa(i+1) + ".cfg"
		s.files[names[i]] = "# nothing\n"
	}
	office(s, names...)
}

// countIncludes looks at whether all of them were asked for, and how many were.
func countIncludes(in *interview, _ *Boot, p *pcaps.Phone, take func(option, value string)) {
	asked, n := requested(p), in.includes.next()
	if !slices.Contains(asked, device.CommonBoot) {
		in.includes = bisection{mostIncludes, mostIncludes + 1} // nothing can be told
		return
	}
	got := 0
	for slices.Contains(asked, "part-"+strconv.Itoa(got+1)+".cfg") {
		got++
	}
	switch {
	case got == n:
		in.includes.most = n
	case got > 0: // it takes as many as it can
		in.includes = bisection{got, got + 1}
	default:
		in.includes.least = n
	}
	if in.includes.next() == 0 && in.includes.least > 0 && in.includes.most > 0 {
		take("max_includes", strconv.Itoa(in.includes.most))
	}
}
