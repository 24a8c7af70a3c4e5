package steps_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/faulty"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
)

var (
	faultPattern = flag.String("fault", "", "judge only faults whose name matches this regular expression")
	wholeSuite   = flag.Bool("whole-suite", false, "judge each fault by all rules, not only by the one that is meant for it")
	updateTable  = flag.Bool("update-mutation", false, "write docs/mutation.md anew, with -fault the lines of those; needs -whole-suite")
)

// mostOfFault bounds the judgement of one fault.
const mostOfFault = 5 * time.Minute

// caught is what the suite found of one fault.
type caught struct {
	fault   faulty.Fault
	tripped []string // ids of rules that failed
	errors  []string // what could not be judged, and why
	alone   bool     // judged by its own rule, and not by all

	took time.Duration
}

// The faulty server without a fault obeys every rule: a rule that fails here rests on
// how the reference server is written.
func TestFaultlessServer(t *testing.T) {
	run, err := steps.Run(t.Context(), steps.Options{Target: startFaulty(t, faulty.Fault{}), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range run.Results {
		if r.Status == report.Fail || r.Status == report.Error {
			t.Errorf("%s over %s: %s: %s: expected %s; %s", r.Rule.ID, r.Over, r.Status, r.Step, r.Expected, r.Actual)
		}
	}
	t.Logf("%d results in %v", len(run.Results), run.Took)
}

// Every fault is caught by the rule that is meant to, and by few others. A plain run
// judges each fault by that rule alone; -whole-suite, which make mutation gives, by all.
func TestMutations(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: hundreds of servers are judged")
	}
	t.Parallel()
	all := judgeFaults(t)
	for _, c := range all {
		if !slices.Contains(c.tripped, c.fault.Rule) {
			t.Errorf("%s: %s did not catch it; tripped: %s; %s",
				c.fault.Name, c.fault.Rule, strings.Join(c.tripped, " "), strings.Join(c.errors, "; "))
		}
	}
	if !*wholeSuite {
		return
	}
	if *faultPattern != "" {
		all = besides(t, all)
	}
	if median := medianOf(all); median > mostInMedian {
		t.Errorf("the median fault trips %d rules; want %d at most", median, mostInMedian)
	}
	if *updateTable {
		if err := os.WriteFile(mutationTable, tableOf(all), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// mostInMedian is how many rules a fault may trip in the median.
const mostInMedian = 2

// medianOf counts the rules that failed for the median fault of those that were judged
// by all rules.
func medianOf(all []caught) int {
	var counts []int
	for _, c := range all {
		if !c.alone {
			counts = append(counts, len(c.tripped))
		}
	}
	if len(counts) == 0 {
		return 0
	}
	slices.Sort(counts)
	return counts[len(counts)/2]
}

// judgeFaults judges a server for each fault, many at a time: they mostly wait. Those
// that take longest begin.
func judgeFaults(t *testing.T) []caught {
	atOnce, again, first := 32, 10, ownRuleWaits
	if *wholeSuite {
		atOnce, again, first = 24, 3, func(f faulty.Fault) bool { return tagsFor(f) == "" } // some rules look at how quick a server is
	}
	chosen, err := regexp.Compile(*faultPattern)
	if err != nil {
		t.Fatal(err)
	}
	faults := slices.DeleteFunc(faulty.All(), func(f faulty.Fault) bool { return !chosen.MatchString(f.Name) })
	rest := slices.DeleteFunc(slices.Clone(faults), first)
	faults = append(slices.DeleteFunc(faults, func(f faulty.Fault) bool { return !first(f) }), rest...)
	var (
		mu    sync.Mutex
		all   []caught
		group sync.WaitGroup
		turn  = make(chan struct{}, atOnce)
		few   = make(chan struct{}, again)
	)
	for _, f := range faults {
		turn <- struct{}{}
		group.Go(func() {
			c := judgeFault(t, f)
			<-turn
			few <- struct{}{}
			c = judgeAgain(t, c, 1) // once, while others wait for long
			<-few
			mu.Lock()
			defer mu.Unlock()
			all = append(all, c)
		})
	}
	group.Wait()
	if len(all) == 0 {
		t.Fatalf("no fault's name matches %q", *faultPattern)
	}
	for i := range all {
		all[i] = judgeAgain(t, all[i], 3)
	}
	slices.SortFunc(all, func(a, b caught) int { return strings.Compare(a.fault.Name, b.fault.Name) })
	return all
}

// waitFor are faults whose own rule waits long for what does not come: half a minute to two minutes.
var waitFor = regexp.MustCompile(`data-(unconfirmed|stays-open)|wrap-|silence|block-0|abandoned|one-at-a-time|dies|/block-wrong|first-answer|never-again|^dhcp/`)

func ownRuleWaits(f faulty.Fault) bool { return waitFor.MatchString(f.Name) }

// judgeAgain judges a fault with few others, or alone, where its rule could not say anything: beside dozens of
// others, an ordinary request may take as long as what a fault calls slow.
func judgeAgain(t *testing.T, c caught, tries int) caught {
	t.Helper()
	for n := 0; n < tries && len(c.errors) > 0 && !slices.Contains(c.tripped, c.fault.Rule); n++ {
		t.Logf("%s: once more: %s", c.fault.Name, strings.Join(c.errors, "; "))
		c = judgeFault(t, c.fault)
	}
	return c
}

// tagsFor leaves out what takes long, for the faults that it is not about.
func tagsFor(f faulty.Fault) string {
	if tags := aboutFault(f); tags != "" {
		return tags
	}
	for _, r := range features.Rules() {
		if r.ID == f.Rule && slices.Contains(r.Tags, "@big") {
			return ""
		}
	}
	return "~@big"
}

// optionsFor are what a fault is judged by: the rule that is meant for it, or everything.
func optionsFor(f faulty.Fault, target scenarios.Target) steps.Options {
	o := steps.Options{Target: target, Seed: 1, Side: 24}
	if *wholeSuite {
		o.Tags = tagsFor(f)
		return o
	}
	o.Rules = []string{f.Rule}
	return o
}

func judgeFault(t *testing.T, f faulty.Fault) caught {
	target := startFaulty(t, f)
	defer target.Close()
	// A server that serves no more has been caught by then, or never will be.
	ctx, cancel := context.WithTimeout(t.Context(), mostOfFault)
	defer cancel()
	run, err := steps.Run(ctx, optionsFor(f, inhabited(target)))
	if err != nil {
		t.Errorf("%s: %v", f.Name, err)
		return caught{fault: f}
	}
	c := caught{fault: f, took: run.Took, alone: !*wholeSuite}
	for _, r := range run.Results {
		switch r.Status {
		case report.Fail:
			c.tripped = append(c.tripped, r.Rule.ID)
		case report.Error:
			c.errors = append(c.errors, r.Rule.ID+": "+r.Actual)
		default:
			if r.Rule.ID == f.Rule {
				c.errors = append(c.errors, fmt.Sprintf("%s over %s %s: %s %s", r.Rule.ID, r.Over, r.Example, r.Status, r.Actual))
			}
		}
	}
	slices.Sort(c.tripped)
	c.tripped = slices.Compact(c.tripped)
	t.Logf("%6.1fs %s: %s", c.took.Seconds(), f.Name, strings.Join(c.tripped, " "))
	return c
}
