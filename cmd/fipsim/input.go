package main

import (
	"fmt"
	"io"
	"os"
)

// mostInput bounds what a file that the user names may hold, in bytes. A device that
// never ends, or a capture given by mistake, is an error and not a full memory.
const mostInput = 4 << 20

// readInput reads a file that the user names: certificates, options.
func readInput(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(file, mostInput+1))
	if err != nil {
		return nil, err
	}
	if len(body) > mostInput {
		return nil, fmt.Errorf("%s: more than %d MiB: not a file of this kind", name, mostInput>>20)
	}
	return body, nil
}
