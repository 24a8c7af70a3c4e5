package steps

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// overTag begins the tag that each rule has for the protocol over which it is judged:
// @over-http.
const overTag = "@over-"

// tagExpression is a choice by tags: terms that must all hold, each of alternatives.
type tagExpression [][]tagTerm

type tagTerm struct {
	tag string
	not bool
}

// parseTags reads "@must && ~@needs-ftp,@over-http": a comma is OR and binds closer, &&
// is AND, ~ or "not" is NOT. The @ may be left out. known are the tags that there are.
func parseTags(text string, known []string) (tagExpression, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var all tagExpression
	for _, and := range strings.Split(text, "&&") {
		var alternatives []tagTerm
		for _, or := range strings.Split(and, ",") {
			term, err := parseTerm(or, text, known)
			if err != nil {
				return nil, err
			}
			alternatives = append(alternatives, term)
		}
		all = append(all, alternatives)
	}
	return all, nil
}

func parseTerm(text, whole string, known []string) (term tagTerm, err error) {
	word := strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(word, "~"); ok {
		term.not, word = true, strings.TrimSpace(rest)
	} else if rest, ok := strings.CutPrefix(word, "not "); ok {
		term.not, word = true, strings.TrimSpace(rest)
	}
	if word == "" || strings.ContainsAny(word, " \t") {
		return term, verdict.Usagef("tags %q: want @tag, ~@tag, a comma for OR, && for AND", whole)
	}
	term.tag = "@" + strings.TrimPrefix(word, "@")
	if !slices.Contains(known, term.tag) {
		return term, verdict.Usagef("there is no tag %s%s", term.tag, scenarios.DidYouMean(term.tag, known))
	}
	return term, nil
}

// match reports whether something with these tags is chosen.
func (e tagExpression) match(tags []string) bool {
	for _, alternatives := range e {
		if !slices.ContainsFunc(alternatives, func(t tagTerm) bool { return slices.Contains(tags, t.tag) != t.not }) {
			return false
		}
	}
	return true
}

// tags returns every tag that there is.
func (src sources) tags() []string {
	var all []string
	for _, r := range src.rules {
		all = append(all, r.Tags...)
	}
	for _, scheme := range schemes {
		all = append(all, overTag+scheme)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// choose returns the rules with these ids, all where there are none; tags are checked
// here, and chosen by in the plan, since they can name a protocol.
func (src sources) choose(ids []string, tags string) ([]features.Rule, error) {
	if _, err := parseTags(tags, src.tags()); err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return src.rules, nil
	}
	var chosen []features.Rule
	for _, name := range ids {
		id, _, _ := strings.Cut(name, rowMark)
		if slices.ContainsFunc(src.own, func(name string) bool { return strings.EqualFold(name, id) }) {
			continue // a scenario of the user's, see planScenarios
		}
		i := slices.IndexFunc(src.rules, func(r features.Rule) bool { return strings.EqualFold(r.ID, id) })
		if i < 0 {
			return nil, verdict.Usagef("there is no rule %q%s", id, scenarios.DidYouMean(id, append(src.ids(), src.own...)))
		}
		if !slices.ContainsFunc(chosen, func(r features.Rule) bool { return r.ID == src.rules[i].ID }) {
			chosen = append(chosen, src.rules[i])
		}
	}
	return chosen, nil
}

// rowMark stands between a rule and the row of its outline: FIP-CONT-001#3.
const rowMark = "#"

// chooseRows returns the rows that ids name, by rule; a rule that is not in it, or that
// is named without a row too, is judged whole.
func (src sources) chooseRows(ids []string) (map[string][]int, error) {
	rows := make(map[string][]int)
	for _, name := range ids {
		id, row, found := strings.Cut(name, rowMark)
		if !found {
			continue
		}
		id = strings.ToUpper(id)
		n, err := strconv.Atoi(row)
		if err != nil || n < 1 || n > src.counts[id] {
			return nil, verdict.Usagef("there is no rule %q: %s has %d rows, counted from 1", name, id, src.counts[id])
		}
		rows[id] = append(rows[id], n)
	}
	for _, name := range ids {
		delete(rows, strings.ToUpper(name))
	}
	return rows, nil
}

func (src sources) ids() []string {
	ids := make([]string, len(src.rules))
	for i, r := range src.rules {
		ids[i] = r.ID
	}
	return ids
}
