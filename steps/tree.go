package steps

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strings"
	"testing/fstest"

	"github.com/cucumber/godog"
)

// treeSteps are those about what the server publishes.
func treeSteps(sc catalogue) {
	sc.Given(`^the server publishes$`, theServerPublishes)
	sc.Given(`^the server publishes (\d+) cfg files, and a boot file that includes them$`, theServerPublishesIncludes)
	sc.When(`^the server publishes instead$`, theServerPublishesInstead)
	sc.When(`^the server publishes also$`, theServerPublishesAlso)
	sc.When(`^the server publishes "([^"]*)" no longer$`, theServerPublishesNoLonger)
}

// theServerPublishes publishes a table of file and content. In both, <mac>, <other-mac>
// and <canary> stand for this scenario's own; \n in a content is a line end.
func theServerPublishes(ctx context.Context, table *godog.Table) error {
	w := of(ctx)
	if err := w.stands(ctx); err != nil {
		return err
	}
	tree, err := w.read(table)
	if err != nil {
		return err
	}
	if err := w.publish(ctx, tree); err != nil || !namesItsPlace(tree) {
		return err
	}
	// Where the tree is at, only publishing tells.
	if tree, err = w.read(table); err != nil {
		return err
	}
	return w.replace(ctx, tree)
}

// theServerPublishesIncludes publishes part-1.cfg and so on, and the boot file for them.
func theServerPublishesIncludes(ctx context.Context, n int) error {
	w := of(ctx)
	if err := w.stands(ctx); err != nil {
		return err
	}
	tree := make(fstest.MapFS)
	var boot strings.Builder
	for i := range n {
		name := fmt.Sprintf("part-%d.cfg", i+1)
		fmt.Fprintf(&boot, "include:config <%s>\n", name)
		tree[name] = file(fmt.Sprintf("linekey.%d.label=%s", i+1, w.canary))
	}
	tree[w.mac.BootName()] = file(boot.String())
	return w.publish(ctx, tree)
}

// namesItsPlace reports whether a file holds an absolute URL of the tree.
func namesItsPlace(tree fstest.MapFS) bool {
	for _, f := range tree {
		if bytes.Contains(f.Data, []byte("base>")) {
			return true
		}
	}
	return false
}

func theServerPublishesInstead(ctx context.Context, table *godog.Table) error {
	w := of(ctx)
	tree, err := w.read(table)
	if err != nil {
		return err
	}
	return w.replace(ctx, tree)
}

func theServerPublishesAlso(ctx context.Context, table *godog.Table) error {
	w := of(ctx)
	more, err := w.read(table)
	if err != nil {
		return err
	}
	tree := maps.Clone(w.tree)
	maps.Copy(tree, more)
	return w.replace(ctx, tree)
}

func theServerPublishesNoLonger(ctx context.Context, name string) error {
	w := of(ctx)
	tree := maps.Clone(w.tree)
	delete(tree, w.expand(name))
	return w.replace(ctx, tree)
}

// publish puts a tree of files that rules look into on the server.
func (w *world) publish(ctx context.Context, tree fstest.MapFS) error {
	w.tree = tree
	return w.put(ctx, tree)
}

// replace puts another tree in the place of what was published.
func (w *world) replace(ctx context.Context, tree fstest.MapFS) error {
	if w.published == nil {
		return harness("nothing was published before")
	}
	w.publishes(tree)
	if err := w.published.Replace(ctx, tree); err != nil {
		return harness("publishing: %v", err)
	}
	w.former, w.tree = w.tree, tree
	return nil
}

// read reads a table of file and content.
func (w *world) read(table *godog.Table) (fstest.MapFS, error) {
	if len(table.Rows) < 2 || len(table.Rows[0].Cells) != 2 {
		return nil, harness("want a table of file and content")
	}
	tree := make(fstest.MapFS)
	for _, row := range table.Rows[1:] {
		tree[w.expand(row.Cells[0].Value)] = file(w.expand(row.Cells[1].Value))
	}
	return tree, nil
}

// file is a text of whole lines.
func file(content string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(content + "\n"), Mode: 0o644}
}
