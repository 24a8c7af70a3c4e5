package steps

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
)

// side is what a step does side by side. A panic in it is the step's own: it ends that
// scenario with an Error, and not the process. The zero value works.
type side struct {
	all   sync.WaitGroup
	mu    sync.Mutex
	crash error // the first panic
}

// Go runs f beside the others.
func (s *side) Go(f func()) {
	s.all.Go(func() {
		if err := guarded(func() error { f(); return nil }); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.crash == nil {
				s.crash = err
			}
		}
	})
}

// Wait waits for all of them, and panics where one of them did.
func (s *side) Wait() {
	s.all.Wait()
	if s.crash != nil {
		panic(s.crash)
	}
}

// crashed is a panic in our own code.
type crashed struct{ what string }

// Error says where it was.
func (c *crashed) Error() string { return "a fault of fipsim, please report it: panic: " + c.what }

// crash keeps the first panic of what goes on beside the steps of a scenario.
type crash struct {
	mu  sync.Mutex
	err error
}

// guard runs what goes on beside the steps. A panic in it makes the scenario an Error.
func (w *world) guard(f func() error) error {
	err := guarded(f)
	var ours *crashed
	if errors.As(err, &ours) {
		w.crash.mu.Lock()
		defer w.crash.mu.Unlock()
		w.crash.err = ours
	}
	return err
}

// got returns the panic; nil: there was none.
func (c *crash) got() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// guarded turns a panic of f into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if what := recover(); what != nil {
			err = &crashed{fmt.Sprintf("%v at %s", what, origin(string(debug.Stack())))}
		}
	}()
	return f()
}

// origin is where a stack panicked: the first place after the runtime's own.
func origin(stack string) string {
	_, after, _ := strings.Cut(stack, "\npanic(")
	for line := range strings.Lines(after) {
		if at, ok := strings.CutPrefix(line, "\t"); ok && !strings.Contains(at, "/runtime/") {
			at, _, _ = strings.Cut(strings.TrimSpace(at), " ")
			return at
		}
	}
	return "an unknown place"
}
