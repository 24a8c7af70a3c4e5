package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
)

// Check returns the findings that only show once all files are merged: accounts that
// the model has not, enabled accounts that cannot register, URLs and ports that are
// none. Each names the line that the setting has its value from. They come file by
// file, in the order of merging.
func (s *Settings) Check(id device.Identity, b device.Behaviour) []Finding {
	id = id.WithDefaults()
	c := &checker{settings: s, files: make(map[string]*findings)}
	for _, l := range s.layers {
		c.in(l.cfg.Name)
	}
	c.accounts(id.Model, b.Accounts)
	for i, l := range s.layers {
		keys, _ := l.cfg.notable()
		for _, k := range keys {
			if e, ok := s.wins(i, k.head); ok && k.known.Type != "" {
				c.value(s.setting(ref{i, e}), k.known.Type, id.MAC, b.Macros != "off")
			}
		}
	}
	for _, name := range c.order {
		c.found = append(c.found, c.files[name].sorted()...)
	}
	return c.found
}

type checker struct {
	settings *Settings
	found    []Finding
	files    map[string]*findings
	order    []string
}

// in returns the findings of a file.
func (c *checker) in(file string) *findings {
	if c.files[file] == nil {
		c.files[file] = &findings{file: file}
		c.order = append(c.order, file)
	}
	return c.files[file]
}

// value checks a setting by the type that known.yaml gives it.
func (c *checker) value(n Setting, kind string, mac device.MAC, macros bool) {
	switch kind {
	case "url":
		if _, err := ParseURL(n.Value, mac, macros); err != nil {
			c.in(n.File).add(BadURL, n.Line, n.Key+": "+err.Error())
		}
	case "port":
		if p, err := strconv.ParseUint(n.Value, 10, 16); err != nil || p > 65535 {
			c.in(n.File).add(BadPort, n.Line, fmt.Sprintf("%s: %q is not a port, a number up to 65535", n.Key,
				shorten(Masked(n.Key, n.Value))))
		}
	}
}

// accounts checks the account numbers, and each enabled account. limit is the highest
// number; 0: the model's ("FIP14G: X ranges from 1 to 8"; Guide, "Editing MAC-Oriented
// CFG File").
func (c *checker) accounts(model string, limit int) {
	if limit == 0 {
		var known bool
		if limit, known = device.Accounts(model); !known {
			c.found = append(c.found, Finding{Kind: UnknownModel, Count: 1, File: "model " + model,
				Text: textModel})
		}
	}
	for _, i := range c.numbers(model, limit) {
		c.account(i)
	}
}

// numbers returns the accounts that settings name, sorted; those that the phone has not
// are a finding.
func (c *checker) numbers(model string, limit int) []int {
	var numbers []int
	for i, l := range c.settings.layers {
		_, keys := l.cfg.notable()
		for _, k := range keys {
			out := k.account < 1 || limit > 0 && k.account > limit
			if n := len(numbers); !out && n > 0 && numbers[n-1] == k.account {
				continue
			}
			e, ok := c.settings.wins(i, k.head)
			switch {
			case !ok:
			case out:
				n := c.settings.setting(ref{i, e})
				c.in(n.File).add(AccountRange, n.Line,
					fmt.Sprintf("account.%d.* has no effect: a %s has accounts 1 to %d", k.account, model, limit))
			default:
				numbers = append(numbers, k.account)
			}
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// account checks that an enabled account can register.
func (c *checker) account(i int) {
	enable, _ := c.settings.AccountSetting(i, "enable")
	if enable.Value != "1" {
		return
	}
	var missing []string
	lack := func(what, field string) bool {
		if _, ok := c.settings.AccountSetting(i, field); ok {
			return false
		}
		missing = append(missing, what+" ("+strings.Join(accountKeys(i, field), " or ")+")")
		return true
	}
	noServer := lack("SIP server", "server")
	lack("user name", "user")
	lack("password", "password")
	if len(missing) == 0 {
		return
	}
	text := fmt.Sprintf("account %d is enabled, but has no %s", i, strings.Join(missing, ", no "))
	if twin := c.twin(i, enable.File); noServer && twin != "" {
		text += "; " + twin + " is set more than once in this file: was one of those meant?"
	}
	c.in(enable.File).add(AccountIncomplete, enable.Line, text)
}

// twin returns the server key of another account that a file sets more than once:
// templates that repeat a block forget to count its number up.
func (c *checker) twin(i int, file string) string {
	for _, l := range c.settings.layers {
		if l.cfg.Name != file {
			continue
		}
		for other := 1; other < i; other++ {
			keys := accountKeys(other, "server")
			at := slices.IndexFunc(keys, func(key string) bool {
				e := l.cfg.last(key)
				return e >= 0 && l.cfg.entries[e].prev >= 0
			})
			if at >= 0 {
				return keys[at]
			}
		}
	}
	return ""
}
