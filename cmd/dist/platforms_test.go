package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Every package, and its tests, are right on each platform that something is handed out for. What cannot work on one of
// them says so there when it is run (docs/install.md). The types are checked from source, which takes seconds;
// compiling all for five platforms takes minutes, and `make dist` does it for the command.
func TestPlatforms(t *testing.T) {
	if testing.Short() {
		t.Skip("reads everything, with the libraries, for each platform")
	}
	for _, p := range platforms {
		if p.os == runtime.GOOS && p.arch == runtime.GOARCH {
			continue // all other tests were compiled for it
		}
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			checked, err := checkTypes(t, p)
			if err != nil || checked == 0 {
				t.Errorf("%d packages of ours are right there: %v", checked, err)
			}
		})
	}
}

// A listed package is one of `go list`; a test's is a package of its own.
type listed struct {
	ImportPath, Dir   string
	Standard, DepOnly bool
	GoFiles           []string
	ImportMap         map[string]string // from what a file names to what is meant
	Error             *struct{ Err string }
}

// checkTypes checks the packages of this module on a platform, and tells how many there are. Of what they rest on, the
// insides of functions are left out.
func checkTypes(t *testing.T, p platform) (int, error) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-test",
		"-json=ImportPath,Dir,Standard,DepOnly,GoFiles,ImportMap,Error", "./...")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch)
	list, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("go list: %w", err)
	}
	have := map[string]*types.Package{"unsafe": types.Unsafe}
	ours, d := 0, json.NewDecoder(strings.NewReader(string(list)))
	var wrong []error
	for {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return ours, errors.Join(wrong...)
		} else if err != nil {
			return 0, err
		}
		if l.Error != nil {
			wrong = append(wrong, errors.New(l.Error.Err))
		}
		if l.ImportPath == "unsafe" || strings.HasSuffix(l.ImportPath, ".test") { // the latter is made by go test
			continue
		}
		if err := l.check(p, have); err != nil {
			wrong = append(wrong, err)
		}
		if !l.DepOnly {
			ours++
		}
	}
}

// check checks one package, after all that it imports (`go list -deps`).
func (l *listed) check(p platform, have map[string]*types.Package) error {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range l.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(l.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	conf := types.Config{
		Sizes:            types.SizesFor("gc", p.arch),
		IgnoreFuncBodies: l.DepOnly,
		Importer: imports(func(path string) (*types.Package, error) {
			if mapped, ok := l.ImportMap[path]; ok {
				path = mapped
			}
			if pkg := have[path]; pkg != nil {
				return pkg, nil
			}
			return nil, fmt.Errorf("%s imports %s, which is not there", l.ImportPath, path)
		}),
	}
	path, _, _ := strings.Cut(l.ImportPath, " ") // without "[the test it is for]"
	pkg, err := conf.Check(path, fset, files, nil)
	have[l.ImportPath] = pkg
	return err
}

// imports is a types.Importer.
type imports func(path string) (*types.Package, error)

func (f imports) Import(path string) (*types.Package, error) { return f(path) }
