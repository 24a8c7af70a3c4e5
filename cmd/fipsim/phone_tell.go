package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// tell writes what the flags ask for after a pass.
func (c *phoneCmd) tell(a *app, s *session, outcome device.Outcome, failure error) error {
	if err := c.writeSettings(a, s.phone.Settings()); err != nil {
		return err
	}
	switch {
	case c.Settings == "-":
		return nil // standard output holds the settings, and nothing else
	case c.Format == "json":
		return c.writeReport(a.stdout, s, outcome, failure)
	default:
		return c.sumUp(a.stdout, s)
	}
}

// writeSettings obeys --settings.
func (c *phoneCmd) writeSettings(a *app, settings *config.Settings) error {
	switch c.Settings {
	case "":
		return nil
	case "-":
		return c.formatSettings(a.stdout, settings)
	}
	// 0600: asking for settings is asking for the passwords in them
	file, err := createFile(c.Settings, 0o600)
	if err != nil {
		return verdict.Usagef("--settings: %w", err)
	}
	if err := c.formatSettings(file, settings); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func (c *phoneCmd) formatSettings(w io.Writer, settings *config.Settings) error {
	if c.Format == "json" {
		return writeJSON(w, settings)
	}
	return settings.WriteCfg(w)
}

// sumUp writes what follows the timeline: findings, explanations, summary.
func (c *phoneCmd) sumUp(w io.Writer, s *session) error {
	last, settings := s.phone.Last(), s.phone.Settings()
	out := &printer{w: w}
	if n := len(last.Findings); n > 0 {
		out.line("\n%s that the phone suffers silently:", plural(n, "finding"))
		for _, f := range last.Findings {
			out.line("  %s", f)
		}
	}
	for _, key := range c.Explain {
		out.explain(settings, key, c.ShowSecrets)
	}
	out.summary(last, settings, s.phone.Identity())
	return out.err
}

// printer writes lines and keeps the first error. Control characters that others
// sent are replaced.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err != nil {
		return
	}
	text := fmt.Sprintf(format, args...)
	head := ""
	if strings.HasPrefix(text, "\n") {
		head, text = "\n", text[1:]
	}
	_, p.err = fmt.Fprintln(p.w, head+trace.Clean(text))
}

// explain shows the history of one setting, newest first.
func (p *printer) explain(settings *config.Settings, key string, secrets bool) {
	history := settings.Explain(key)
	if len(history) == 0 {
		p.line("\n%s: no file sets it", key)
		return
	}
	p.line("\n%s, newest first:", key)
	for _, o := range history {
		value := o.Value
		if !secrets {
			value = config.Masked(key, value)
		}
		p.line("  %-10s %s:%d  %s", o.Fate, o.File, o.Line, value)
	}
}

// summary says what the pass came to.
func (p *printer) summary(last phone.Pass, settings *config.Settings, id device.Identity) {
	p.line("\n%s %s %s: %s", id.Model, id.MAC.Colons(), id.Firmware, last.Outcome)
	if len(last.Files) > 0 {
		p.line("  files      %s", joined(last.Files, func(f phone.File) string { return f.Name }))
	}
	overridden := 0
	for _, f := range last.Files {
		overridden += f.Merge.Overridden
	}
	p.line("  settings   %d held, %d changed by this pass, %d times a later file overrode an earlier one",
		settings.Len(), len(last.Changed), overridden)
	for _, r := range last.Resources {
		p.line("  resource   %s: %s", r.Key, resourceWords(r))
	}
	p.line("  reboot     %s", rebootWords(last.Reboot))
}

func resourceWords(r phone.Resource) string {
	switch {
	case phone.FaultOf(r.Err) == trace.NotFound:
		return "missing: " + r.Err.Error()
	case r.Err != nil:
		return "failed: " + r.Err.Error()
	case r.Entries > 0:
		return fmt.Sprintf("%s, %d bytes, %s", r.URL, r.Bytes, plural(r.Entries, "entry"))
	default:
		return fmt.Sprintf("%s, %d bytes", r.URL, r.Bytes)
	}
}

func rebootWords(keys []string) string {
	if len(keys) == 0 {
		return "not needed"
	}
	return "needed for " + strings.Join(keys, ", ")
}

func joined[T any](items []T, word func(T) string) string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = word(item)
	}
	return strings.Join(words, ", ")
}

// plural returns "1 entry", "2 entries", "3 findings".
func plural(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	default:
		return fmt.Sprintf("%d %ss", n, noun)
	}
}

// keysOf are the keys of changes, sorted.
func keysOf(changes []config.Change) []string {
	keys := make([]string, len(changes))
	for i, c := range changes {
		keys[i] = c.Key
	}
	slices.Sort(keys)
	return keys
}
