package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds a file that a user wrote, in bytes.
const maxFile = 4 << 20

// Document is a YAML file that was decoded, and remembers where things stand in it.
type Document struct {
	Name string
	file *ast.File
}

// ReadYAML decodes the file called name into what into points to, strictly: a field
// that is not known is an error. Errors begin with name:line:column. The file's
// version field must be version.
func ReadYAML(name string, version int, into any) (*Document, error) {
	body, err := readFile(name)
	if err != nil {
		return nil, err
	}
	return ParseYAML(name, body, version, into)
}

// readFile reads a file that a user named: a regular one, and no bigger than maxFile.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a file", name)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s: more than %d bytes", name, maxFile)
	}
	return os.ReadFile(name)
}

// ParseYAML is ReadYAML for a body that was read already.
func ParseYAML(name string, body []byte, version int, into any) (_ *Document, err error) {
	defer func() {
		// goccy/go-yaml v1.19.2 panics on odd files, as on a list with a tag of its own.
		if p := recover(); p != nil {
			err = fmt.Errorf("%s:1:1: this YAML cannot be read: %v", name, p)
		}
	}()
	file, err := parser.ParseBytes(body, 0)
	if err != nil {
		return nil, placed(name, err)
	}
	d := &Document{Name: name, file: file}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, fmt.Errorf("%s:1:1: want one YAML document that begins with version: %d", name, version)
	}
	if _, ok := file.Docs[0].Body.(*ast.MappingNode); !ok {
		return nil, fmt.Errorf("%s:1:1: want lines of name: value, the first of them version: %d", name, version)
	}
	var head struct {
		Version *int `yaml:"version"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(body)).Decode(&head); err != nil {
		return nil, placed(name, err)
	}
	switch {
	case head.Version == nil:
		return nil, fmt.Errorf("%s:1:1: no version: want version: %d", name, version)
	case *head.Version != version:
		return nil, d.Errorf("$.version", "version %d, this program reads version %d", *head.Version, version)
	}
	if err := yaml.NewDecoder(bytes.NewReader(body), yaml.Strict()).Decode(into); err != nil {
		return nil, placed(name, err)
	}
	return d, nil
}

// Errorf returns an error at the place of path, as in "$.phones[2].mac"; where that
// does not stand in the file, at its beginning.
func (d *Document) Errorf(path, format string, args ...any) error {
	line, column := d.place(path)
	return fmt.Errorf("%s:%d:%d: %w", d.Name, line, column, fmt.Errorf(format, args...))
}

// place finds the value at path, or the innermost thing around it that is there.
func (d *Document) place(path string) (line, column int) {
	for path != "$" && path != "" {
		if p, err := yaml.PathString(path); err == nil {
			if node, err := p.FilterFile(d.file); err == nil && node != nil {
				at := node.GetToken().Position
				return at.Line, at.Column
			}
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 1, 1
}

// placed puts the place of a YAML error before it.
func placed(name string, err error) error {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		return fmt.Errorf("%s:1:1: %w", name, err)
	}
	p := at.GetToken().Position
	message, _, _ := strings.Cut(at.GetMessage(), "\n")
	return fmt.Errorf("%s:%d:%d: %s", name, p.Line, p.Column, message)
}
