package features_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
)

// guidePath is the specification, which lies beside the project and not in it.
const guidePath = "../../shared/guide/flyingvoice-auto-provisioning-guide.txt"

// leastRules is what the suite was promised to have; a row of an outline is no rule.
const leastRules = 80

func TestRulesAreMany(t *testing.T) {
	if n := len(features.Rules()); n < leastRules {
		t.Errorf("%d rules, want at least %d", n, leastRules)
	}
}

func TestIdsAreUniqueAndWellFormed(t *testing.T) {
	form := regexp.MustCompile(`^FIP-[A-Z0-9]+-\d{3}$`)
	seen := make(map[string]string)
	for _, r := range features.Rules() {
		if !form.MatchString(r.ID) {
			t.Errorf("%s:%d: id %q, want one such as FIP-TFTP-007", r.File, r.Line, r.ID)
		}
		if at, ok := seen[r.ID]; ok {
			t.Errorf("%s:%d: %s is in %s too", r.File, r.Line, r.ID, at)
		}
		seen[r.ID] = r.File
	}
}

// A tag that nobody reads is a slip of the pen: @need-tftp would judge a rule where it
// does not apply.
func TestTagsAreKnown(t *testing.T) {
	known := []string{"@must", "@should", "@may", "@each-protocol", "@first", "@alone", "@last", "@big", "@grade-A", "@grade-B", "@grade-C", "@grade-D"}
	for _, c := range scenarios.Capabilities() {
		known = append(known, "@needs-"+string(c))
	}
	for _, o := range device.Options() {
		known = append(known, "@depends-"+o.Name)
	}
	for _, r := range features.Rules() {
		ids, levels, grades := 0, 0, 0
		for _, tag := range r.Tags {
			switch {
			case strings.HasPrefix(tag, "@FIP-"):
				ids++
			case !slices.Contains(known, tag):
				t.Errorf("%s:%d: %s: tag %s is not known", r.File, r.Line, r.ID, tag)
			case strings.HasPrefix(tag, "@grade-"):
				grades++
			case slices.Contains([]string{"@must", "@should", "@may"}, tag):
				levels++
			}
		}
		if ids != 1 || levels != 1 || grades != 1 {
			t.Errorf("%s:%d: %s has %d ids, %d levels and %d grades, want one of each", r.File, r.Line, r.ID, ids, levels, grades)
		}
	}
}

var (
	guideSource = regexp.MustCompile(`^Guide, "([^"]+)"(?:: "(.+)")?$`)
	rfcSource   = regexp.MustCompile(`^RFC \d+(?:/\d+)*(?: §|, ")`)
)

// What a rule claims the guide to say, the guide says.
func TestSourcesAreInTheGuide(t *testing.T) {
	body, err := os.ReadFile(guidePath)
	if err != nil {
		t.Skipf("the guide is not here: %v", err)
	}
	guide, headings := squeezed(string(body)), lines(string(body))
	for _, r := range features.Rules() {
		source := guideSource.FindStringSubmatch(r.Source)
		switch {
		case source == nil:
		case !slices.Contains(headings, squeezed(source[1])):
			t.Errorf("%s:%d: %s: the guide has no chapter %q", r.File, r.Line, r.ID, source[1])
		case !strings.Contains(guide, squeezed(source[2])):
			t.Errorf("%s:%d: %s: the guide does not say %q", r.File, r.Line, r.ID, source[2])
		}
	}
}

func TestSourcesAreNamed(t *testing.T) {
	for _, r := range features.Rules() {
		if !guideSource.MatchString(r.Source) && !rfcSource.MatchString(r.Source) {
			t.Errorf("%s:%d: %s: source %q, want Guide, \"Chapter\": \"sentence\" or RFC 1350 §2: …", r.File, r.Line, r.ID, r.Source)
		}
	}
}

// squeezed makes white space one blank and quotation marks plain: the guide is a scan.
func squeezed(text string) string {
	text = strings.NewReplacer("“", `"`, "”", `"`, "’", "'").Replace(text)
	return strings.Join(strings.Fields(text), " ")
}

func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		all = append(all, squeezed(line))
	}
	return all
}

// Each row of an outline is told by the scenario's name, and each rule has steps, of
// which one judges.
func TestScenariosAreWhole(t *testing.T) {
	err := fs.WalkDir(features.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := features.FS().Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		doc, err := gherkin.ParseGherkinDocument(f, (&messages.UUID{}).NewId)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return nil
		}
		for _, child := range doc.Feature.Children {
			if child.Scenario == nil {
				t.Errorf("%s: a Background or Rule: a scenario stands for itself", name)
				continue
			}
			whole(t, name, child.Scenario)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func whole(t *testing.T, name string, s *messages.Scenario) {
	t.Helper()
	judges := slices.ContainsFunc(s.Steps, func(st *messages.Step) bool { return st.KeywordType == messages.StepKeywordType_OUTCOME })
	if !judges {
		t.Errorf("%s:%d: %q judges nothing: it has no Then", name, s.Location.Line, s.Name)
	}
	for _, examples := range s.Examples {
		named := slices.ContainsFunc(examples.TableHeader.Cells, func(c *messages.TableCell) bool {
			return strings.Contains(s.Name, "<"+c.Value+">")
		})
		if !named {
			t.Errorf("%s:%d: the name of outline %q holds none of its columns: its rows look alike in a report", name, s.Location.Line, s.Name)
		}
	}
}
