package pcaps

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// How a step differs.
const (
	Missing = "missing"      // only the first side has it
	Extra   = "extra"        // only the second side has it
	Changed = "changed"      // a field has another value
	Moved   = "out of order" // both have it, at another place
)

// Difference is one way in which two captures or traces are not the same behaviour.
type Difference struct {
	Phone string
	How   string // Missing, Extra, Changed, Moved
	What  string // "fetch.request y000000000000.cfg"
	A, B  string // where: "frame 12"; empty: nowhere
	Field string // of Changed
	Was   string // its value in the first
	Is    string // and in the second
}

// String returns one line.
func (d Difference) String() string {
	switch d.How {
	case Missing:
		return fmt.Sprintf("%s: missing: %s (%s of the first)", d.Phone, d.What, d.A)
	case Extra:
		return fmt.Sprintf("%s: extra: %s (%s of the second)", d.Phone, d.What, d.B)
	case Moved:
		return fmt.Sprintf("%s: out of order: %s (%s of the first, %s of the second)", d.Phone, d.What, d.A, d.B)
	}
	return fmt.Sprintf("%s: changed: %s: %s was %q, is %q (%s of the first, %s of the second)", d.Phone, d.What, d.Field, d.Was,
		d.Is, d.A, d.B)
}

// Diff compares two behaviours, phone by phone and step by step. What it ignores is in
// Ignored.
func Diff(a, b *Behaviour) []Difference {
	packets := !a.Trace && !b.Trace
	if len(a.Phones) == 1 && len(b.Phones) == 1 {
		return diffPhone(a.Phones[0], b.Phones[0], packets)
	}
	var all []Difference
	seen := make(map[*Phone]bool)
	for _, p := range a.Phones {
		i := slices.IndexFunc(b.Phones, func(q *Phone) bool { return q.Name() == p.Name() })
		if i < 0 {
			all = append(all, Difference{Phone: p.Name(), How: Missing, What: "the whole phone", A: fmt.Sprintf("frame %d", p.first())})
			continue
		}
		seen[b.Phones[i]] = true
		all = append(all, diffPhone(p, b.Phones[i], packets)...)
	}
	for _, q := range b.Phones {
		if !seen[q] {
			all = append(all, Difference{Phone: q.Name(), How: Extra, What: "the whole phone", B: fmt.Sprintf("frame %d", q.first())})
		}
	}
	return all
}

// maxSteps bounds the steps of one phone that are aligned at once.
const maxSteps = 2000

// diffPhone aligns the steps of two phones, piece by piece where they are long. What
// follows where the other side's capture broke off is left out.
func diffPhone(p, q *Phone, packets bool) []Difference {
	var all []Difference
	phone, a, b := p.Name(), p.steps(packets), q.steps(packets)
	if p.cut != "" {
		b = b[:until(a, b)]
	}
	if q.cut != "" {
		a = a[:until(b, a)]
	}
	for len(a) > 0 || len(b) > 0 {
		n, m := min(len(a), maxSteps), min(len(b), maxSteps)
		all = append(all, align(phone, a[:n], b[:m])...)
		a, b = a[n:], b[m:]
	}
	return all
}

// until is how many of b's steps there are up to the one that stands for the last of a;
// all of them where there is none.
func until(a, b []step) int {
	if len(a) == 0 || len(a) > maxSteps || len(b) > maxSteps {
		return len(b)
	}
	long := longest(a, b)
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i].key == b[j].key && long[i][j] == long[i+1][j+1]+1:
			if i == len(a)-1 {
				return j + 1
			}
			i, j = i+1, j+1
		case long[i+1][j] >= long[i][j+1]:
			i++
		default:
			j++
		}
	}
	return len(b)
}

// align finds the longest row of steps that both have in this order; what is not in it
// is missing, extra or moved.
func align(phone string, a, b []step) []Difference {
	long := longest(a, b)
	var all []Difference
	var only [2][]int // places in all
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i].key == b[j].key && long[i][j] == long[i+1][j+1]+1:
			all = append(all, changes(phone, a[i], b[j])...)
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && long[i+1][j] >= long[i][j+1]:
			only[0] = append(only[0], len(all))
			all = append(all, Difference{Phone: phone, How: Missing, What: a[i].key, A: a[i].where()})
			i++
		default:
			only[1] = append(only[1], len(all))
			all = append(all, Difference{Phone: phone, How: Extra, What: b[j].key, B: b[j].where()})
			j++
		}
	}
	return moved(all, only)
}

// moved makes one difference of a step that is missing here and extra there.
func moved(all []Difference, only [2][]int) []Difference {
	var gone []int
	for _, m := range only[0] {
		x := slices.IndexFunc(only[1], func(x int) bool { return all[x].What == all[m].What })
		if x < 0 {
			continue
		}
		all[m].How, all[m].B = Moved, all[only[1][x]].B
		gone = append(gone, only[1][x])
		only[1] = slices.Delete(only[1], x, x+1)
	}
	slices.Sort(gone)
	for _, i := range slices.Backward(gone) {
		all = slices.Delete(all, i, i+1)
	}
	return all
}

// longest is the table of the longest common subsequence of a[i:] and b[j:].
func longest(a, b []step) [][]int16 {
	table := make([][]int16, len(a)+1)
	for i := range table {
		table[i] = make([]int16, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i].key == b[j].key {
				table[i][j] = table[i+1][j+1] + 1
			} else {
				table[i][j] = max(table[i+1][j], table[i][j+1])
			}
		}
	}
	return table
}

// changes compares the fields of two steps that are the same.
func changes(phone string, a, b step) []Difference {
	var all []Difference
	differ := func(field, was, is string) {
		if was != is && (field != "server" || was != "" && is != "") { // a trace does not tell it everywhere
			all = append(all, Difference{phone, Changed, a.key, a.where(), b.where(), field, was, is})
		}
	}
	value := func(s step, name string) string {
		for _, f := range s.fields {
			if f.Name == name {
				return f.Value
			}
		}
		return ""
	}
	for _, f := range a.fields {
		differ(f.Name, f.Value, value(b, f.Name))
	}
	for _, f := range b.fields {
		if !slices.ContainsFunc(a.fields, func(x Fact) bool { return x.Name == f.Name }) {
			differ(f.Name, "", f.Value)
		}
	}
	return all
}

// WriteDiff prints the differences, and what was not compared.
func WriteDiff(w io.Writer, a, b *Behaviour, all []Difference) error {
	var out strings.Builder
	for _, side := range []*Behaviour{a, b} {
		for _, n := range side.Notes {
			fmt.Fprintf(&out, "note: %s: %s\n", side.Name, n)
		}
	}
	for _, d := range all {
		fmt.Fprintln(&out, d)
	}
	fmt.Fprintf(&out, "%s between %s and %s\nnot compared:\n", times(len(all), "difference"), a.Name, b.Name)
	for _, i := range Ignored {
		fmt.Fprintln(&out, "  "+i)
	}
	_, err := io.WriteString(w, out.String())
	return err
}
