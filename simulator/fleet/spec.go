package fleet

import (
	"fmt"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
)

// Spec is one phone of a fleet.
type Spec struct {
	MAC      device.MAC
	Model    string            // empty: by the stage's mix, else device.DefaultModel
	User     string            // shown to the server; empty: that of the URL
	Password string            //
	Expect   *scenarios.Expect // what it must hold after its pass; nil: Options.Expect
}

// DefaultFirst is the first MAC of a fleet of which only the number is known: locally
// administered (IEEE 802 §8.2), so that it is no real phone's.
var DefaultFirst = device.MAC{0x02, 0x21, 0xf2, 0x00, 0x00, 0x00}

// macRange is how many phones share the first half of a MAC, the maker's.
const macRange = 1 << 24

// Count returns n phones with MACs one after the other from first on. It returns an
// error where they would run out of the range of their first three bytes.
func Count(n int, first device.MAC) ([]Spec, error) {
	left := macRange - (int(first[3])<<16 | int(first[4])<<8 | int(first[5]))
	if n < 1 {
		return nil, fmt.Errorf("%d phones: want at least 1", n)
	}
	if n > left {
		return nil, fmt.Errorf("%d phones from %s on: only %d MACs are left in the range of %x; begin lower, or take fewer",
			n, first, left, first[:3])
	}
	specs := make([]Spec, n)
	for i := range specs {
		specs[i].MAC = first.Add(uint64(i))
	}
	return specs, nil
}
