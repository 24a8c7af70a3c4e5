package report

import (
	"io"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/simulator/verdict"
)

// kinds are the formats of --report KIND=FILE.
var kinds = map[string]func(io.Writer, *Run) error{
	"github":   GitHub,
	"html":     HTML,
	"json":     JSON,
	"junit":    JUnit,
	"markdown": Markdown,
	"text":     func(w io.Writer, run *Run) error { return Terminal(w, run, TerminalOptions{}) },
}

// Kinds returns the names of the formats that Write knows.
func Kinds() []string {
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// CheckKind returns a usage error that lists the formats, unless kind is one of them.
func CheckKind(kind string) error {
	if kinds[kind] == nil {
		return verdict.Usagef("--report: there is no kind of report %q: want one of %s", kind, strings.Join(Kinds(), ", "))
	}
	return nil
}

// Write writes run in a format, by its name. An unknown one is a usage error.
func Write(kind string, w io.Writer, run *Run) error {
	if err := CheckKind(kind); err != nil {
		return err
	}
	return kinds[kind](w, run)
}
