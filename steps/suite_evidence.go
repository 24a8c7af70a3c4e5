package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
	"github.com/fipsim/fipsim/steps/report"
)

// evidence is what is left of one scenario: a folder with all that crossed its sockets,
// its events, the tree that was published and the command that repeats it. It holds
// passwords, as a capture does, so nobody else may read it.
type evidence struct {
	folder string
	pcap   *os.File
	trees  []fs.FS
}

// openEvidence begins a scenario's evidence, where it is asked for.
func (w *world) openEvidence() error {
	if w.suite.options.Evidence == "" {
		return nil
	}
	name := w.rule.ID
	if w.over != "" {
		name += "-" + w.over
	}
	if w.row != "" {
		name += "-" + fileWords(w.row)
	}
	e := &evidence{folder: filepath.Join(w.suite.options.Evidence, name)}
	err := os.MkdirAll(e.folder, 0o700)
	if err == nil {
		e.pcap, err = os.OpenFile(filepath.Join(e.folder, "capture.pcapng"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	}
	if err == nil {
		w.capture, err = wire.NewCapture(e.pcap, w.hardware())
	}
	if err != nil {
		return harness("--evidence: %v", err)
	}
	w.evidence = e
	return nil
}

// fileWords makes a short file name of words.
func fileWords(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("._-", r)) {
			return r
		}
		return '-'
	}, text)
	return strings.Trim(text[:min(len(text), 60)], "-.")
}

// publishes notes a tree that a scenario publishes.
func (w *world) publishes(tree fs.FS) {
	if w.evidence != nil {
		w.evidence.trees = append(w.evidence.trees, tree)
	}
}

// closeEvidence keeps the evidence of what failed and returns its folder; it removes
// the rest, and returns nothing.
func (w *world) closeEvidence(r report.Result) string {
	e := w.evidence
	if e == nil {
		return ""
	}
	err := errors.Join(w.capture.Close(), e.pcap.Close()) // the row ends it, not the phone
	if r.Status == report.Pass || r.Status == report.Skip {
		_ = os.RemoveAll(e.folder) // only ours is in it
		return ""
	}
	if err == nil {
		err = e.write(r)
	}
	if err != nil {
		w.suite.trouble(fmt.Errorf("--evidence: %w", err))
	}
	return e.folder
}

// write adds what is known only at the end.
func (e *evidence) write(r report.Result) error {
	write := func(name string, fill func(io.Writer) error) error {
		f, err := os.OpenFile(filepath.Join(e.folder, name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		return errors.Join(fill(f), f.Close())
	}
	err := write("trace.jsonl", func(w io.Writer) error {
		events := trace.NewJSONWriter(w)
		for _, event := range r.Events {
			events.Record(event)
		}
		return events.Err()
	})
	if err == nil {
		err = write("command.txt", func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s\n\n%s: %s\nexpected: %s\ncame: %s\n", r.Again, r.Status, report.Label(r), r.Expected, r.Actual)
			return err
		})
	}
	for i, tree := range e.trees {
		if err == nil {
			err = copyTree(filepath.Join(e.folder, fmt.Sprintf("tree-%d", i+1)), tree)
		}
	}
	return err
}

// copyTree writes a tree that nobody else may read, in the place of what is there.
func copyTree(folder string, tree fs.FS) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path := filepath.Join(folder, filepath.FromSlash(name))
		if d.IsDir() {
			return os.MkdirAll(path, 0o700)
		}
		body, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		return os.WriteFile(path, body, 0o600)
	})
}

// Publish puts a tree on the server for the scenario that ctx belongs to.
func (w *world) put(ctx context.Context, tree fs.FS) error {
	w.publishes(tree)
	p, err := w.suite.options.Target.Publish(ctx, tree)
	if err != nil {
		return harness("publishing: %v", err)
	}
	if w.published, w.base = p, p.Base(w.scheme); w.base == nil {
		return harness("the target named no base URL for %s", w.scheme)
	}
	return nil
}
