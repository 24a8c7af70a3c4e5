//go:build !unix

package fleet

import "time"

// cpuTime is not told by this system.
func cpuTime() time.Duration { return 0 }

// fileLimit is not told by this system.
func fileLimit() uint64 { return manyFiles }
