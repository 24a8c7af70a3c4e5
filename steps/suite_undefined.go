package steps

import (
	"cmp"
	"fmt"
	"regexp"
	"sync"

	messages "github.com/cucumber/messages/go/v21"

	"github.com/fipsim/fipsim/scenarios"
)

// allSteps are the steps of all nouns.
var allSteps = sync.OnceValue(func() []listed {
	var all []listed
	for _, steps := range nouns {
		steps(catalogue{listed: &all})
	}
	return all
})

// undefined returns an error for the first step of a file that nobody has written, with
// its place and what is near to it. Otherwise it would be told in the middle of a run,
// once a protocol, and without a place.
func undefined(name string, feature *messages.Feature, pickles []*messages.Pickle) error {
	for _, p := range pickles {
		for _, step := range p.Steps {
			if err := stepError(step); err != nil {
				return fmt.Errorf("%s:%d: %w", name, lineOf(feature, step.AstNodeIds[0]), err)
			}
		}
	}
	return nil
}

// keywords are those of Gherkin; And and But take that of the step above.
var keywords = map[messages.PickleStepType]string{
	messages.PickleStepType_CONTEXT: "Given", messages.PickleStepType_ACTION: "When", messages.PickleStepType_OUTCOME: "Then",
}

// stepError says what is wrong with a step; nil: it is there.
func stepError(step *messages.PickleStep) error {
	other := ""
	for _, s := range allSteps() {
		of := keywords[s.keyword]
		switch match := s.expression.MatchString(step.Text); {
		case match && (of == "" || keywords[step.Type] == "" || s.keyword == step.Type):
			return nil
		case match:
			other = of
		}
	}
	if other != "" {
		return fmt.Errorf("%q is a step of %s, not of %s", step.Text, other, keywords[step.Type])
	}
	var texts []string
	for _, s := range allSteps() {
		texts = append(texts, readable(s.expression.String()))
	}
	return fmt.Errorf("there is no step %q%s", step.Text, cmp.Or(scenarios.DidYouMean(step.Text, texts),
		"; look at a rule that is near to yours: fipsim check --list"))
}

var (
	anchors = regexp.MustCompile(`^\^|\$$`)
	group   = regexp.MustCompile(`\(\?:|\([^()]*\)|\)\??`)
)

// readable makes an expression what a person would write: "(.+)" is "…".
func readable(expression string) string {
	return anchors.ReplaceAllString(group.ReplaceAllStringFunc(expression, func(text string) string {
		if text[0] == '(' && text != "(?:" {
			return "…"
		}
		return ""
	}), "")
}

// lineOf finds the line of a step of a feature file.
func lineOf(feature *messages.Feature, id string) int64 {
	for _, child := range feature.Children {
		var steps []*messages.Step
		switch {
		case child.Scenario != nil:
			steps = child.Scenario.Steps
		case child.Background != nil:
			steps = child.Background.Steps
		}
		for _, step := range steps {
			if step.Id == id {
				return step.Location.Line
			}
		}
	}
	return 0
}
