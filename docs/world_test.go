package docs_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// insidePage makes the test binary run one page in the world that it finds itself in.
const insidePage = "FIPSIM_DOCS_PAGE"

// cloneHere is where a page's clone stands: always the same place, so that what Go
// compiled for one page serves the next.
const cloneHere = "/mnt/fipsim"

// absent skips, or fails where everything must be there (CONTRIBUTING.md).
func absent(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("FIPSIM_REQUIRE_REAL") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// needWorld skips where no namespaces can be had.
func needWorld(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		absent(t, "the documents' commands run in namespaces, which want root on Linux")
	}
	needPrograms(t, "unshare", "ip", "mount", "git", "bash")
}

func needPrograms(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			absent(t, name+" is not installed (make servers)")
		}
	}
}

// world is what a page finds: a machine that is 192.0.2.1 (RFC 5737) and has nothing
// on it; phones of this machine come from 192.0.2.77. Its network, processes and mounts end with it.
const world = `set -eu
ip link set lo up
ip addr add 192.0.2.1/24 dev lo
ip addr add 192.0.2.77/24 dev lo
ip route replace local 192.0.2.1 dev lo table local src 192.0.2.77
ip route add 224.0.0.0/4 dev lo
mount -t tmpfs tmpfs /srv
mount -t tmpfs tmpfs /mnt
mkdir -m 755 /srv/tftp /mnt/home
exec "$@"
`

// download gets what a page builds if it stands in a module of its own: the page's world has no network, and what tests
// this module needs nothing of that one.
func download(t *testing.T, name string) {
	t.Helper()
	dir := filepath.Join("..", filepath.Dir(name))
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil || dir == ".." {
		return
	}
	var told bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", ".")
	cmd.Dir, cmd.Stderr = dir, &told
	if err := cmd.Run(); err != nil {
		absent(t, fmt.Sprintf("what %s needs cannot be had: %v\n%s", name, err, &told))
	}
}

// startWorld starts this test again in a world for one page.
func startWorld(t *testing.T, name, bin string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork",
		"--kill-child", "--mount-proc", "sh", "-c", world, "sh", os.Args[0], "-test.v", "-test.run=^TestCommands$", "-test.timeout=40m")
	cmd.Env = append(os.Environ(), insidePage+"="+name, "HOME=/mnt/home", "GOPROXY=off", "GOFLAGS=-vet=off",
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"),
		"PATH="+bin+":"+filepath.Join(goEnv(t, "GOROOT"), "bin")+":"+os.Getenv("PATH")+":/usr/sbin:/sbin")
	out, err := cmd.CombinedOutput()
	switch {
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case strings.HasPrefix(string(out), "--- SKIP") || strings.Contains(string(out), "\n--- SKIP"):
		t.Skipf("%s", out)
	default:
		t.Logf("%s", out)
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// fresh makes a clone with all that stands in the work tree.
func fresh(t *testing.T, clone string) {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-c", "safe.directory=*", "-C", root}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	git("clone", "-q", "--shared", root, clone)
	changed := git("diff", "--name-only", "-z", "HEAD") + git("ls-files", "-oz", "--exclude-standard")
	for name := range strings.SplitSeq(changed, "\x00") {
		body, err := os.ReadFile(filepath.Join(root, name))
		path := filepath.Join(clone, name)
		switch {
		case name == "":
		case errors.Is(err, os.ErrNotExist):
			err = os.Remove(path)
		case err != nil:
		default:
			err = overwrite(path, body)
		}
		if name != "" && err != nil {
			t.Fatal(err)
		}
	}
}

func overwrite(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o755)
}
