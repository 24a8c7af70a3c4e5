package main

import (
	"errors"
	"net"
	"strings"
)

// plainNames says in plain words that a host's name has no address, where err says so
// in the resolver's.
func plainNames(err error) string {
	text := err.Error()
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		return text
	}
	plain := "the name " + dns.Name + " can't be resolved: " + dns.Err
	switch {
	case dns.IsNotFound:
		plain = "no host is called " + dns.Name
	case dns.IsTimeout:
		plain = "no name server answers for " + dns.Name
	}
	return strings.Replace(text, dns.Error(), plain, 1)
}
