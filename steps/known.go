package steps

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/steps/report"
)

// knownVersion is the version of the file of known failures that this program reads.
const knownVersion = 1

type knownYAML struct {
	Version  int `yaml:"version"`
	Failures []struct {
		Rule    string `yaml:"rule"`
		Reason  string `yaml:"reason"`
		Expires string `yaml:"expires"` // a day, 2027-01-31
	} `yaml:"failures"`
}

// ReadKnown reads a file of known failures: rule ids, each with a reason and the last
// day on which it is excused. own are the scenarios whose features and names count as
// rules too. Its error is a *verdict.Usage with line and column.
func ReadKnown(name string, own []*scenarios.Scenario) ([]report.Known, error) {
	var y knownYAML
	d, err := scenarios.ReadYAML(name, knownVersion, &y)
	if err != nil {
		return nil, &verdict.Usage{Err: err}
	}
	src, err := newSources(own)
	if err != nil {
		return nil, err
	}
	ids := append(src.ids(), src.own...)
	var all []report.Known
	for i, f := range y.Failures {
		at := fmt.Sprintf("$.failures[%d]", i)
		entry := report.Known{Rule: f.Rule, Reason: f.Reason}
		switch {
		case !slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, f.Rule) }):
			err = d.Errorf(at+".rule", "there is no rule %q%s", f.Rule, scenarios.DidYouMean(f.Rule, ids))
		case strings.TrimSpace(f.Reason) == "":
			err = d.Errorf(at+".reason", "%s has no reason", f.Rule)
		case f.Expires == "":
			err = d.Errorf(at+".expires", "%s has no day on which it expires: want one such as 2027-01-31", f.Rule)
		default:
			if entry.Expires, err = time.Parse(time.DateOnly, f.Expires); err != nil {
				err = d.Errorf(at+".expires", "%q is no day: want one such as 2027-01-31", f.Expires)
			}
		}
		if err != nil {
			return nil, &verdict.Usage{Err: err}
		}
		all = append(all, entry)
	}
	return all, nil
}
