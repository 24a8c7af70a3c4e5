package steps

import (
	"regexp"
	"sync"

	"github.com/cucumber/godog"
)

// catalogue takes in the steps of one scenario.
type catalogue struct{ scenario *godog.ScenarioContext }

// Step registers a step of any keyword.
func (c catalogue) Step(expression string, step any) { c.scenario.Step(compiled(expression), step) }

// Given registers a step of the keyword Given. The others are alike.
func (c catalogue) Given(expression string, step any) { c.scenario.Given(compiled(expression), step) }

// When registers a step.
func (c catalogue) When(expression string, step any) { c.scenario.When(compiled(expression), step) }

// Then registers a step.
func (c catalogue) Then(expression string, step any) { c.scenario.Then(compiled(expression), step) }

// expressions are those of all steps. godog takes in all of them for each scenario, and
// would compile them each time: that is a third of what a run computes.
var expressions sync.Map

func compiled(expression string) *regexp.Regexp {
	if known, ok := expressions.Load(expression); ok {
		return known.(*regexp.Regexp)
	}
	e := regexp.MustCompile(expression)
	expressions.Store(expression, e)
	return e
}
