package steps_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

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

// besides adds to faults that were judged now what the table says of all others.
func besides(t *testing.T, judged []caught) []caught {
	t.Helper()
	table, err := os.ReadFile(mutationTable)
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string][][]byte)
	for _, row := range tableRow.FindAllSubmatch(table, -1) {
		rows[string(row[1])] = row
	}
	for _, f := range faulty.All() {
		if slices.ContainsFunc(judged, func(c caught) bool { return c.fault.Name == f.Name }) {
			continue
		}
		c := caught{fault: f, alone: true}
		if row, ok := rows[f.Name]; ok {
			c.alone = bytes.Contains(row[4], []byte("?"))
			c.tripped = ruleID.FindAllString(string(row[4]), -1)
			if string(row[3]) == "yes" {
				c.tripped = append(c.tripped, string(row[2]))
			}
		}
		judged = append(judged, c)
	}
	slices.SortFunc(judged, func(a, b caught) int { return strings.Compare(a.fault.Name, b.fault.Name) })
	return judged
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
