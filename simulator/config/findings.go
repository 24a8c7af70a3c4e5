package config

import (
	"cmp"
	"slices"
)

// Bounds of what one file's findings can grow to, whatever the file holds.
const (
	maxTexts = 20  // different findings of one kind
	maxLines = 100 // line numbers of one finding
)

// findings collects the findings of one file: what is said twice in the same words
// becomes one finding with a count, and a kind that goes on and on is cut short.
type findings struct {
	file   string
	list   []Finding
	byKind map[Kind][]int // places in list
}

// add records that text holds for a line.
func (f *findings) add(kind Kind, line int, text string) {
	known := f.byKind[kind]
	for _, i := range known {
		if f.list[i].Text == text {
			f.list[i].again(line)
			return
		}
	}
	if len(known) > maxTexts {
		f.list[known[maxTexts]].again(line)
		return
	}
	if len(known) == maxTexts {
		text = textMore
	}
	if f.byKind == nil {
		f.byKind = make(map[Kind][]int)
	}
	f.byKind[kind] = append(known, len(f.list))
	found := Finding{File: f.file, Line: line, Kind: kind, Text: text, Count: 1}
	if line > 0 {
		found.Lines = []int{line}
	}
	f.list = append(f.list, found)
}

func (f *Finding) again(line int) {
	f.Count++
	if line > 0 && len(f.Lines) < maxLines {
		f.Lines = append(f.Lines, line)
	}
}

// sorted returns the findings in the order of their first lines.
func (f *findings) sorted() []Finding {
	slices.SortStableFunc(f.list, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
	return f.list
}
