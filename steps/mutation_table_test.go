package steps_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/simulator/faulty"
)

const mutationTable = "../docs/mutation.md"

// tableOf is the table of docs/mutation.md.
func tableOf(all []caught) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Faults and the rules that catch them

Package simulator/faulty has servers that are wrong on purpose: %d faults, one or more for each thing that a suite of rules must catch. For
each of them: the rule that is meant to catch it, whether it did, and which other rules failed when all rules that apply judged a server with
that fault; a question mark where that is still to be done, and the fault was judged by its own rule alone. The median fault trips %d.
Written by `+"`make mutation`"+`; CONTRIBUTING.md says how to add a fault.
`, len(all), medianOf(all))
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b caught) int { return strings.Compare(string(a.fault.Clause), string(b.fault.Clause)) })
	clause := faulty.Clause("")
	for _, c := range all {
		if c.fault.Clause != clause {
			clause = c.fault.Clause
			fmt.Fprintf(&b, "\n## %s\n\n| fault | rule | caught | other rules | what the server does |\n|---|---|---|---|---|\n", capital(string(clause)))
		}
		mark := "no"
		if slices.Contains(c.tripped, c.fault.Rule) {
			mark = "yes"
		}
		others := slices.DeleteFunc(slices.Clone(c.tripped), func(id string) bool { return id == c.fault.Rule })
		if c.alone {
			others = []string{"?"}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.fault.Name, c.fault.Rule, mark, strings.Join(others, " "),
			strings.NewReplacer("|", `\|`, "<", `\<`).Replace(c.fault.Doc))
	}
	return b.Bytes()
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
