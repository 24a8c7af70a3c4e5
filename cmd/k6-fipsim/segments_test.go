package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// write makes a file of a test's own, and returns its path.
func write(t testing.TB, name, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Two processes with a half of the test each: together they are each phone exactly once. So are three with
// parts of several sizes.
func TestSegments(t *testing.T) {
	for _, c := range []struct {
		phones   int
		sequence string
		segments []string
	}{
		{501, "0,1/2,1", []string{"0:1/2", "1/2:1"}},
		{300, "0,1/6,1/2,1", []string{"0:1/6", "1/6:1/2", "1/2:1"}},
	} {
		t.Run(c.sequence, func(t *testing.T) {
			at, who := serve(t, c.phones)
			passes := make([]int, len(c.segments))
			var all sync.WaitGroup
			for i, segment := range c.segments {
				all.Go(func() {
					r := run(t, "storm.js", append(env("SERVER="+at, "PHONES="+fmt.Sprint(c.phones), "VUS=12"),
						"--execution-segment", segment, "--execution-segment-sequence", c.sequence)...)
					if r.status != 0 {
						t.Errorf("%s: exit status %d\n%s", segment, r.status, r.out)
						return
					}
					passes[i] = count(t, r, "fip_passes")
				})
			}
			all.Wait()
			sum := 0
			for i, n := range passes {
				sum += n
				if n == 0 {
					t.Errorf("%s had nothing to do", c.segments[i])
				}
			}
			if sum != c.phones {
				t.Errorf("%v passes, want %d together", passes, c.phones)
			}
			who.once(t, c.phones)
			t.Logf("%s: %v passes", c.sequence, passes)
		})
	}
}
