package steps

import (
	"fmt"
	"strings"
)

// command is the command line that repeats the run; empty: nobody typed one.
func (s *suite) command() string {
	if s.options.Command == "" {
		return ""
	}
	words := []string{s.options.Command}
	if chosen := selection(s.options); chosen != "" {
		words = append(words, chosen)
	}
	if s.options.Strict {
		words = append(words, "--strict")
	}
	return fmt.Sprintf("%s --seed %d", strings.Join(words, " "), s.seed)
}

// selection says what narrows a run.
func selection(o Options) string {
	var words []string
	for _, id := range o.Rules {
		words = append(words, "--rule "+id)
	}
	if o.Tags != "" {
		words = append(words, "--tags "+ShellWord(o.Tags))
	}
	return strings.Join(words, " ")
}

// again is the command that judges one scenario alone, of an outline that row.
func (s *suite) again(w *world) string {
	if s.options.Command == "" {
		return ""
	}
	line := s.options.Command + " --rule " + w.rule.ID
	if s.sources.counts[w.rule.ID] > 1 {
		line += fmt.Sprintf("%s%d", rowMark, w.nth)
	}
	if w.over != "" {
		line += " --tags " + overTag + w.over
	}
	return fmt.Sprintf("%s --seed %d", line, s.seed)
}

// ShellWord returns a word as a POSIX shell takes it: quoted where it must be.
func ShellWord(word string) string {
	safe := func(r rune) bool {
		return r < 0x80 && (r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("-_./:@=+,~%", r))
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !safe(r) }) < 0 && word[0] != '~' {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
