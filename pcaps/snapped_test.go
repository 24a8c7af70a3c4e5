package pcaps

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

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
			c, err := Read("snapped", bytes.NewReader(part), Options{})
			if err != nil {
				continue // nothing of a phone is left
			}
			for what, text := range blamed(c) {
				if whole[what] == "" {
					t.Errorf("of each frame %d bytes: %s: %s: %s", snap, what.side, what.cause, text)
				}
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
			c, err := Read("a frame is missing", bytes.NewReader(part), Options{})
			if err != nil {
				continue
			}
			for what, text := range blamed(c) {
				if whole[what] == "" {
					t.Errorf("without frame %d: %s: %s: %s", missing+1, what.side, what.cause, text)
				}
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
			c, err := Read("frames are missing", bytes.NewReader(part), Options{})
			if err != nil {
				continue
			}
			for what, text := range blamed(c) {
				if whole[what] == "" && what.side != Open {
					t.Errorf("%s: %s: %s (without frames%s)", what.side, what.cause, text, gone)
				}
			}
		}
	})
}

// rewritten is a capture of what is left of each frame; nil: nothing.
func rewritten(t *testing.T, capture []byte, left func(i int, b []byte) []byte) []byte {
	t.Helper()
	in, err := hold("a capture", bytes.NewReader(capture))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := pcapgo.NewWriterNanos(&out)
	if err := w.WriteFileHeader(262144, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for i, h := range in.frames {
		b := left(i, h.data)
		if b == nil {
			continue
		}
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: h.frame.at, CaptureLength: len(b), Length: h.length}, b); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}
