package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sizeLimit is the largest binary, in bytes, that is handed out.
const sizeLimit = 40e6

// One platform, with all that is made for it: the binary is static, below its size and
// names its commit, the list of parts names each module, the checksums are right, and
// the package's binary has no capability.
func TestDist(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command anew, without paths and symbols")
	}
	t.Chdir("../..")
	if err := exec.CommandContext(t.Context(), "git", "rev-parse", "HEAD").Run(); err != nil {
		t.Skipf("no clone, or no git: %v", err)
	}
	out := filepath.Join(t.TempDir(), "dist")
	var told bytes.Buffer
	if err := dist(t.Context(), &told, out, "linux/amd64"); err != nil {
		t.Fatal(err)
	}
	packed := only(t, out, "*_linux_amd64.tar.gz")
	folder := t.TempDir()
	run(t, folder, "tar", "-xzf", packed, "--strip-components=1")
	binary := filepath.Join(folder, "fipsim")
	if info, err := os.Stat(binary); err != nil || info.Size() > sizeLimit {
		t.Errorf("the binary has %v bytes, %.0f at most: %v", info.Size(), sizeLimit, err)
	}
	if text := run(t, folder, "go", "version", "-m", binary); !strings.Contains(text, "CGO_ENABLED=0") || !strings.Contains(text, "vcs.revision=") {
		t.Errorf("not static, or without its commit:\n%s", text)
	}
	run(t, out, "sha256sum", "--check", "SHA256SUMS")
	checkParts(t, only(t, out, "*_linux_amd64.cdx.json"), binary)
	checkTerms(t, folder, binary)
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Log("no Debian package: dpkg-deb is not here")
		return
	}
	checkDeb(t, only(t, out, "*_amd64.deb"))
}

func only(t *testing.T, folder, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v, %v", pattern, found, err)
	}
	return found[0]
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, text)
	}
	return string(text)
}

// checkParts holds a list of parts against a subset, written by hand, of the schema of
// CycloneDX 1.6 (https://cyclonedx.org/schema/bom-1.6.schema.json): a field that our type
// has not is an error, required ones are there, and references differ. Each module that
// `go version -m` names is in it.
func checkParts(t *testing.T, file, binary string) {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var parts bom
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := errors.Join(d.Decode(&parts)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		t.Error("more than one document")
	}
	if parts.Format != "CycloneDX" || parts.Spec != "1.6" || parts.Version != 1 {
		t.Errorf("%s %s %d", parts.Format, parts.Spec, parts.Version)
	}
	purl := regexp.MustCompile(`^pkg:golang/[A-Za-z0-9._~/-]+@[A-Za-z0-9._%+~-]+$`)
	refs := make(map[string]bool)
	for _, c := range append(parts.Components, parts.Metadata.Component) {
		if c.Name == "" || c.Version == "" || c.Type == "" || !purl.MatchString(c.PURL) || refs[c.Ref] {
			t.Errorf("no component, or twice: %+v", c)
		}
		refs[c.Ref] = true
	}
	for line := range strings.Lines(run(t, ".", "go", "version", "-m", binary)) {
		words := strings.Fields(line)
		if len(words) > 2 && words[0] == "dep" && !refs["pkg:golang/"+words[1]+"@"+strings.ReplaceAll(words[2], "+", "%2B")] {
			t.Errorf("%s %s is in the binary and not in the list", words[1], words[2])
		}
	}
}

// checkTerms holds that the archive says under which terms each module may be copied that is in the binary, and has the
// manual page and the completions.
func checkTerms(t *testing.T, folder, binary string) {
	t.Helper()
	terms, err := os.ReadFile(filepath.Join(folder, "copyright"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(run(t, ".", "go", "version", "-m", binary)) {
		words := strings.Fields(line)
		if len(words) > 2 && words[0] == "dep" && !strings.Contains(string(terms), "\n"+words[1]+" "+words[2]) {
			t.Errorf("%s %s is in the binary, and its terms are not told", words[1], words[2])
		}
	}
	for _, name := range []string{"README.md", "fipsim.1", "completions/fipsim.bash", "completions/_fipsim", "completions/fipsim.fish"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() == 0 {
			t.Errorf("the archive has no %s, or an empty one: %v", name, err)
		}
	}
}

// checkDeb looks into a package without installing it.
func checkDeb(t *testing.T, deb string) {
	t.Helper()
	for field, want := range map[string]string{"Package": "fipsim", "Architecture": "amd64"} {
		if got := strings.TrimSpace(run(t, ".", "dpkg-deb", "--field", deb, field)); got != want {
			t.Errorf("%s is %s", field, got)
		}
	}
	files := run(t, ".", "dpkg-deb", "--contents", deb)
	for _, want := range []string{
		`-rwxr-xr-x root/root .* \./usr/bin/fipsim\n`,
		`-rw-r--r-- root/root .* \./usr/share/bash-completion/completions/fipsim\n`,
		`-rw-r--r-- root/root .* \./usr/share/zsh/vendor-completions/_fipsim\n`,
		`-rw-r--r-- root/root .* \./usr/share/fish/vendor_completions\.d/fipsim\.fish\n`,
		`-rw-r--r-- root/root .* \./usr/share/man/man1/fipsim\.1\.gz\n`,
		`-rw-r--r-- root/root .* \./usr/share/doc/fipsim/changelog\.gz\n`,
		`-rw-r--r-- root/root .* \./usr/share/doc/fipsim/copyright\n`,
	} {
		if !regexp.MustCompile(want).MatchString(files) {
			t.Errorf("no %s in\n%s", want, files)
		}
	}
	root := t.TempDir()
	run(t, ".", "dpkg-deb", "--extract", deb, filepath.Join(root, "tree"))
	run(t, ".", "dpkg-deb", "--control", deb, filepath.Join(root, "control"))
	if !strings.HasPrefix(run(t, ".", filepath.Join(root, "tree/usr/bin/fipsim"), "version"), "fipsim v") {
		t.Error("the packaged binary has no version")
	}
	for _, script := range []string{"config", "postinst", "postrm"} {
		run(t, filepath.Join(root, "control"), "sh", "-n", script)
	}
	run(t, filepath.Join(root, "tree"), "md5sum", "--check", "--quiet", "../control/md5sums")
	log := run(t, root, "gzip", "-dc", "tree/usr/share/doc/fipsim/changelog.gz")
	version := strings.TrimSpace(run(t, ".", "dpkg-deb", "--field", deb, "Version"))
	if !strings.HasPrefix(log, "fipsim ("+version+") ") {
		t.Errorf("the changelog begins with another version than %s:\n%s", version, log)
	}
	installs(t, deb)
}
