package pcaps

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// A capture whose frames are cut short, at whatever length, blames nobody whom the whole one does not blame.
func TestSnapped(t *testing.T) {
	library(t, func(t *testing.T, capture []byte) {
		whole := blamed(read(t, capture))
		step := 1
		if testing.Short() {
			step = 7
		}
		for snap := 42; snap < 240; snap += step {
			part := rewritten(t, capture, func(_ int, b []byte) []byte { return b[:min(len(b), snap)] })
			for what, text := range moreBlamed(part, whole) {
				t.Errorf("of each frame %d bytes: %s: %s: %s", snap, what.side, what.cause, text)
			}
		}
	})
}

// A capture that lacks a frame, whichever, blames no server that the whole one does not blame.
func TestFrameMissing(t *testing.T) {
	library(t, func(t *testing.T, capture []byte) {
		story := read(t, capture)
		whole := blamed(story)
		for missing := range story.Frames {
			part := rewritten(t, capture, func(i int, b []byte) []byte {
				if i == missing {
					return nil
				}
				return b
			})
			for what, text := range moreBlamed(part, whole) {
				t.Errorf("without frame %d: %s: %s: %s", missing+1, what.side, what.cause, text)
			}
		}
	})
}

// A capture that lacks frames here and there, as a busy machine loses them, blames nobody whom the whole one does not
// blame. That nothing came back is said of what is open.
func TestFramesMissing(t *testing.T) {
	library(t, func(t *testing.T, capture []byte) {
		whole := blamed(read(t, capture))
		for seed := range uint64(50) {
			by := rand.New(rand.NewPCG(seed, 0))
			gone := ""
			part := rewritten(t, capture, func(i int, b []byte) []byte {
				if by.Float64() < 0.02+0.3*float64(seed%5)/5 {
					gone += fmt.Sprint(" ", i+1)
					return nil
				}
				return b
			})
			for what, text := range moreBlamed(part, whole) {
				if what.side != Open {
					t.Errorf("%s: %s: %s (without frames%s)", what.side, what.cause, text, gone)
				}
			}
		}
	})
}

// A capture that has each frame twice, as one of two interfaces has it, or two neighbours in the wrong order, blames the
// same as the whole one.
func TestFramesTwiceAndSwapped(t *testing.T) {
	library(t, func(t *testing.T, capture []byte) {
		in, err := hold("a capture", bytes.NewReader(capture))
		if err != nil {
			t.Fatal(err)
		}
		want := blamed(read(t, capture))
		same := func(name string, frames []frame) {
			got := blamed(read(t, pcapOf(t, frames)))
			if diff := cmp.Diff(causes(want), causes(got)); diff != "" {
				t.Errorf("%s (-want +got)\n%s", name, diff)
			}
		}
		var plain []frame
		for _, h := range in.frames {
			plain = append(plain, h.frame)
		}
		for _, gap := range []time.Duration{0, 20 * time.Microsecond, 400 * time.Microsecond, 2 * time.Millisecond} {
			var twice []frame
			for _, f := range plain {
				again := f
				again.at = f.at.Add(gap)
				twice = append(twice, f, again)
			}
			same(fmt.Sprint("twice, ", gap, " later"), twice)
		}
		for i := 1; i < len(plain); i++ {
			swapped := slices.Clone(plain)
			swapped[i-1], swapped[i] = plain[i], plain[i-1]
			same(fmt.Sprint("frame ", i+1, " before ", i), swapped)
		}
	})
}

// causes are what is blamed, in order.
func causes(all map[blame]string) (names []string) {
	for what := range all {
		names = append(names, fmt.Sprintf("%s: %s", what.side, what.cause))
	}
	slices.Sort(names)
	return names
}

// rewritten is a capture of what is left of each frame; nil: nothing.
func rewritten(t *testing.T, capture []byte, left func(i int, b []byte) []byte) []byte {
	t.Helper()
	in, err := hold("a capture", bytes.NewReader(capture))
	if err != nil {
		t.Fatal(err)
	}
	var frames []frame
	for i, h := range in.frames {
		f := h.frame
		if f.data = left(i, h.data); f.data != nil {
			frames = append(frames, f)
		}
	}
	return pcapOf(t, frames)
}

// pcapOf is a capture of frames.
func pcapOf(t *testing.T, frames []frame) []byte {
	t.Helper()
	var out bytes.Buffer
	w := pcapgo.NewWriterNanos(&out)
	if err := w.WriteFileHeader(262144, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: f.at, CaptureLength: len(f.data), Length: f.length}, f.data); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// Who requests an address from a server by name has had its offer, whatever the capture lacks.
func TestOfferMissing(t *testing.T) {
	capture, err := os.ReadFile("library/kea-dhcp4_option66.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	part := rewritten(t, capture, func(i int, b []byte) []byte {
		if i == 1 || i == 3 { // OFFER and ACK
			return nil
		}
		return b
	})
	got := Diagnose(read(t, part).Phones[0])
	if !slices.ContainsFunc(got, func(d Diagnosis) bool { return d.Cause == Incomplete && strings.Contains(d.Text, "offer") }) {
		t.Errorf("%+v", got)
	}
}
