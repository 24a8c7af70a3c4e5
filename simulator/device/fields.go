package device

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is one option's place in a Behaviour, read from and written as text.
type field interface {
	set(value string) error
	unset() bool
	String() string
}

type textField struct{ at *string }

func (f textField) set(v string) error { *f.at = v; return nil }
func (f textField) unset() bool        { return *f.at == "" }
func (f textField) String() string     { return *f.at }

type wordField struct {
	at     *string
	values []string
}

func (f wordField) set(v string) error {
	if !slices.Contains(f.values, v) {
		return fmt.Errorf("%q is none of %s", v, strings.Join(f.values, ", "))
	}
	*f.at = v
	return nil
}
func (f wordField) unset() bool    { return *f.at == "" }
func (f wordField) String() string { return *f.at }

type wordsField struct {
	at     *[]string
	values []string
}

func (f wordsField) set(v string) error {
	var words []string
	for w := range strings.SplitSeq(v, ",") {
		w = strings.TrimSpace(w)
		if !slices.Contains(f.values, w) {
			return fmt.Errorf("%q is none of %s", w, strings.Join(f.values, ", "))
		}
		if slices.Contains(words, w) {
			return fmt.Errorf("%q stands twice", w)
		}
		words = append(words, w)
	}
	*f.at = words
	return nil
}
func (f wordsField) unset() bool    { return len(*f.at) == 0 }
func (f wordsField) String() string { return strings.Join(*f.at, ",") }

type codesField struct{ at *[]int }

func (f codesField) set(v string) error {
	var codes []int
	for w := range strings.SplitSeq(v, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(w))
		if err != nil || n < 1 || n > 254 {
			return fmt.Errorf("%q is not a DHCP option number (1 to 254)", w)
		}
		codes = append(codes, n)
	}
	*f.at = codes
	return nil
}
func (f codesField) unset() bool { return len(*f.at) == 0 }
func (f codesField) String() string {
	words := make([]string, len(*f.at))
	for i, n := range *f.at {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ",")
}

type durationField struct{ at *time.Duration }

func (f durationField) set(v string) error {
	d, err := ParseDuration(v)
	if err != nil {
		return err
	}
	if d <= 0 {
		return fmt.Errorf("%q: want more than nothing", v)
	}
	*f.at = d
	return nil
}
func (f durationField) unset() bool    { return *f.at == 0 }
func (f durationField) String() string { return f.at.String() }

type numberField[N int | int64] struct {
	at       *N
	min, max N
}

func (f numberField[N]) set(v string) error {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || N(n) < f.min || N(n) > f.max {
		return fmt.Errorf("%q is not a number from %d to %d", v, f.min, f.max)
	}
	*f.at = N(n)
	return nil
}
func (f numberField[N]) unset() bool    { return *f.at == 0 }
func (f numberField[N]) String() string { return strconv.FormatInt(int64(*f.at), 10) }
