package docs

import (
	"path/filepath"
	"slices"
)

// Pages names the documents whose blocks are held by tests, README.md first, relative to
// the module's root.
func Pages(root string) []string {
	pages := []string{"README.md"}
	for _, pattern := range []string{"docs/*.md", "examples/*/README.md"} {
		found, _ := filepath.Glob(filepath.Join(root, pattern)) // the patterns are right
		for _, path := range found {
			if name, err := filepath.Rel(root, path); err == nil {
				pages = append(pages, filepath.ToSlash(name))
			}
		}
	}
	slices.Sort(pages[1:])
	return pages
}
