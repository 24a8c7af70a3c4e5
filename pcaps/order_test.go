package pcaps

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// frameAt is a frame of one byte, so many milliseconds after the beginning.
type frameAt struct {
	ms   int
	byte byte
}

func captureOf(t *testing.T, all []frameAt) []byte {
	t.Helper()
	var frames []frame
	for _, f := range all {
		at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC).Add(time.Duration(f.ms) * time.Millisecond)
		frames = append(frames, frame{at: at, data: []byte{f.byte}, length: 1})
	}
	return pcapOf(t, frames)
}

// ordered reads a capture's frames: a letter each.
func ordered(t *testing.T, b []byte) (told string, o *inOrder, err error) {
	t.Helper()
	s, err := newSource(bytes.NewReader(b), nil)
	if err != nil {
		t.Fatal(err)
	}
	o = &inOrder{source: s}
	for {
		f, err := o.next()
		if err != nil {
			return told, o, err
		}
		told += string(f.data)
	}
}

// Frames come in the order of their times, those of one time as they stand in the file. A clock that was set back
// begins a new order.
func TestInOrder(t *testing.T) {
	for _, test := range []struct {
		name string
		in   []frameAt
		want string
		back int
	}{
		{"in order", []frameAt{{0, 'a'}, {1, 'b'}, {2, 'c'}}, "abc", 0},
		{"one is late", []frameAt{{0, 'a'}, {120, 'c'}, {1, 'b'}, {121, 'd'}}, "abcd", 1},
		{"all are turned round", []frameAt{{3, 'd'}, {2, 'c'}, {1, 'b'}, {0, 'a'}}, "abcd", 3},
		{"of one time", []frameAt{{5, 'b'}, {5, 'c'}, {1, 'a'}, {5, 'd'}}, "abcd", 1},
		{"as late as may be, and later", []frameAt{{225, 'b'}, {100, 'a'}, {400, 'c'}, {274, 'd'}, {399, 'e'}}, "abcde", 2},
		{"the clock was set back", []frameAt{{9000, 'a'}, {9001, 'b'}, {1, 'd'}, {0, 'c'}, {8000, 'e'}}, "abcde", 2},
		{"none", nil, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			told, o, err := ordered(t, captureOf(t, test.in))
			if told != test.want || o.back != test.back || !errors.Is(err, io.EOF) {
				t.Errorf("%q, %d back, %v; want %q, %d", told, o.back, err, test.want, test.back)
			}
		})
	}
}

// More frames than are held at once are all handed on, whatever their order; where a file is cut, so are those before.
func TestInOrderOfMany(t *testing.T) {
	const n = 5 * maxHeldFrames
	all := make([]frameAt, n)
	for i := range all {
		all[i] = frameAt{i, byte(i)}
	}
	random := rand.New(rand.NewPCG(1, 2))
	const most = fewHeldFrames // late by no more than are held
	for begin := 0; begin < n; begin += most {
		part := all[begin:min(n, begin+most)]
		random.Shuffle(len(part), func(i, k int) { part[i], part[k] = part[k], part[i] })
	}
	b := captureOf(t, all)
	told, _, err := ordered(t, b[:len(b)-1])
	if !errors.Is(err, errCut) || len(told) < n-2 {
		t.Errorf("%d frames, %v", len(told), err)
	}
	told, _, err = ordered(t, b)
	if !errors.Is(err, io.EOF) || len(told) != n {
		t.Fatalf("%d frames, %v", len(told), err)
	}
	for i := range n {
		if told[i] != byte(i) {
			t.Fatalf("frame %d is %d", i, told[i])
		}
	}
}

// A capture whose frames lie about tells the same story as one in order, and blames nobody for it.
func TestStoryOfShuffled(t *testing.T) {
	files, err := filepath.Glob("library/*.pcapng")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	for i, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			frames := shots(t, b)
			want := storyOf(read(t, classic(binary.LittleEndian, true, frames)))
			random := rand.New(rand.NewPCG(uint64(i), 7))
			for at := range frames { // with one of the next nine, if that is soon
				with := min(len(frames)-1, at+random.IntN(10))
				if frames[with].at.Sub(frames[at].at).Abs() < reach/4 {
					frames[at], frames[with] = frames[with], frames[at]
				}
			}
			c := read(t, classic(binary.LittleEndian, true, frames))
			if diff := cmp.Diff(want, storyOf(c)); diff != "" {
				t.Error(diff)
			}
			if len(frames) > 10 && (len(c.Notes) == 0 || !strings.Contains(c.Notes[0], "put in order")) {
				t.Errorf("notes: %q", c.Notes)
			}
		})
	}
}

// storyOf is what a capture tells, but for the numbers of its frames.
func storyOf(c *Capture) (lines []string) {
	for _, p := range c.Phones {
		for _, e := range p.Events {
			lines = append(lines, fmt.Sprint(e.At.UnixNano(), e.Kind, e.Name, e.Bytes, e.Attempt, e.Fault, e.Detail))
		}
		for _, d := range Diagnose(p) {
			lines = append(lines, fmt.Sprint(d.Cause, d.Side))
		}
	}
	return lines
}
