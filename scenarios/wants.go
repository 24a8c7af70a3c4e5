package scenarios

import (
	"iter"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

// Wants yields each key and the value that a phone with this MAC must have: $(MA) is
// expanded; a hash stands for itself.
func (e *Expect) Wants(mac device.MAC) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, entry := range e.entries {
			if !yield(entry.Key, config.Expand(entry.Value, mac)) {
				return
			}
		}
	}
}
