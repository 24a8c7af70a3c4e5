package pcaps

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// What follows the name is remembered: a request reads the same whatever was asked before.
func TestAsked(t *testing.T) {
	ends := []string{"octet\x00", "octet", "", "octet\x00tsize\x000\x00", "octet\x00tsize\x00", "OCTET\x00blksize\x001\n4\x00\x00\x00", strings.Repeat("x", 600) + "\x00"}
	for n := range 3 * maxTails { // more than are remembered
		ends = append(ends, fmt.Sprintf("octet\x00tsize\x00%d\x00", n))
	}
	w := newTFTPWatch(newRoster())
	for _, name := range []string{"a.cfg", "b.cfg", "", "a.cfg"} {
		for _, op := range []byte{1, 2} {
			for _, end := range ends {
				data := []byte("\x00" + string(op) + name + "\x00" + end)
				file, facts, err := w.asked(data)
				p, wantErr := tftp.Parse(data)
				if fmt.Sprint(err) != fmt.Sprint(wantErr) || err == nil && (file != name || cmp.Diff(requestFacts(p), facts) != "") {
					t.Fatalf("%q: %q %v, %v; want %v", data, file, facts, err, wantErr)
				}
			}
		}
	}
	if got := len(w.tails[1]); got > maxTails {
		t.Errorf("%d are remembered", got)
	}
}
