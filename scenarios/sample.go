// Package scenarios holds what a provisioning server publishes and what phones make of
// it, as folders of data. So far there is the sample that the command serves to a phone
// which was given no server.
package scenarios

import (
	"embed"
	"io/fs"
	"net/url"
	"strings"
	"testing/fstest"
)

//go:embed sample
var sample embed.FS

// serverWord stands in the sample for the server's own URL, with its final slash. A
// setting can name a resource by an absolute URL only, and where the server listens is
// known only once it does.
const serverWord = "@server@"

// Sample returns the tree of a small office, for a server that listens at bases (its
// root URLs by scheme). Every phone reads the common boot file; 0021f2000001 has a cfg
// file, and so an account, of its own. The names of settings are the guide's, the
// values are ours.
//
// The absolute URLs in it lead to the first of http, https, ftp and tftp that bases
// has; without any of them to http://127.0.0.1/.
func Sample(bases map[string]*url.URL) fs.FS {
	base := absoluteBase(bases)
	tree := make(fstest.MapFS)
	err := fs.WalkDir(sample, "sample", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := sample.ReadFile(path)
		if err != nil {
			return err
		}
		filled := strings.ReplaceAll(string(body), serverWord, base)
		tree[strings.TrimPrefix(path, "sample/")] = &fstest.MapFile{Data: []byte(filled), Mode: 0o444}
		return nil
	})
	if err != nil {
		panic("scenarios: the embedded sample is broken: " + err.Error())
	}
	return tree
}

// absoluteBase chooses the URL that takes serverWord's place. HTTP comes first: it is
// what phones fetch resources by in the guide ("Creating a New CFG File").
func absoluteBase(bases map[string]*url.URL) string {
	for _, scheme := range []string{"http", "https", "ftp", "tftp"} {
		if base := bases[scheme]; base != nil {
			return strings.TrimSuffix(base.String(), "/") + "/"
		}
	}
	return "http://127.0.0.1/"
}
