package steps

import (
	"context"
	"testing/fstest"

	"github.com/cucumber/godog"
)

// treeSteps are those about what the server publishes.
func treeSteps(sc *godog.ScenarioContext) {
	sc.Given(`^the server publishes$`, theServerPublishes)
	sc.Given(`^the server publishes instead$`, theServerPublishesInstead)
}

// theServerPublishes publishes a table of file and content. In both, <mac> and <canary>
// stand for this scenario's own; \n in a content is a line end.
func theServerPublishes(ctx context.Context, table *godog.Table) error {
	w := of(ctx)
	tree, err := w.tree(table)
	if err != nil {
		return err
	}
	return w.publish(ctx, tree)
}

func theServerPublishesInstead(ctx context.Context, table *godog.Table) error {
	w := of(ctx)
	if w.published == nil {
		return harness("nothing was published before")
	}
	tree, err := w.tree(table)
	if err != nil {
		return err
	}
	if err := w.published.Replace(ctx, tree); err != nil {
		return harness("publishing: %v", err)
	}
	return nil
}

// publish puts a tree on the server and notes where this scenario's protocol finds it.
func (w *world) publish(ctx context.Context, tree fstest.MapFS) error {
	p, err := w.suite.options.Target.Publish(ctx, tree)
	if err != nil {
		return harness("publishing: %v", err)
	}
	w.published, w.base = p, p.Base(w.scheme)
	if w.base == nil {
		return harness("the target named no base URL for %s", w.scheme)
	}
	return nil
}

// tree reads a table of file and content.
func (w *world) tree(table *godog.Table) (fstest.MapFS, error) {
	if len(table.Rows) < 2 || len(table.Rows[0].Cells) != 2 {
		return nil, harness("want a table of file and content")
	}
	tree := make(fstest.MapFS)
	for _, row := range table.Rows[1:] {
		name, content := w.expand(row.Cells[0].Value), w.expand(row.Cells[1].Value)
		tree[name] = &fstest.MapFile{Data: []byte(content + "\n"), Mode: 0o644}
	}
	return tree, nil
}
