//go:build race

package fleet

// scale divides the number of phones: the race detector makes each of them slow.
const scale = 10
