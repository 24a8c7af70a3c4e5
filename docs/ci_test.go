package docs_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/fipsim/fipsim/docs"
)

// action is what an action.yml of a composite action may hold: a subset, written by hand, of
// https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax. A key
// that is not here is an error. Whoever changes action.yml, the template or what docs/ci.md shows can have them
// held against the published schemas too: check-jsonschema has --builtin-schema vendor.github-actions,
// vendor.github-workflows and vendor.gitlab-ci, and actionlint reads workflow and action together.
type action struct {
	Name, Description, Author string
	Branding                  struct{ Icon, Color string }
	Inputs                    map[string]struct {
		Description, Default, DeprecationMessage string
		Required                                 bool
	}
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Using string
		Steps []actionStep
	}
}

// actionStep is one of runs.steps.
type actionStep struct {
	Name, ID, If, Run, Shell, Uses string
	WorkingDirectory               string `yaml:"working-directory"`
	ContinueOnError                bool   `yaml:"continue-on-error"`
	With, Env                      map[string]string
}

// gitlabJob is what a job of our template may hold: a subset, written by hand, of
// https://docs.gitlab.com/ci/yaml/.
type gitlabJob struct {
	Stage, Image string
	Variables    map[string]string
	Cache        struct {
		Key   string
		Paths []string
	}
	BeforeScript []string `yaml:"before_script"`
	Script       []string
	Artifacts    struct {
		When    string
		Paths   []string
		Reports map[string]string
	}
}

// gitlabSpec is the header of a GitLab component, https://docs.gitlab.com/ci/inputs/.
type gitlabSpec struct {
	Spec struct {
		Inputs map[string]struct {
			Description, Default, Type, Regex string
			Options                           []string
		}
	}
}

func readAction(t *testing.T) action {
	t.Helper()
	var a action
	decodeFile(t, "action.yml", &a)
	return a
}

// readTemplate returns the template's inputs and its one job.
func readTemplate(t *testing.T) (gitlabSpec, gitlabJob) {
	t.Helper()
	var spec gitlabSpec
	var jobs map[string]gitlabJob
	decodeFile(t, "templates/fipsim.yml", &spec, &jobs)
	return spec, jobs["fipsim"]
}

// decodeFile reads the documents of a YAML file; a field that the type has not is an error.
func decodeFile(t *testing.T, name string, into ...any) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(body), yaml.Strict())
	for _, v := range into {
		if err := d.Decode(v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var more any
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		t.Errorf("%s: more than %d documents", name, len(into))
	}
}

var (
	actionInput   = regexp.MustCompile(`\$\{\{[^}]*inputs\.([a-z-]+)`)
	templateInput = regexp.MustCompile(`\$\[\[ *inputs\.([a-z-]+)`)
)

// The action is one that GitHub takes, and no input is pasted into a script: whoever
// chooses an input must not choose commands
// (https://docs.github.com/actions/reference/security/secure-use, "Use an intermediate environment variable").
func TestAction(t *testing.T) {
	a := readAction(t)
	if a.Name == "" || a.Description == "" || a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
		t.Errorf("no composite action: %+v", a)
	}
	for _, s := range a.Runs.Steps {
		switch {
		case (s.Run == "") == (s.Uses == ""):
			t.Errorf("%s: want either run or uses", s.Name)
		case s.Run != "" && s.Shell == "":
			t.Errorf("%s: a step of a composite action names its shell", s.Name)
		case strings.Contains(s.Run, "${{"):
			t.Errorf("%s: an expression in a script: hand it over by env", s.Name)
		}
	}
	heldInputs(t, "action.yml", actionInput, slices.Collect(maps.Keys(a.Inputs)))
}

// The template is one that GitLab takes.
func TestGitLabTemplate(t *testing.T) {
	spec, job := readTemplate(t)
	if len(job.Script) == 0 || job.Artifacts.When != "always" || job.Artifacts.Reports["junit"] == "" {
		t.Errorf("the job keeps no reports: %+v", job)
	}
	for _, line := range append(job.BeforeScript, job.Script...) {
		if strings.Contains(line, "$[[") {
			t.Errorf("an input in a script: hand it over by variables: %s", line)
		}
	}
	heldInputs(t, "templates/fipsim.yml", templateInput, slices.Collect(maps.Keys(spec.Spec.Inputs)))
}

// heldInputs holds that each input is used and each one used is there.
func heldInputs(t *testing.T, name string, form *regexp.Regexp, inputs []string) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	for _, found := range form.FindAllSubmatch(body, -1) {
		used[string(found[1])] = true
		if !slices.Contains(inputs, string(found[1])) {
			t.Errorf("%s uses the input %s, which it has not", name, found[1])
		}
	}
	for _, input := range inputs {
		if !used[input] {
			t.Errorf("%s: the input %s does nothing", name, input)
		}
	}
}

// What docs/ci.md shows names inputs that there are.
func TestShownGates(t *testing.T) {
	spec, _ := readTemplate(t)
	inputs := map[string][]string{
		"with:":   slices.Collect(maps.Keys(readAction(t).Inputs)),
		"inputs:": slices.Collect(maps.Keys(spec.Spec.Inputs)),
	}
	body, err := os.ReadFile("ci.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := docs.Blocks("docs/ci.md", body)
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, b := range blocks {
		var doc any
		if b.Lang != "yaml" {
			continue
		}
		if err := yaml.Unmarshal([]byte(b.Text), &doc); err != nil {
			t.Errorf("%s: %v", b.Place(), err)
		}
		for start, known := range inputs {
			_, after, ok := strings.Cut(b.Text, start+"\n")
			if !ok {
				continue
			}
			var given map[string]string
			if err := yaml.Unmarshal([]byte(after), &given); err != nil {
				t.Errorf("%s: %v", b.Place(), err)
			}
			for name := range given {
				held++
				if !slices.Contains(known, name) {
					t.Errorf("%s: there is no input %s", b.Place(), name)
				}
			}
		}
	}
	if held == 0 {
		t.Error("docs/ci.md shows no gate")
	}
}
