package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// testRun is what tests read of kubernetes/testrun.yaml.
type testRun struct {
	Spec struct {
		Parallelism int `yaml:"parallelism"`
		Script      struct {
			ConfigMap struct{ Name, File string } `yaml:"configMap"`
		} `yaml:"script"`
		Runner struct {
			Env []struct{ Name, Value string } `yaml:"env"`
		} `yaml:"runner"`
	} `yaml:"spec"`
}

// manifest reads kubernetes/testrun.yaml.
func manifest(t *testing.T) (m testRun, body []byte) {
	t.Helper()
	body, err := os.ReadFile("kubernetes/testrun.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	return m, body
}

// validate holds YAML against the schema of a TestRun.
func validate(t *testing.T, body []byte) error {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("testdata/testrun.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.YAMLToJSON(body)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

// The manifest is what the k6-operator takes.
func TestManifest(t *testing.T) {
	m, body := manifest(t)
	if err := validate(t, body); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join("examples", m.Spec.Script.ConfigMap.File)); err != nil {
		t.Error(err)
	}
	for old, bad := range map[string]string{
		"parallelism: 8":         `parallelism: "8"`,
		"kind: TestRun":          "kind: K6",
		"separate: true":         "separated: true",
		"runAsUser: 12345":       "runAsUser: nobody",
		"cleanup: post":          "cleanup: always",
		"      file: storm.js\n": "      path: storm.js\n",
	} {
		wrong := strings.Replace(string(body), old, bad, 1)
		if wrong == string(body) {
			t.Errorf("the manifest has no %q", old)
		} else if err := validate(t, []byte(wrong)); err == nil {
			t.Errorf("%s: this mistake is not found", bad)
		}
	}
}

// pods are the arguments by which the operator makes n pods run one test (its pkg/segmentation and pkg/resources/jobs).
func pods(n int) [][]string {
	sequence := make([]string, n+1)
	for i := range sequence {
		sequence[i] = fmt.Sprintf("%d/%d", i, n)
	}
	sequence[0], sequence[n] = "0", "1"
	all := make([][]string, n)
	for i := range all {
		all[i] = []string{"--execution-segment=" + sequence[i] + ":" + sequence[i+1],
			"--execution-segment-sequence=" + strings.Join(sequence, ","), "--tag", fmt.Sprintf("instance_id=%d", i)}
	}
	return all
}

// What the operator makes of the manifest, on one machine: its first pod archives the script and looks at it,
// the others run a segment each, with the variables of the manifest. They are each phone exactly once.
func TestPods(t *testing.T) {
	const phones = 200
	m, _ := manifest(t)
	at, who := serve(t, phones)
	var vars []string
	for _, v := range m.Spec.Runner.Env {
		switch v.Name {
		case "SERVER":
			v.Value = at
		case "PHONES":
			v.Value = fmt.Sprint(phones)
		case "VUS":
			v.Value = fmt.Sprint(2 * m.Spec.Parallelism)
		default:
			t.Errorf("the script knows no variable %s", v.Name)
		}
		vars = append(vars, v.Name+"="+v.Value)
	}
	script, archive := "examples/"+m.Spec.Script.ConfigMap.File, filepath.Join(t.TempDir(), "storm.tar")
	if r := k6(t, vars, "k6-fipsim", append(append([]string{"archive", script}, env(vars...)...), "-O", archive)...); r.status != 0 {
		t.Fatalf("archive: exit status %d\n%s", r.status, r.out)
	}
	r := k6(t, vars, "k6-fipsim", "inspect", "--execution-requirements", archive)
	if r.status != 0 || !strings.Contains(r.out, fmt.Sprintf(`"maxVUs": %d`, 2*m.Spec.Parallelism)) {
		t.Errorf("inspect: exit status %d\n%s", r.status, r.out)
	}
	var all sync.WaitGroup
	for i, segment := range pods(m.Spec.Parallelism) {
		all.Go(func() {
			args := append(append([]string{"run", "--quiet"}, segment...), script, "--address", "")
			if r := k6(t, vars, "k6-fipsim", args...); r.status != 0 {
				t.Errorf("pod %d: exit status %d\n%s", i, r.status, r.out)
			}
		})
	}
	all.Wait()
	who.once(t, phones)
}
