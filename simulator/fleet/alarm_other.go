//go:build !linux

package fleet

import "time"

// doze sleeps.
func doze(d time.Duration) { time.Sleep(d) }
