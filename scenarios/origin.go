package scenarios

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"
	"testing/fstest"
)

// Origin is a URL at which a tree's files were when it was taken from a server. Files
// name each other by it; wherever else the tree is published, its URL there has to stand
// in its place.
type Origin struct {
	Text   string // as it stands in files, with a slash at its end; may hold a password
	Scheme string
}

// readOrigin checks an origin.
func readOrigin(text string) (Origin, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" || !strings.HasSuffix(text, "/") {
		return Origin{}, fmt.Errorf("an origin is a URL that ends with a slash, such as http://192.0.2.1/")
	}
	return Origin{text, u.Scheme}, nil
}

// Moved returns what replaces the origins by where the tree is now: by the base of the
// same scheme, or else by the first of bases. Nil: there is nothing to replace.
func Moved(origins []Origin, bases []*url.URL) *strings.Replacer {
	if len(origins) == 0 || len(bases) == 0 {
		return nil
	}
	var pairs []string
	for _, o := range origins {
		base := BaseOf(bases, o.Scheme)
		if base == nil {
			base = bases[0]
		}
		pairs = append(pairs, o.Text, base.String())
	}
	return strings.NewReplacer(pairs...)
}

// MoveTree returns the tree with the origins in its boot and cfg files replaced. Its
// error is that of a file that cannot be read.
func MoveTree(tree fs.FS, to *strings.Replacer) (fs.FS, error) {
	moved := make(fstest.MapFS)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		body, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		switch path.Ext(name) {
		case ".boot", ".cfg", "":
			body = []byte(to.Replace(string(body)))
		}
		moved[name] = &fstest.MapFile{Data: body, Mode: 0o644}
		return nil
	})
	return moved, err
}

// Moved returns the phone with the origins in what it must hold replaced.
func (p Phone) Moved(to *strings.Replacer) Phone {
	if p.Expect == nil {
		return p
	}
	moved := &Expect{name: p.Expect.name}
	for _, entry := range p.Expect.entries {
		entry.Value = to.Replace(entry.Value)
		moved.entries = append(moved.entries, entry)
	}
	p.Expect = moved
	return p
}
