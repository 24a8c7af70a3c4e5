// Command dist makes what is handed out: static binaries for each platform, packed,
// with completions, a list of parts and checksums, and Debian packages. `make dist`
// runs it, in a clone.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

// platforms is all that is built for.
var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"},
}

type platform struct{ os, arch string }

// String is the platform as `go tool dist list` writes it: linux/amd64.
func (p platform) String() string { return p.os + "/" + p.arch }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	out := flag.String("out", "dist", "the folder to write to")
	only := flag.String("only", "", "a platform, such as linux/amd64; all without it")
	flag.Parse()
	err := dist(ctx, os.Stdout, *out, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dist: "+err.Error())
		os.Exit(1)
	}
}

// dist makes everything in the folder out.
func dist(ctx context.Context, w io.Writer, out, only string) error {
	wanted := slices.DeleteFunc(slices.Clone(platforms), func(p platform) bool { return only != "" && p.String() != only })
	if len(wanted) == 0 {
		return fmt.Errorf("-only %s: want one of %v", only, platforms)
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "fipsim-dist")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // what is left of it is the system's to clear
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	texts, err := generated(ctx)
	if err != nil {
		return err
	}
	var made []string
	for _, p := range wanted {
		names, err := one(ctx, w, p, work, out, texts)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		made = append(made, names...)
	}
	return checksums(out, made)
}

// one makes all files of a platform, and returns their names.
func one(ctx context.Context, w io.Writer, p platform, work, out string, texts []file) ([]string, error) {
	b, err := build(ctx, p, work)
	if err != nil {
		return nil, err
	}
	base := "fipsim_" + b.debVersion() + "_" + p.os + "_" + p.arch
	body, err := os.ReadFile(b.path)
	if err != nil {
		return nil, err
	}
	terms, err := notices(ctx, b)
	if err != nil {
		return nil, err
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		return nil, err
	}
	texts = slices.Concat(texts, []file{{"copyright", terms, 0o644}})
	files := slices.Concat([]file{{filepath.Base(b.path), body, 0o755}, {"README.md", readme, 0o644}}, texts)
	packed, name := tarball, base+".tar.gz"
	if p.os == "windows" {
		packed, name = zipped, base+".zip"
	}
	if err := packed(filepath.Join(out, name), base, b.date, files); err != nil {
		return nil, err
	}
	parts, err := sbom(b.info, body)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(out, base+".cdx.json"), parts, 0o644); err != nil {
		return nil, err
	}
	made := []string{name, base + ".cdx.json"}
	fmt.Fprintf(w, "%s: %.1f MB, %s\n", name, float64(len(body))/1e6, b.commit())
	if p.os != "linux" {
		return made, nil
	}
	deb, err := debian(ctx, b, p, work, out, texts)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		fmt.Fprintln(w, "no Debian package: dpkg-deb is not here")
		return made, nil
	case err != nil:
		return nil, err
	}
	fmt.Fprintln(w, deb)
	return append(made, deb), nil
}

// generated asks fipsim for what is made of the definition of its command line: scripts of
// completions, and the manual page.
func generated(ctx context.Context) ([]file, error) {
	var files []file
	for name, args := range map[string][]string{
		"completions/fipsim.bash": {"completion", "bash"},
		"completions/_fipsim":     {"completion", "zsh"},
		"completions/fipsim.fish": {"completion", "fish"},
		"fipsim.1":                {"man"},
	} {
		// The page names the version; go run leaves it out unless it is asked.
		cmd := exec.CommandContext(ctx, "go", append([]string{"run", "-buildvcs=true", "./cmd/fipsim"}, args...)...)
		cmd.Stderr = os.Stderr
		text, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("fipsim %s: %w", strings.Join(args, " "), err)
		}
		files = append(files, file{name, text, 0o644})
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// checksums writes SHA256SUMS, which sha256sum --check reads.
func checksums(out string, names []string) error {
	var sums strings.Builder
	slices.Sort(names)
	for _, name := range names {
		body, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(body), name)
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(sums.String()), 0o644)
}
