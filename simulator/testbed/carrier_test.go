package testbed

import "testing"

// Both ends of the cable have their carrier at once: a server may look at its interface only when it starts.
func TestCableIsPlugged(t *testing.T) {
	for range 20 {
		tb := New(t, nil)
		for _, ns := range []*Namespace{tb.Server, tb.Phone} {
			if running, err := ns.running(); err != nil || !running {
				t.Fatalf("running: %t, %v", running, err)
			}
		}
	}
}
