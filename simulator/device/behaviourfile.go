package device

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// behaviourVersion is the version of the behaviour file that this program reads.
const behaviourVersion = "1"

// ReadFile sets the options that a behaviour file names: YAML, `version: 1` and a line
// `name: value` an option, where a list may stand for words separated by commas. name
// is the file's, for errors, which give line and column.
func (b *Behaviour) ReadFile(name string, body []byte) (err error) {
	defer func() {
		// goccy/go-yaml v1.19.2 panics on odd files.
		if p := recover(); p != nil {
			err = fmt.Errorf("%s:1:1: this YAML cannot be read: %v", name, p)
		}
	}()
	file, err := parser.ParseBytes(body, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return fmt.Errorf("%s:1:1: empty: want version: %s and options of the phone, a line each", name, behaviourVersion)
	}
	mapping, ok := file.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return fmt.Errorf("%s:1:1: want lines of name: value", name)
	}
	versioned := false
	for _, entry := range mapping.Values {
		at := entry.Key.GetToken().Position
		key, value := entry.Key.String(), scalar(entry.Value)
		if key == "version" {
			versioned = true
			if value != behaviourVersion {
				return fmt.Errorf("%s:%d:%d: version %s, this program reads version %s", name, at.Line, at.Column, value, behaviourVersion)
			}
			continue
		}
		if err := b.Set(key, value); err != nil {
			return fmt.Errorf("%s:%d:%d: %w", name, at.Line, at.Column, err)
		}
	}
	if !versioned {
		return fmt.Errorf("%s:1:1: no version: want version: %s", name, behaviourVersion)
	}
	return nil
}

// scalar is a YAML value as Set takes it. YAML reads on and off as words here, so
// they stay what they are.
func scalar(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.NullNode: // name: with nothing after it
		return ""
	case *ast.SequenceNode:
		words := make([]string, len(n.Values))
		for i, v := range n.Values {
			words[i] = scalar(v)
		}
		return strings.Join(words, ",")
	}
	return n.String()
}
