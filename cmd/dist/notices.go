package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// notice is the name of a file that has to come with a copy: the licence, and what it calls a notice.
var notice = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)(\.(txt|md))?$|\.LICENSE$`)

// notices says whose the binary and its parts are, and under which terms they may be copied: fipsim's own, then Go's
// library, the modules that are in it (`go version -m`), and what is embedded. A text that several have stands there once.
func notices(ctx context.Context, b *built) ([]byte, error) {
	own, err := ownTerms(b)
	if err != nil {
		return nil, err
	}
	folders, err := partsOf(ctx, b)
	if err != nil {
		return nil, err
	}
	var texts []string
	whose := make(map[string][]string)
	for _, p := range folders {
		found, err := noticesIn(p.folder)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: no licence in %s", p.name, p.folder)
		}
		for _, text := range found {
			if whose[text] == nil {
				texts = append(texts, text)
			}
			whose[text] = append(whose[text], p.name)
		}
	}
	out := bytes.NewBufferString(own)
	for _, text := range texts {
		fmt.Fprintf(out, "\n%s\n%s:\n\n%s\n", strings.Repeat("=", 80), strings.Join(whose[text], ",\n"), text)
	}
	return out.Bytes(), nil
}

// ownTerms are fipsim's: its LICENSE, as soon as its owners chose one.
func ownTerms(b *built) (string, error) {
	terms, err := os.ReadFile("LICENSE")
	if errors.Is(err, fs.ErrNotExist) {
		terms, err = []byte("No licence was granted yet: which one is for its owners to choose.\n"), nil
	}
	return fmt.Sprintf(`fipsim, https://github.com/fipsim/fipsim

Copyright %d the authors of fipsim, whom the history of its repository names.

%s
k6-fipsim, which has k6 (AGPL-3.0) in it, is a program of its own and not in here.

What else is in the binary is others', and under these terms:
`, b.date.Year(), terms), err
}

// A part is somebody's work that is in the binary, and the folder that has its licence.
type part struct{ name, folder string }

func partsOf(ctx context.Context, b *built) ([]part, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	all := []part{
		{"Go's standard library, " + b.info.GoVersion, strings.TrimSpace(string(root))},
		{"uPlot, in reports and pages", "simulator/fleet/page/assets"},
	}
	args := []string{"list", "-m", "-f", "{{.Path}} {{.Version}}\t{{.Dir}}"}
	for _, m := range b.info.Deps {
		args = append(args, m.Path)
	}
	list, err := exec.CommandContext(ctx, "go", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m: %w", err)
	}
	for line := range strings.Lines(string(list)) {
		name, folder, _ := strings.Cut(strings.TrimSpace(line), "\t")
		all = append(all, part{name, folder})
	}
	return all, nil
}

// noticesIn are the texts that have to come along.
func noticesIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, e := range entries {
		if !e.Type().IsRegular() || !notice.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		texts = append(texts, strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
	}
	return texts, nil
}
