package report

import (
	"fmt"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/fipsim/fipsim/features"
)

// Progress tells how far a run is, from its results as they come. On a terminal it
// keeps one line up to date; elsewhere it prints a character a result, and how many
// there were at the end of each line. Progress that can't be shown stops nothing. Set its fields before the first result.
type Progress struct {
	W     io.Writer
	Live  bool // W is a terminal: one line, rewritten
	Width int  // columns of the terminal; 0: 80
	Total int  // results to come; 0: unknown

	mu     sync.Mutex
	tally  Tally
	column int
}

// perLine is how many results a line holds where it isn't rewritten.
const perLine = 50

// Add tells of a result. It may be called from several goroutines at once.
func (p *Progress) Add(r Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally.add(r.Status)
	if p.Live {
		p.rewrite(r)
		return
	}
	fmt.Fprint(p.W, mark(r))
	if p.column++; p.column == perLine {
		p.endLine()
	}
}

// Done ends the line. It can be called more than once.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.column == 0:
	case p.Live:
		fmt.Fprint(p.W, "\r\x1b[K")
	default:
		p.endLine()
	}
	p.column = 0
}

// endLine ends a line of characters with the count so far.
func (p *Progress) endLine() {
	fmt.Fprintf(p.W, "%*s  %s\n", perLine-p.column, "", p.count())
	p.column = 0
}

// rewrite puts the latest result into the line.
func (p *Progress) rewrite(r Result) {
	p.column = 1
	line := fmt.Sprintf("%s: %s  %s", p.count(), p.tally, oneLine(Label(r)))
	width := p.Width
	if width == 0 {
		width = 80
	}
	if runes := []rune(line); utf8.RuneCountInString(line) >= width {
		line = string(runes[:width-1]) // a line that wraps can't be rewritten
	}
	fmt.Fprint(p.W, "\r\x1b[K"+line)
}

// count returns "50 of 412 judged".
func (p *Progress) count() string {
	n := p.tally.Pass + p.tally.Fail + p.tally.Error + p.tally.Skip
	if p.Total > 0 {
		return fmt.Sprintf("%d of %d", n, p.Total)
	}
	return fmt.Sprint(n)
}

// mark is a result in one character.
func mark(r Result) string {
	switch {
	case r.Status == Pass:
		return "."
	case r.Status == Skip:
		return "s"
	case r.Status == Error:
		return "E"
	case r.Rule.Level == features.Must && r.Known == nil:
		return "F"
	default:
		return "w" // a warning, or less
	}
}
