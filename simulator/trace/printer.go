package trace

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Printer is a sink that writes a timeline for a person: a line an event, with the
// seconds since the first one. Findings are left to whoever sums up.
type Printer struct {
	// Color marks failures in red, misses in yellow and results in green. It belongs
	// on a terminal only.
	Color bool

	mu    sync.Mutex
	w     io.Writer
	start time.Time
}

// NewPrinter returns a printer onto w.
func NewPrinter(w io.Writer) *Printer { return &Printer{w: w} }

// Record implements Sink.
func (p *Printer) Record(e Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.start.IsZero() {
		p.start = e.At
	}
	line, tone := Line(e)
	if line == "" {
		return
	}
	if p.Color && tone != plain {
		line = "\x1b[" + string(tone) + "m" + line + "\x1b[0m"
	}
	fmt.Fprintf(p.w, "%9.3f  %s\n", e.At.Sub(p.start).Seconds(), line)
}

// Tone is how a line is meant, as a terminal's colour (ECMA-48 SGR).
type Tone string

// The tones of a timeline.
const (
	plain Tone = ""
	good  Tone = "32"
	odd   Tone = "33"
	bad   Tone = "31"
	faint Tone = "2"
)

// Line returns the words of a timeline for one event, without its time, and their
// tone; no words for an event that a timeline leaves out. Control characters of what
// others sent are replaced.
func Line(e Event) (string, Tone) {
	text, tone := words(e)
	return Clean(text), tone
}

func words(e Event) (string, Tone) {
	switch e.Kind {
	case PassStart:
		return "== " + e.Detail, plain
	case PassDone:
		return passDone(e)
	case SourceFound:
		return fmt.Sprintf("   %s names the server: %s%s", e.Name, e.URL, parenthesis(e.Detail)), plain
	case SourceNothing:
		return fmt.Sprintf("   %s names no server: %s", e.Name, e.Detail), odd
	case SourceIgnored:
		return fmt.Sprintf("   %s: an offer is ignored: %s", e.Name, e.Detail), odd
	case ConfigBoot:
		return fmt.Sprintf("   boot file: %d to include, in this order: %s", e.Bytes, e.Detail), plain
	case ConfigCfg:
		return "   " + e.Name + ": " + e.Detail, plain
	case ConfigApplied:
		return "   applied: " + e.Detail, good
	case ResourceDone:
		return fmt.Sprintf("   %s: %d bytes%s", e.Name, e.Bytes, parenthesis(e.Detail)), plain
	case ResourceFailed:
		return fmt.Sprintf("   %s: the settings stay, the resource is missing: %s", e.Name, e.Detail), odd
	case RebootNeeded:
		return "   a reboot is needed for " + e.Detail, odd
	case ConfigFinding:
		return "", plain
	}
	if strings.HasPrefix(string(e.Kind), "fetch.") {
		return fetchWords(e)
	}
	if text, tone, ok := discoverWords(e); ok {
		return text, tone
	}
	if text, tone, ok := lifeWords(e); ok {
		return text, tone
	}
	if text, tone, ok := sipWords(e); ok {
		return text, tone
	}
	return strings.TrimRight(fmt.Sprintf("   %s %s %s", e.Kind, e.Name, e.Detail), " "), faint
}

// fetchWords are those of one file's way: → what the phone asks, ← what comes back.
func fetchWords(e Event) (string, Tone) {
	scheme, _, _ := strings.Cut(e.URL, ":")
	switch e.Kind {
	case FetchRequest:
		again := ""
		if e.Attempt > 1 {
			again = fmt.Sprintf(" again, the %s time", ordinal(e.Attempt))
		}
		if scheme == "file" {
			return "-> reads " + e.Name, plain
		}
		name := cmp.Or(e.Name, "a file without a name")
		return "-> " + scheme + " asks " + peerOf(e) + " for " + name + again + parenthesis(e.Detail), plain
	case FetchReply:
		return "<- " + e.Detail, faint
	case FetchIgnored:
		return "<- passed over: " + e.Detail, odd
	case FetchRedirect:
		return "<- redirected to " + e.URL, plain
	case FetchDone:
		took := e.Took.Round(10 * time.Microsecond).String()
		return "<- " + strconv.FormatInt(e.Bytes, 10) + " bytes in " + took + parenthesis(e.Detail), good
	case FetchMissing:
		return "<- not there (" + e.Detail + "): the phone goes on", odd
	case FetchFailed:
		return "<- failed: " + e.Detail, bad
	}
	return "", plain
}

func passDone(e Event) (string, Tone) {
	tone := good
	if e.Fault != NoFault {
		tone = bad
	}
	return fmt.Sprintf("== %s in %s", e.Detail, e.Took.Round(100*time.Microsecond)), tone
}

// peerOf is whom a request goes to: the address where it is known, else the URL's host.
func peerOf(e Event) string {
	if e.Peer.IsValid() {
		return e.Peer.String()
	}
	_, rest, _ := strings.Cut(e.URL, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

func parenthesis(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func ordinal(n int) string {
	suffix := "th"
	switch {
	case n%100 >= 11 && n%100 <= 13:
	case n%10 == 1:
		suffix = "st"
	case n%10 == 2:
		suffix = "nd"
	case n%10 == 3:
		suffix = "rd"
	}
	return fmt.Sprintf("%d%s", n, suffix)
}

// Clean replaces each control character of text, so that what a server sent cannot
// steer a terminal or forge a line.
func Clean(text string) string {
	if isClean(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// isClean reports whether there is nothing in text to replace, as there is not in most.
func isClean(text string) bool {
	for _, r := range text {
		switch {
		case r >= ' ' && r <= '~':
		case r < 0xa0, r == unicode.ReplacementChar, unicode.Is(unicode.Bidi_Control, r): // the second: maybe no UTF-8
			return false
		}
	}
	return true
}
