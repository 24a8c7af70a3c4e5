package main

import (
	"fmt"
	"reflect"

	"github.com/alecthomas/kong"
)

// AfterApply refuses a flag that is given with nothing: --server "$URL" with a variable
// that was never set must not judge or show something else, and be green.
func (*cli) AfterApply(k *kong.Context) error {
	for _, p := range k.Path {
		if p.Flag == nil {
			continue
		}
		given := p.Flag.Target
		if given.Kind() == reflect.Slice && given.Len() > 0 {
			given = given.Index(given.Len() - 1)
		}
		if given.Kind() == reflect.String && given.Len() == 0 {
			return fmt.Errorf("--%s is given without a value", p.Flag.Name)
		}
	}
	return nil
}
