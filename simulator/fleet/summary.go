package fleet

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// maxShownWrong is how many phones with wrong settings Summary names.
const maxShownWrong = 10

// Summary writes the report for a person.
func (out *Report) Summary(w io.Writer) error {
	s := &lines{w: w}
	s.line("%s against %s, %s (seed %d)", strings.Join(out.Stages, "; then "), against(out), ending(out), out.Seed)
	s.line("  phones     %d meant to start, %d provisioned%s", out.Phones, out.Provisioned, unserved(out))
	s.line("  passes     %d in %s, %.1f a second: %d ok, %d failed, %d with wrong settings",
		out.Passes, round(out.Took), out.Rate, out.OK, out.Failed, out.Wrong)
	s.line("  starts     %d meant, %d late by more than %s, %d shed", out.Meant, out.Late, lateAfter, out.Shed)
	s.line("  files      %d asked for, %d missing, %d bytes; %d packets sent again, %d timeouts",
		out.Requests, out.Missing, out.Bytes, out.Resends, out.Timeouts)
	if out.Searches > 0 {
		s.line("  discovery  %d messages sent again", out.Searches)
	}
	if c := out.SIP; c != nil {
		s.line("  SIP        %d requests answered, %d of them sent again, %d to nobody; %d asked for a pass, %d of them for a reboot",
			c.Requests, c.Again, c.Unknown, c.CheckSync, c.Reboots)
	}
	if !out.Verified {
		s.line("  settings   not verified: --expect says what phones must hold")
	}
	s.counts("errors", ranked(out.Errors))
	s.counts("of files", ranked(out.FileErrors))
	s.line("")
	s.line("  %-12s %-6s %-12s %9s %9s %9s %9s %9s %9s", "stage", "over", "outcome", "count", "p50", "p90", "p99", "p99.9", "max")
	for _, l := range out.Latencies {
		s.line("  %-12s %-6s %-12s %9d %9s %9s %9s %9s %9s", l.Stage, l.Protocol, l.Outcome, l.Count,
			short(l.P50), short(l.P90), short(l.P99), short(l.P999), short(l.Max))
	}
	s.line("")
	h := &out.Health
	s.line("  this machine: %.0f%% of %d processors, timers %s late (p99), answers read %s late (p99), "+
		"%d datagrams lost in full receive buffers, %d passes waited for one of %d permits, %d MB",
		100*h.CPU, h.Processors, round(h.LagP99), readLate(h), h.drops(), h.WaitedPermits, h.InFlight, h.PeakRSS>>20)
	for i, wrong := range out.Wrongs {
		if i == maxShownWrong {
			s.line("  wrong      … and %d more passes", out.Wrong-maxShownWrong)
			break
		}
		s.line("  wrong      %s", wrong)
	}
	for _, j := range out.Thresholds {
		word := "held      "
		if !j.Held {
			word = "BROKEN    "
		}
		s.line("  %s %s: %s", word, j.Threshold, j.Shown)
	}
	return s.err
}

// against is where the phones went.
func against(out *Report) string {
	if len(out.Servers) == 0 {
		return "the server that they find"
	}
	return strings.Join(out.Servers, ", ")
}

func ending(out *Report) string {
	switch out.Ended {
	case "aborted":
		return fmt.Sprintf("aborted after %s: %s", round(out.Took), out.Abort)
	case "interrupted":
		return fmt.Sprintf("interrupted after %s", round(out.Took))
	default:
		return fmt.Sprintf("done in %s", round(out.Took))
	}
}

func unserved(out *Report) string {
	if out.Unserved == 0 {
		return ""
	}
	return fmt.Sprintf(", %d not done when it ended", out.Unserved)
}

// short is a duration as a column has it.
func short(d time.Duration) string { return round(d).String() }

// lines writes lines until one fails.
type lines struct {
	w   io.Writer
	err error
}

func (l *lines) line(format string, args ...any) {
	if l.err == nil {
		_, l.err = fmt.Fprintf(l.w, format+"\n", args...)
	}
}

// counts writes what there is of something.
func (l *lines) counts(what string, words []string) {
	if len(words) > 0 {
		l.line("  %-10s %s", what, strings.Join(words, ", "))
	}
}

// ranked returns "12 no-answer", the most frequent first.
func ranked[K ~string](m map[K]uint64) []string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b K) int {
		if m[a] != m[b] {
			if m[a] > m[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(string(a), string(b))
	})
	words := make([]string, len(keys))
	for i, key := range keys {
		words[i] = fmt.Sprintf("%d %s", m[key], key)
	}
	return words
}

// readLate is how late what came was read, where that is known.
func readLate(h *Health) string {
	if h.EchoP99 == 0 {
		return "?"
	}
	return round(h.EchoP99).String()
}
