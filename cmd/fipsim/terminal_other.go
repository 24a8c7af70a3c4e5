//go:build !unix

package main

import "io"

// terminalWidth is that of most terminals.
func terminalWidth(io.Writer) int { return 80 }
