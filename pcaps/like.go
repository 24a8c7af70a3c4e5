package pcaps

import (
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Like returns the options that make a simulated phone do as this one did, where the
// capture shows it and the default is another: by name and value, in order. What a
// capture can't tell, such as what the phone does with a value, stays at its default.
func (p *Phone) Like() []Fact {
	l := &likeness{Phone: p, story: newStory(p)}
	l.finding()
	l.dhcp()
	l.folder()
	l.files()
	l.tftp()
	l.http()
	l.security()
	return l.found
}

// Behaviour is Like as the simulated phone takes it.
func (p *Phone) Behaviour() device.Behaviour {
	var b device.Behaviour
	for _, f := range p.Like() {
		_ = b.Set(f.Name, f.Value) // Like has tried it
	}
	return b
}

// Identity is who the phone said that it is; what it didn't say is empty.
func (p *Phone) Identity() device.Identity {
	return device.Identity{MAC: p.MAC, Model: p.Model, Firmware: p.Firmware}
}

// likeness collects what a capture shows of a phone's options.
type likeness struct {
	*Phone
	story *story
	found []Fact
}

// set takes an option's value, the first that is found for it. One that no phone of
// ours can have, and the default, are passed over.
func (l *likeness) set(name, value string) {
	if slices.ContainsFunc(l.found, func(f Fact) bool { return f.Name == name }) {
		return
	}
	var b device.Behaviour
	if value == "" || b.Set(name, value) != nil || b.Get(name) == (device.Behaviour{}).Get(name) {
		return
	}
	l.found = append(l.found, Fact{name, value})
}

// wait takes an option that is a time, as exactly as timers of phones are.
func (l *likeness) wait(name string, d time.Duration) {
	if d = d.Round(100 * time.Millisecond); d > 0 {
		l.set(name, d.String())
	}
}

// template writes a text of this phone so that another phone has its own MAC, model and
// firmware there (device.Identity.Expand).
func (l *likeness) template(text string) string {
	if !l.MAC.IsZero() {
		text = strings.NewReplacer(l.MAC.Colons(), "{MAC}", l.MAC.String(), "{mac}").Replace(text)
	}
	for _, r := range []struct{ value, name string }{{device.Vendor, "{vendor}"}, {l.Model, "{model}"}, {l.Firmware, "{firmware}"}} {
		if r.value != "" {
			text = strings.Replace(text, r.value, r.name, 1)
		}
	}
	return text
}

// over reports whether the capture goes on long enough after a time for the phone to
// have done what it was going to do next.
func (l *likeness) over(at time.Time) bool { return l.story.ended(at) > patience }

// fetchesOf are the files of one pass.
func (l *likeness) fetchesOf(pass uint64) []*attempt {
	return slices.DeleteFunc(slices.Clone(l.story.fetches), func(a *attempt) bool { return a.pass != pass || len(a.requests) == 0 })
}

// first is the first file that the phone asked for; nil: none.
func (l *likeness) first() *attempt {
	for _, a := range l.story.fetches {
		if len(a.requests) > 0 {
			return a
		}
	}
	return nil
}

// after is the first event of some kinds after a frame.
func (l *likeness) after(frame int, kinds ...trace.Kind) (Event, bool) {
	for _, e := range l.Events {
		if e.Frame > frame && slices.Contains(kinds, e.Kind) {
			return e, true
		}
	}
	return Event{}, false
}
