package docs_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// gate is a CI service's runner, as far as our steps see it.
type gate struct {
	dir string // the workspace
	env []string
}

// step runs one script and returns what it printed, and whether it was green.
func (g gate) step(t *testing.T, script string, args []string, env map[string]string) (string, bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", append(args, "-c", script)...)
	cmd.Dir, cmd.Env = g.dir, g.env
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// githubShell is what GitHub runs `shell: bash` with.
var githubShell = []string{"--noprofile", "--norc", "-eo", "pipefail"}

// newGate makes a runner with an HTTP server over a folder in it: fipsim's own, as it is
// there everywhere. It returns the server's URL.
func newGate(t *testing.T) (gate, string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the command and runs judgements and loads")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	g := gate{dir: t.TempDir()}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	g.env = append(os.Environ(), "GITHUB_ACTION_PATH="+root, "RUNNER_TEMP="+filepath.Join(g.dir, "temp"),
		"GITHUB_PATH="+filepath.Join(g.dir, "path"), "GITHUB_STEP_SUMMARY="+filepath.Join(g.dir, "summary"))
	g.env = append(g.env, "GITHUB_OUTPUT="+filepath.Join(g.dir, "output"), "RUNNER_OS=Linux", "RUNNER_ARCH=X64")
	for _, name := range []string{"What fipsim is built from", "Build fipsim"} { // with the caches of this machine
		if out, ok := g.step(t, actionStepNamed(t, name).Run, githubShell, nil); !ok {
			t.Fatalf("%s:\n%s", name, out)
		}
	}
	if key, err := os.ReadFile(filepath.Join(g.dir, "output")); err != nil || !regexp.MustCompile(`^key=fipsim-Linux-X64-go1[0-9.]+[^ ]*-[0-9a-f]{16}\n$`).Match(key) {
		t.Errorf("the cache has the %s, %v", key, err)
	}
	added, err := os.ReadFile(filepath.Join(g.dir, "path"))
	if err != nil {
		t.Fatal(err)
	}
	g.env = append(g.env, "PATH="+strings.TrimSpace(string(added))+":"+os.Getenv("PATH"))
	site := filepath.Join(g.dir, "site")
	if err := os.Mkdir(site, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(site, "y000000000000.cfg"), []byte("lang.gui=English\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return g, serveSite(t, filepath.Join(strings.TrimSpace(string(added)), "fipsim"), site)
}

func actionStepNamed(t *testing.T, name string) actionStep {
	t.Helper()
	for _, s := range readAction(t).Runs.Steps {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("action.yml has no step %q", name)
	return actionStep{}
}

// serveSite runs `fipsim serve` until the test's end.
func serveSite(t *testing.T, fipsim, site string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), fipsim, "serve", "--docroot", site, "--http", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	url := ""
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) > 1 && words[0] == "http" {
			url = words[1]
			break
		}
	}
	go func() {
		for lines.Scan() { // what it tells of requests must go somewhere
		}
	}()
	if url == "" {
		t.Fatal("fipsim serve named no URL")
	}
	return url
}

// The steps of the action, as a runner does them: green where the server is right, red
// where it is not or a threshold breaks, and the reports are there in each case.
func TestActionSteps(t *testing.T) {
	g, url := newGate(t)
	check, load := actionStepNamed(t, "fipsim check"), actionStepNamed(t, "fipsim load")
	env := map[string]string{
		"SERVER": url, "DOCROOT": "site", "TARGET": "", "ARGS": "--rule FIP-NAME-001 --rule FIP-MISS-003", "REPORTS": "kept reports",
	}
	for name := range check.Env {
		if _, ok := env[name]; !ok {
			t.Errorf("the test gives no %s", name)
		}
	}
	if out, ok := g.step(t, check.Run, githubShell, env); !ok || !strings.Contains(out, "conforms") {
		t.Errorf("check is red, or judged nothing:\n%s", out)
	}
	kept(t, g.dir, "kept reports/check.html", "kept reports/check.xml", "kept reports/check.json", "summary")
	env["PHONES"], env["ARGS"], env["THRESHOLDS"] = "5", "", "provisioned>=100%\nerrors<1\n"
	if out, ok := g.step(t, load.Run, githubShell, env); !ok || !strings.Contains(out, "errors<1") {
		t.Errorf("load is red, or took no threshold:\n%s", out)
	}
	kept(t, g.dir, "kept reports/load.json")
	env["THRESHOLDS"] = "errors>=1"
	if out, ok := g.step(t, load.Run, githubShell, env); ok {
		t.Errorf("load is green with a broken threshold:\n%s", out)
	}
	env["ARGS"], env["SERVER"], env["DOCROOT"] = "", "http://127.0.0.1:1/", ""
	if out, ok := g.step(t, check.Run, githubShell, env); ok {
		t.Errorf("check is green where nothing answers:\n%s", out)
	}
}

// The scripts of the GitLab job, in one shell as GitLab runs them.
func TestGitLabSteps(t *testing.T) {
	g, url := newGate(t)
	_, job := readTemplate(t)
	env := map[string]string{
		"FIPSIM_VERSION": "latest", "FIPSIM_SERVER": url, "FIPSIM_DOCROOT": "site", "FIPSIM_TARGET": "", "FIPSIM_CHECK_ARGS": "--rule FIP-NAME-001",
		"FIPSIM_PHONES": "5", "FIPSIM_LOAD_ARGS": "", "FIPSIM_THRESHOLDS": "provisioned>=100% errors<1",
	}
	for name := range job.Variables {
		if _, ok := env[name]; !ok && !strings.HasPrefix(name, "GO") { // what was compiled here serves, too
			t.Errorf("the test gives no %s", name)
		}
	}
	script := strings.Join(append(job.BeforeScript, job.Script...), "\n")
	if out, ok := g.step(t, script, []string{"-eo", "pipefail"}, env); !ok || !strings.Contains(out, "conforms") {
		t.Errorf("red:\n%s", out)
	}
	kept(t, g.dir, "fipsim-reports/check.html", job.Artifacts.Reports["junit"], "fipsim-reports/load.json")
	env["FIPSIM_THRESHOLDS"] = "errors>=1"
	if out, ok := g.step(t, script, []string{"-eo", "pipefail"}, env); ok {
		t.Errorf("green with a broken threshold:\n%s", out)
	}
}

func kept(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s was not kept: %v", name, err)
		}
	}
}
