package pcaps

import (
	"os"
	"syscall"
)

// mostMemory is how much a program that has ended had at most, in MB (getrusage(2)).
func mostMemory(state *os.ProcessState) float64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return float64(usage.Maxrss) / 1024
}
