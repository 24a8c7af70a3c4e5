package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
)

// list tells what would be judged and what would be skipped, chapter by chapter.
func (c *checkCmd) list(w io.Writer, o steps.Options) error {
	plan, err := steps.Plan(o)
	if err != nil {
		return err
	}
	out := &printer{w: w}
	out.line("%s", o.Target.Name())
	chapter, judged, skipped := "", 0, 0
	for i := 0; i < len(plan); {
		p := plan[i]
		if p.Rule.Chapter != chapter {
			chapter = p.Rule.Chapter
			out.line("\n%s", report.Title(chapter))
		}
		var over []string
		for ; i < len(plan) && plan[i].Rule.ID == p.Rule.ID; i++ {
			if plan[i].Over != "" {
				over = append(over, report.Title(plan[i].Over))
			}
		}
		what := strings.Join(over, ", ")
		if p.Skip != "" {
			what = "skipped: " + p.Skip
			skipped++
		} else {
			judged++
		}
		if what != "" {
			what = " [" + what + "]"
		}
		out.line("  %-14s %-7s %s%s", p.Rule.ID, "@"+string(p.Rule.Level), p.Rule.Title, what)
	}
	out.line("\n%s to judge, %d to skip", fmt.Sprintf("%d rules", judged), skipped)
	return out.err
}
