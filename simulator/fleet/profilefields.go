package fleet

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/fipsim/fipsim/simulator/device"
)

// The fields of a profile keep what is wrong with them: who reads the whole knows where
// they stand.

// share is "500" or "60%" of the phones; all of them where nothing is written.
type share struct {
	text    string
	number  float64
	percent bool
	err     error
}

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (s *share) UnmarshalYAML(n ast.Node) error {
	if _, ok := n.(ast.ScalarNode); !ok {
		s.err = errors.New("want a number of phones, or a share such as 60%")
		return nil
	}
	s.text = n.GetToken().Value
	number, percent := strings.CutSuffix(s.text, "%")
	s.percent = percent
	var err error
	if s.number, err = strconv.ParseFloat(strings.TrimSpace(number), 64); err != nil || !(s.number > 0) || s.number > maxPhones {
		s.err = fmt.Errorf("%q: want a number of phones, or a share such as 60%%", s.text)
	}
	return nil
}

// of returns how many of so many phones that is.
func (s share) of(phones int) int {
	switch {
	case s.text == "":
		return phones
	case s.percent:
		return int(s.number / 100 * float64(phones))
	default:
		return int(s.number)
	}
}

// shares is a mapping of words to weights, with or without a percent sign; one word
// alone is all.
type shares struct {
	mix Mix
	err error
}

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (m *shares) UnmarshalYAML(n ast.Node) error {
	m.mix = make(Mix)
	mapping, ok := n.(*ast.MappingNode)
	if !ok {
		if _, scalar := n.(ast.ScalarNode); !scalar {
			m.err = errors.New("want one word, or words with their shares")
			return nil
		}
		m.mix[n.GetToken().Value] = 1
		return nil
	}
	for _, entry := range mapping.Values {
		text := entry.Value.GetToken().Value
		weight, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
		if err == nil && weight >= 0 && weight <= 1e9 {
			m.mix[entry.Key.GetToken().Value] = weight
		} else if m.err == nil {
			m.err = fmt.Errorf("%q: want a share, such as 60%%", text)
		}
	}
	return nil
}

// span is a duration as people write it.
type span struct {
	d   time.Duration
	err error
}

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (s *span) UnmarshalYAML(n ast.Node) error {
	if _, ok := n.(ast.ScalarNode); !ok {
		s.err = errors.New("want a duration, such as 90s or 1h30m")
		return nil
	}
	s.d, s.err = device.ParseDuration(n.GetToken().Value)
	return nil
}

// check reports a duration that is none, or that a stage cannot have.
func (s span) check() error {
	switch {
	case s.err != nil:
		return s.err
	case s.d < 0:
		return fmt.Errorf("%s: a time must not be negative", s.d)
	case s.d > longestStage:
		return fmt.Errorf("%s: want at most %s", s.d, longestStage)
	}
	return nil
}
