package config

import "cmp"

// Fate is what became of one line that names a key.
type Fate string

// The fates of a line.
const (
	Wins       Fate = "set"        // the value the phone holds
	Overridden Fate = "overridden" // a later line decided
	Kept       Fate = "kept"       // blank: it set nothing, the phone kept what it had
	Reset      Fate = "reset"      // blank: it set the default, and still does
)

// Origin is one line that names a key.
type Origin struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Value string `json:"value"` // empty: blank
	Fate  Fate   `json:"fate"`
}

// Explain returns every line that names key, newest first: the last file's last line
// comes first. It returns nil for a key that no file names. Values are not masked; see
// Masked.
func (s *Settings) Explain(key string) []Origin {
	var history []Origin
	decider, decided := s.decides(key)
	for i := len(s.layers) - 1; i >= 0; i-- {
		l := s.layers[i]
		for e := l.cfg.last(key); e >= 0; e = int(l.cfg.entries[e].prev) {
			entry := l.cfg.entry(e)
			o := Origin{File: l.cfg.Name, Line: entry.Line, Value: entry.Value, Fate: Overridden}
			switch {
			case decided && decider == ref{i, e}:
				o.Fate = Wins
				if o.Value == "" {
					o.Fate = Reset
				}
			case o.Value == "" && !l.reset:
				o.Fate = Kept
			}
			history = append(history, o)
		}
	}
	return history
}

// Change is a setting that differs between two Settings.
type Change struct {
	Key  string
	Old  string // empty: it had no value
	New  string // empty: it has none any more
	File string // where New comes from; empty where there is none
	Line int
}

// Diff returns the settings in which s differs from old, sorted by key. A nil old
// holds nothing.
func (s *Settings) Diff(old *Settings) []Change {
	if old == nil {
		old = new(Settings)
	}
	var changes []Change
	was, is := old.sorted(), s.sorted()
	for len(was) > 0 || len(is) > 0 {
		order := 0
		switch {
		case len(was) == 0:
			order = 1
		case len(is) == 0:
			order = -1
		default:
			order = cmp.Compare(was[0].Key, is[0].Key)
		}
		switch {
		case order < 0:
			changes = append(changes, Change{Key: was[0].Key, Old: was[0].Value})
			was = was[1:]
		case order > 0:
			changes = append(changes, is[0].change(""))
			is = is[1:]
		default:
			if was[0].Value != is[0].Value {
				changes = append(changes, is[0].change(was[0].Value))
			}
			was, is = was[1:], is[1:]
		}
	}
	return changes
}

func (n Setting) change(old string) Change {
	return Change{Key: n.Key, Old: old, New: n.Value, File: n.File, Line: n.Line}
}
