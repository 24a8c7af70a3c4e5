// Package features holds the rules that a provisioning server must obey, as Gherkin: a
// folder a chapter of the guide, a scenario a rule.
//
// A rule's tags are its stable id (@FIP-TFTP-007), its level (@must fails a run,
// @should warns, @may informs), the grade of its evidence (@grade-A to @grade-D; what
// rests on C or D is never @must) and the capabilities that it needs (@needs-tftp). The
// first line of its description names the sentence that it comes from.
package features

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"
)

//go:embed */*.feature
var files embed.FS

// FS returns the feature files: CHAPTER/NAME.feature.
func FS() fs.FS { return files }

// Level says what breaking a rule means.
type Level string

// The levels (RFC 2119 words).
const (
	Must   Level = "must"   // fails the run
	Should Level = "should" // a warning; fails it under --strict
	May    Level = "may"    // informs
)

// Rule is one scenario or scenario outline.
type Rule struct {
	ID      string   // FIP-TFTP-007
	Chapter string   // its folder
	Feature string   // the feature's name
	Title   string   // the scenario's name
	Source  string   // the sentence of the guide, or the RFC section, that it comes from
	Level   Level    //
	Grade   string   // A, B, C, D
	Needs   []string // capabilities
	Each    bool     // judged over each protocol of the server
	Tags    []string // all of them, with @
	File    string   // CHAPTER/NAME.feature
	Line    int      // of the scenario
}

// Rules returns every rule, by chapter and line. It panics where a feature file is
// malformed: those are embedded, and a test reads them.
var Rules = sync.OnceValue(func() []Rule {
	rules, err := Read(files)
	if err != nil {
		panic("features: " + err.Error())
	}
	return rules
})

// Read returns the rules of all feature files below tree. Its errors name file and line.
func Read(tree fs.FS) ([]Rule, error) {
	var rules []Rule
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".feature" {
			return err
		}
		body, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		doc, err := gherkin.ParseGherkinDocument(bytes.NewReader(body), (&messages.UUID{}).NewId)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		some, err := rulesOf(name, doc.Feature)
		rules = append(rules, some...)
		return err
	})
	return rules, err
}

// rulesOf returns the rules of one feature file. What Gherkin allows and a suite of
// rules has no use for is an error: nothing that somebody wrote is left out unsaid.
func rulesOf(name string, feature *messages.Feature) ([]Rule, error) {
	if feature == nil {
		return nil, fmt.Errorf("%s: it is empty: want Feature: and a scenario for each rule", name)
	}
	var rules []Rule
	for _, child := range feature.Children {
		switch {
		case child.Rule != nil:
			return nil, fmt.Errorf("%s:%d: Rule: a scenario is a rule by itself, and stands directly below the feature",
				name, child.Rule.Location.Line)
		case child.Scenario == nil: // a Background
			continue
		case len(child.Scenario.Steps) == 0:
			return nil, fmt.Errorf("%s:%d: %q has no step, and judges nothing", name, child.Scenario.Location.Line, child.Scenario.Name)
		}
		r, err := newRule(name, feature, child.Scenario)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	if len(rules) == 0 {
		return nil, fmt.Errorf("%s: it has no Scenario: want one for each rule", name)
	}
	return rules, nil
}

// newRule reads a rule's tags and its source.
func newRule(file string, feature *messages.Feature, scenario *messages.Scenario) (Rule, error) {
	r := Rule{
		Chapter: path.Dir(file), Feature: feature.Name, Title: scenario.Name,
		Source: firstLine(scenario.Description), File: file, Line: int(scenario.Location.Line),
	}
	for _, tag := range slices.Concat(feature.Tags, scenario.Tags) {
		r.Tags = append(r.Tags, tag.Name)
		word := strings.TrimPrefix(tag.Name, "@")
		switch {
		case strings.HasPrefix(word, "FIP-"):
			r.ID = word
		case word == string(Must), word == string(Should), word == string(May):
			r.Level = Level(word)
		case strings.HasPrefix(word, "grade-"):
			r.Grade = strings.TrimPrefix(word, "grade-")
		case strings.HasPrefix(word, "needs-"):
			r.Needs = append(r.Needs, strings.TrimPrefix(word, "needs-"))
		case word == "each-protocol":
			r.Each = true
		}
	}
	switch place := fmt.Sprintf("%s:%d", file, r.Line); {
	case r.ID == "":
		return r, fmt.Errorf("%s: no rule id: want a tag such as @FIP-TFTP-007", place)
	case r.Level == "":
		return r, fmt.Errorf("%s: %s has no level: want @must, @should or @may", place, r.ID)
	case r.Grade == "":
		return r, fmt.Errorf("%s: %s has no grade: want @grade-A to @grade-D", place, r.ID)
	case r.Level == Must && (r.Grade == "C" || r.Grade == "D"):
		return r, fmt.Errorf("%s: %s is @must, and rests on grade %s", place, r.ID, r.Grade)
	case r.Source == "":
		return r, fmt.Errorf("%s: %s names no source: want the guide's sentence or the RFC's section below its name", place, r.ID)
	}
	return r, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}
