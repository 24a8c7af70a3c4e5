//go:build !linux

package server

import "errors"

func bindTo(uintptr, string) error {
	return errors.New("DHCP on an interface needs Linux; relay mode works everywhere")
}
