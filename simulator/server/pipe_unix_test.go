//go:build unix

package server_test

import "syscall"

// makePipe makes a file that is none: who opens it waits for a writer.
func makePipe(path string) error { return syscall.Mkfifo(path, 0o600) }
