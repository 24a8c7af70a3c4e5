package steps

import (
	"regexp"
	"sync"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"
)

// catalogue takes in steps: those of one scenario, or without one, their expressions.
type catalogue struct {
	scenario *godog.ScenarioContext
	listed   *[]listed // where scenario is nil
}

// listed is a step that there is.
type listed struct {
	expression *regexp.Regexp
	keyword    messages.PickleStepType // UNKNOWN: any
}

// Step registers a step of any keyword.
func (c catalogue) Step(expression string, step any) {
	c.register(expression, step, messages.PickleStepType_UNKNOWN, (*godog.ScenarioContext).Step)
}

// Given registers a step of the keyword Given. The others are alike.
func (c catalogue) Given(expression string, step any) {
	c.register(expression, step, messages.PickleStepType_CONTEXT, (*godog.ScenarioContext).Given)
}

// When registers a step.
func (c catalogue) When(expression string, step any) {
	c.register(expression, step, messages.PickleStepType_ACTION, (*godog.ScenarioContext).When)
}

// Then registers a step.
func (c catalogue) Then(expression string, step any) {
	c.register(expression, step, messages.PickleStepType_OUTCOME, (*godog.ScenarioContext).Then)
}

func (c catalogue) register(
	expression string, step any, keyword messages.PickleStepType, as func(sc *godog.ScenarioContext, expr, step any),
) {
	if c.scenario == nil {
		*c.listed = append(*c.listed, listed{compiled(expression), keyword})
		return
	}
	as(c.scenario, compiled(expression), step)
}

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
