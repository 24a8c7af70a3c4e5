package fleet

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Pacer says when phones mean to start. It is pure: the same question has the same
// answer.
type Pacer interface {
	// Start returns when phone i, from 0, means to begin its pass with number pass, from
	// 0, counted from the beginning of the stage; false: it has no such pass.
	Start(phone, pass int) (time.Duration, bool)
}

// Retrier is a Pacer whose phones come again after a pass that failed.
type Retrier interface {
	// Again returns how long phone i waits after that many failures in a row, from 1;
	// false: it gives up.
	Again(phone, failures int) (time.Duration, bool)
}

// Storm is power that is restored: every phone starts once, at a moment of its own
// within Over, all of them alike likely.
type Storm struct {
	Over time.Duration // 0: all at once
	Seed uint64
}

// Start implements Pacer.
func (s Storm) Start(phone, pass int) (time.Duration, bool) {
	return within(s.Over, s.Seed, phone), pass == 0
}

// Ramp is a rate that climbs from nothing, in proportion to time: every phone starts
// once, the last of Phones at Over.
type Ramp struct {
	Phones int
	Over   time.Duration
}

// Start implements Pacer. With a rate of k·t, phone n comes when k·t²/2 = n.
func (r Ramp) Start(phone, pass int) (time.Duration, bool) {
	share := float64(phone+1) / float64(max(r.Phones, 1))
	return time.Duration(float64(r.Over) * math.Sqrt(share)), pass == 0
}

// Poisson is phones that know nothing of each other: they come one after the other, and
// the gaps between them are exponentially distributed.
type Poisson struct{ starts []time.Duration }

// NewPoisson returns the arrival of so many phones at a rate that brings them within
// over on average.
func NewPoisson(phones int, over time.Duration, seed uint64) Poisson {
	random := rand.New(rand.NewPCG(seed, 0))
	gap := float64(over) / float64(max(phones, 1))
	starts := make([]time.Duration, phones)
	at := 0.0
	for i := range starts {
		at += random.ExpFloat64() * gap
		starts[i] = time.Duration(at)
	}
	return Poisson{starts}
}

// Start implements Pacer.
func (p Poisson) Start(phone, pass int) (time.Duration, bool) {
	if phone >= len(p.starts) {
		return 0, false
	}
	return p.starts[phone], pass == 0
}

// Interval is phones that provision again and again (Guide, "Repeatedly": every 3600
// seconds by default), each with its own phase and its own error of the clock.
type Interval struct {
	Every time.Duration // between two passes of a phone
	Over  time.Duration // no pass begins later
	Drift float64       // error of the clocks: 1e-4 is at most 0.1 ms in a second, fast or slow
	Seed  uint64
}

// Start implements Pacer.
func (v Interval) Start(phone, pass int) (time.Duration, bool) {
	if v.Every <= 0 {
		return 0, false
	}
	clock := 1 + v.Drift*(2*fraction(v.Seed+1, phone)-1)
	at := within(v.Every, v.Seed, phone) + time.Duration(float64(v.Every)*clock*float64(pass))
	return at, at <= v.Over
}

// CheckSync is a server that asks all phones to provision (Guide, "SIP NOTIFY
// Message"): it goes through its list at an even pace, and is through after Over.
type CheckSync struct {
	Phones int
	Over   time.Duration
}

// Start implements Pacer.
func (c CheckSync) Start(phone, pass int) (time.Duration, bool) {
	return time.Duration(float64(c.Over) * float64(phone) / float64(max(c.Phones, 1))), pass == 0
}

// Avalanche is a Storm whose phones come again when they fail, until they are served:
// each waits First after its first failure, twice as long after each further one, up
// to Most, and half of that or more, by chance.
type Avalanche struct {
	Storm
	First time.Duration // 0: 1 s
	Most  time.Duration // 0: 30 s
}

// Again implements Retrier.
func (a Avalanche) Again(phone, failures int) (time.Duration, bool) {
	first, most := a.First, a.Most
	if first <= 0 {
		first = time.Second
	}
	if most <= 0 {
		most = 30 * time.Second
	}
	wait := most
	if doublings := failures - 1; doublings < 30 && first<<doublings < most {
		wait = first << max(doublings, 0)
	}
	return wait/2 + within(wait/2, a.Seed+uint64(failures), phone), true
}

// within returns phone i's own moment within d.
func within(d time.Duration, seed uint64, phone int) time.Duration {
	return time.Duration(float64(d) * fraction(seed, phone))
}

// fraction returns phone i's own number from 0 to 1, 1 excluded: SplitMix64 of both.
func fraction(seed uint64, phone int) float64 {
	x := seed + uint64(phone+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return float64(x>>11) / (1 << 53)
}

// Arrivals are the names of the pacers.
var Arrivals = []string{"storm", "ramp", "poisson", "interval", "checksync", "avalanche"}

// isArrival reports whether name is one of Arrivals.
func isArrival(name string) bool { return slices.Contains(Arrivals, name) }
