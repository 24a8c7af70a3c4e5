package main

import (
	"os"
	"runtime"
	"sync"
)

// threadsEach is how many threads run phones on each processor. With one each, all of them busy, the runtime looks at
// sockets every 10 ms, and answers are read that late; the system shares processors out among threads at once
// (docs/performance.md, "The instrument itself").
const threadsEach = 2

// manyThreads lets phones run on more threads than there are processors, unless the user said how many (GOMAXPROCS).
// It returns how many processors this process may use. A second load of the same process finds it done: each would
// double it.
var manyThreads = sync.OnceValue(func() (processors int) {
	processors = runtime.GOMAXPROCS(0)
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(threadsEach * processors)
	}
	return processors
})
