package scenarios

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Scenario is what a server publishes, which phones come, and what each of them must
// end with: a folder with a scenario.yaml (docs/scenario.md).
type Scenario struct {
	Name     string // the folder's own name
	Dir      string
	Tree     fs.FS    // what is published; nil: nothing is
	Origins  []Origin // where the tree was taken from
	Phones   []Phone
	Features fs.FS // feature files of its own, below folder "features"; nil: none
}

// scenarioVersion is the version of scenario.yaml that this program reads.
const scenarioVersion = 1

// scenarioYAML is the file.
type scenarioYAML struct {
	Version  int         `yaml:"version"`
	Tree     string      `yaml:"tree"`
	Origins  []string    `yaml:"origins"`
	Phones   []phoneYAML `yaml:"phones"`
	Features string      `yaml:"features"`
}

// Open reads a scenario folder, its expect and behaviour files included. Its errors
// name file, line and column.
func Open(dir string) (*Scenario, error) {
	name := filepath.Join(dir, "scenario.yaml")
	var y scenarioYAML
	d, err := ReadYAML(name, scenarioVersion, &y)
	if err != nil {
		return nil, err
	}
	whole, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Scenario{Name: filepath.Base(whole), Dir: dir}
	if s.Tree, err = y.folder(d, "$.tree", dir, y.Tree); err != nil {
		return nil, err
	}
	if s.Features, err = y.folder(d, "$.features", dir, y.Features); err != nil {
		return nil, err
	}
	for i, text := range y.Origins {
		origin, err := readOrigin(text)
		if err != nil {
			return nil, d.Errorf(fmt.Sprintf("$.origins[%d]", i), "%w", err)
		}
		s.Origins = append(s.Origins, origin)
	}
	for i, p := range y.Phones {
		phone, err := p.read(d, phonePath(i), dir, false)
		if err != nil {
			return nil, err
		}
		s.Phones = append(s.Phones, phone)
	}
	if len(s.Phones) == 0 && s.Features == nil {
		return nil, d.Errorf("$", "no phones and no features: nothing would be judged")
	}
	return s, nil
}

// folder opens a folder that a field names; nil where the field is empty.
func (y scenarioYAML) folder(d *Document, path, dir, name string) (fs.FS, error) {
	if name == "" {
		return nil, nil
	}
	full := within(dir, name)
	info, err := os.Stat(full)
	if err == nil && !info.IsDir() {
		err = errors.New(full + ": not a folder")
	}
	if err != nil {
		return nil, d.Errorf(path, "%w", err)
	}
	return os.DirFS(full), nil
}
