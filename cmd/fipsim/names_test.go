package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlainNames(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{errors.New("no DNS in it"), "no DNS in it"},
		{
			fmt.Errorf("DHCP server x: %w", &net.DNSError{Err: "no such host", Name: "x", Server: "192.0.2.53:53", IsNotFound: true}),
			"DHCP server x: no host is called x",
		},
		{
			&net.OpError{Op: "dial", Net: "udp", Err: &net.DNSError{Err: "i/o timeout", Name: "x", IsTimeout: true}},
			"dial udp: no name server answers for x",
		},
		{&net.DNSError{Err: "server misbehaving", Name: "x"}, "the name x can't be resolved: server misbehaving"},
	} {
		if got := plainNames(test.err); got != test.want {
			t.Errorf("plainNames(%v) = %q, want %q", test.err, got, test.want)
		}
	}
}

func TestReadInputBounded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "endless")
	if err := os.WriteFile(name, make([]byte, mostInput+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readInput(name); err == nil || !strings.Contains(err.Error(), "more than 4 MiB") {
		t.Errorf("readInput of %d bytes: %v, want an error", mostInput+1, err)
	}
}
