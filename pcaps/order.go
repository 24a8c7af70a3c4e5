package pcaps

import (
	"slices"
	"time"
)

// How far frames are put in order. Captures of several interfaces, or of a card with several queues, have frames
// some milliseconds late in the file; a frame that is later than reach was not late: the clock was set back, which
// is done from 128 ms on (ntpd, "step threshold"; what is less is slewed).
const (
	reach          = 125 * time.Millisecond
	fewHeldFrames  = 64 // as long as all were in order: they stay in the processor's cache
	maxHeldFrames  = 512
	maxHeldContent = 4 << 20 // bytes of frames
)

// inOrder hands frames on in the order of their times, as far as reach goes.
type inOrder struct {
	source  *source
	held    []frame // in order
	begin   int     // of those that are held still
	content int     // their bytes
	free    [][]byte
	handed  []byte // by the latest call: valid until the next one
	wait    *frame // read, and of a time before all that are held: the clock was set back
	err     error  // after what is held

	back     int // frames before the one before them in the file
	backMost time.Duration
	before   time.Time // of that one
	late     int       // frames that came too late to be put in order
	latest   time.Time // of those handed on, since the clock was set back
	epochs   []int     // frames at which the clock was set back
}

// mostEpochs bounds how often a clock is seen to be set back.
const mostEpochs = 10_000

// next returns the next frame; its errors are the source's, after all frames that came before.
func (o *inOrder) next() (frame, error) {
	o.release()
	if o.begin == len(o.held) && o.wait != nil {
		if len(o.epochs) < mostEpochs {
			o.epochs = append(o.epochs, o.wait.number)
		}
		o.latest = o.wait.at
		o.put(*o.wait)
		o.wait = nil
	}
	for o.err == nil && o.wait == nil && len(o.held)-o.begin < o.most() && o.content < maxHeldContent {
		f, err := o.source.next()
		if err != nil {
			o.err = err
			break
		}
		o.look(f)
		f.data = o.copied(f.data)
		if n := len(o.held); n > o.begin && o.held[n-1].at.Sub(f.at) > reach {
			o.wait = &f
			break
		}
		o.put(f)
	}
	if o.begin == len(o.held) {
		return frame{}, o.err
	}
	f := o.held[o.begin]
	o.begin++
	o.content -= len(f.data)
	o.handed = f.data
	if f.at.Before(o.latest) {
		o.late++
	} else {
		o.latest = f.at
	}
	return f, nil
}

// most is how many frames are held.
func (o *inOrder) most() int {
	if o.back == 0 {
		return fewHeldFrames
	}
	return maxHeldFrames
}

// look counts what is out of order.
func (o *inOrder) look(f frame) {
	if f.at.Before(o.before) {
		o.back++
		o.backMost = max(o.backMost, o.before.Sub(f.at))
	}
	o.before = f.at
}

// put puts a frame where its time wants it, behind those of the same time.
func (o *inOrder) put(f frame) {
	if o.begin >= fewHeldFrames && o.begin >= len(o.held)/2 {
		o.held = slices.Delete(o.held, 0, o.begin)
		o.begin = 0
	}
	o.content += len(f.data)
	o.held = append(o.held, f)
	for at := len(o.held) - 1; at > o.begin && o.held[at-1].at.After(f.at); at-- {
		o.held[at], o.held[at-1] = o.held[at-1], f
	}
}

// copied keeps bytes that the source will overwrite.
func (o *inOrder) copied(b []byte) []byte {
	var room []byte
	if n := len(o.free); n > 0 {
		room, o.free = o.free[n-1][:0], o.free[:n-1]
	}
	return append(room, b...)
}

// mostRoom is what a buffer may have that is used again, in bytes.
const mostRoom = 64 << 10

func (o *inOrder) release() {
	if o.handed != nil && cap(o.handed) <= mostRoom {
		o.free = append(o.free, o.handed)
	}
	o.handed = nil
}
