package report

import (
	"fmt"
	"io"
	"strings"
)

// annotations is how many of a kind GitHub shows for one step of a job.
const annotations = 10

// GitHub writes run as workflow commands, which GitHub Actions shows as annotations: what
// fails the run and what could not be judged as errors, the rest that did not hold as
// warnings and notices. GitHub shows ten of a kind, so the tenth says how many more
// there are; a rule has one for each protocol, whatever the rows of its examples.
func GitHub(w io.Writer, run *Run) error {
	v := newView(run)
	commands := map[string][]string{}
	for _, standing := range standings {
		command := map[Standing]string{
			Broken: "error", Unsure: "error", Warning: "warning", Excused: "notice", Noted: "notice",
		}[standing]
		for _, it := range perRule(v.of(standing)) {
			if command != "" {
				commands[command] = append(commands[command], annotation(command, it))
			}
		}
	}
	if v.Verdict.Exit() != 0 { // first, so that it is among those shown
		verdict := fmt.Sprintf("::error title=fipsim check::%s", escapeData(v.Verdict.String()))
		commands["error"] = append([]string{verdict}, commands["error"]...)
	}
	var out strings.Builder
	for _, command := range []string{"error", "warning", "notice"} {
		lines := commands[command]
		if more := len(lines) - annotations + 1; more > 1 {
			last := fmt.Sprintf("::%s title=fipsim check::and %d more, in the log", command, more)
			lines = append(lines[:annotations-1:annotations-1], last)
		}
		for _, l := range lines {
			out.WriteString(l + "\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// of returns the items with a standing.
func (v *view) of(s Standing) []item {
	var some []item
	for _, c := range v.Chapters {
		for _, it := range c.Items {
			if it.Standing == s {
				some = append(some, it)
			}
		}
	}
	return some
}

// perRule returns the first of the items of each rule and protocol; its title says how
// many other rows of examples there are.
func perRule(items []item) []item {
	var firsts []item
	more := make(map[string]int)
	for _, it := range items {
		if more[it.Label]++; more[it.Label] == 1 {
			firsts = append(firsts, it)
		}
	}
	for i := range firsts {
		if n := more[firsts[i].Label] - 1; n > 0 {
			firsts[i].Title += fmt.Sprintf(" (and %s of examples)", plural(n, "row"))
		}
	}
	return firsts
}

// annotation is the workflow command for one result. Its file is the rule's.
func annotation(command string, it item) string {
	text := it.Title + "\n" + it.message()
	if it.Again != "" {
		text += "\nrepeat: " + it.Again
	}
	place := ""
	if it.Rule.File != "" {
		place = fmt.Sprintf("file=%s,line=%d,", escapeProperty("features/"+it.Rule.File), it.Rule.Line)
	}
	return fmt.Sprintf("::%s %stitle=%s::%s", command, place, escapeProperty(it.Label), escapeData(text))
}

// escapeData escapes the message of a workflow command, as GitHub's own toolkit does
// (actions/toolkit, packages/core/src/command.ts).
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// escapeProperty escapes a property of one.
func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
