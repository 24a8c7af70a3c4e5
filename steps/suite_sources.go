package steps

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	gherkin "github.com/cucumber/gherkin/go/v26"
	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// schemes are the protocols, in the order in which they are judged.
var schemes = []string{"tftp", "ftp", "http", "https"}

// sources are the feature files of a run: those of package features, and those of the
// user's scenarios.
type sources struct {
	rules   []features.Rule
	text    map[string][]byte // by Rule.File
	numbers map[string]int    // by key of a scenario, from 0; the same in every run
	rows    map[string]string // by key: the row of an outline, "size 512"
	counts  map[string]int    // scenarios of a rule, by its id
	places  map[string]int    // by key: which of its rule's scenarios it is, from 1
	own     []string          // names of the user's scenarios
}

// newSources reads the features.
func newSources(own []*scenarios.Scenario) (sources, error) {
	src, err := embedded()
	if err != nil || len(own) == 0 {
		return src, err
	}
	src = src.clone()
	for _, s := range own {
		src.own = append(src.own, s.Name)
		if s.Features == nil {
			continue
		}
		rules, err := features.Read(s.Features)
		if err != nil {
			return src, verdict.Usagef("%s: %w", s.Dir, err)
		}
		for _, r := range rules {
			if slices.ContainsFunc(src.rules, func(known features.Rule) bool { return known.ID == r.ID }) {
				return src, verdict.Usagef("%s: %s:%d: there is a rule %s already", s.Dir, r.File, r.Line, r.ID)
			}
			r.File = s.Name + ":" + r.File
			src.rules = append(src.rules, r)
		}
		if err := src.read(s.Name+":", s.Features); err != nil {
			return src, verdict.Usagef("%s: %w", s.Dir, err)
		}
	}
	return src, nil
}

// embedded are the sources of package features: read once in a process, and not changed.
var embedded = sync.OnceValues(func() (sources, error) {
	src := sources{rules: features.Rules()}.clone()
	return src, src.read("", features.FS())
})

// clone returns sources that can be added to.
func (src sources) clone() sources {
	return sources{
		rules: slices.Clone(src.rules), text: cloned(src.text), numbers: cloned(src.numbers), rows: cloned(src.rows),
		counts: cloned(src.counts), places: cloned(src.places), own: slices.Clone(src.own),
	}
}

// cloned is maps.Clone, and never nil.
func cloned[K comparable, V any](m map[K]V) map[K]V {
	out := make(map[K]V, len(m))
	maps.Copy(out, m)
	return out
}

// read takes in the feature files of a tree, and numbers their scenarios.
func (src sources) read(prefix string, tree fs.FS) error {
	return fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".feature") {
			return err
		}
		body, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		src.text[prefix+name] = body
		id := (&messages.Incrementing{}).NewId
		doc, err := gherkin.ParseGherkinDocument(bytes.NewReader(body), id)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		rows := rowsOf(doc)
		pickles := gherkin.Pickles(*doc, name, id)
		if err := undefined(name, doc.Feature, pickles); err != nil {
			return err
		}
		for _, p := range pickles {
			key := keyOf(p)
			src.numbers[key] = len(src.numbers)
			src.rows[key] = rows[p.AstNodeIds[len(p.AstNodeIds)-1]]
			for _, tag := range p.Tags {
				if id, ok := strings.CutPrefix(tag.Name, "@FIP-"); ok {
					src.counts["FIP-"+id]++
					src.places[key] = src.counts["FIP-"+id]
				}
			}
		}
		return nil
	})
}

// rowsOf returns the rows of all outlines, by the id of the row: "size 512".
func rowsOf(doc *messages.GherkinDocument) map[string]string {
	rows := make(map[string]string)
	for _, child := range doc.Feature.Children {
		if child.Scenario == nil {
			continue
		}
		for _, examples := range child.Scenario.Examples {
			for _, row := range examples.TableBody {
				var cells []string
				for i, cell := range row.Cells {
					cells = append(cells, strings.TrimSpace(examples.TableHeader.Cells[i].Value+" "+cell.Value))
				}
				rows[row.Id] = strings.Join(cells, ", ")
			}
		}
	}
	return rows
}

// keyOf tells a scenario, and a row of an outline, from all others.
func keyOf(p *messages.Pickle) string {
	var b strings.Builder
	for _, tag := range p.Tags {
		b.WriteString(tag.Name + " ")
	}
	b.WriteString(p.Name)
	for _, step := range p.Steps {
		b.WriteString("\n" + step.Text)
		if a := step.Argument; a != nil && a.DocString != nil {
			b.WriteString(a.DocString.Content)
		}
		if a := step.Argument; a != nil && a.DataTable != nil {
			for _, row := range a.DataTable.Rows {
				for _, cell := range row.Cells {
					b.WriteString("|" + cell.Value)
				}
			}
		}
	}
	return b.String()
}

// contents are the feature files that rules stand in.
func (src sources) contents(rules []features.Rule) []godog.Feature {
	var files []godog.Feature
	for _, r := range rules {
		if !slices.ContainsFunc(files, func(f godog.Feature) bool { return f.Name == r.File }) {
			files = append(files, godog.Feature{Name: r.File, Contents: src.text[r.File]})
		}
	}
	return files
}

// ruleOf finds a scenario's rule by its id.
func (src sources) ruleOf(scenario *godog.Scenario) features.Rule {
	for _, tag := range scenario.Tags {
		for _, r := range src.rules {
			if tag.Name == "@"+r.ID {
				return r
			}
		}
	}
	return features.Rule{Title: scenario.Name}
}
