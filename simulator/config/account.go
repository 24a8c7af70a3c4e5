package config

import (
	"strconv"
	"strings"
	"sync"
)

// Account is what a phone registers with, read from the settings of either generation
// of names.
type Account struct {
	Index         int
	Enabled       bool // "0-Disabled (default), 1-Enabled" (Guide, "Editing MAC-Oriented CFG File")
	Label         string
	DisplayName   string
	Server        string // host or address
	Port          int    // 5060 by default (same place); 0: by DNS
	User          string
	AuthName      string // User where it is not set
	Password      string
	Transport     string // udp, tcp, tls or dns
	Expires       int    // seconds; 0: not set
	OutboundProxy string // host or address; empty where it is switched off
	OutboundPort  int    // 5060 by default
}

// defaultSIPPort is RFC 3261's, and the guide's.
const defaultSIPPort = 5060

// transports are the values of transport_type in the vendor templates (grade B).
var transports = [...]string{"udp", "tcp", "tls", "dns"}

// AccountSetting returns the setting that holds a field of account i: enable, label,
// display_name, user, auth_name, password, server, port, transport, expires,
// outbound_enable, outbound_proxy, outbound_port.
func (s *Settings) AccountSetting(i int, field string) (Setting, bool) {
	return s.Either(accountKeys(i, field)...)
}

// accountKeys returns the names that a field of account i goes by.
func accountKeys(i int, field string) []string {
	if all := fewAccounts(); i >= 0 && i < len(all) {
		return all[i][field]
	}
	return namesOf(i, field)
}

// fewAccounts is what accountKeys returns for the accounts that a phone may have.
var fewAccounts = sync.OnceValue(func() []map[string][]string {
	all := make([]map[string][]string, usualAccounts)
	for i := range all {
		all[i] = make(map[string][]string)
		for field := range table().Account {
			all[i][field] = namesOf(i, field)
		}
	}
	return all
})

// usualAccounts is more than any model has.
const usualAccounts = 16

func namesOf(i int, field string) []string {
	names := table().Account[field]
	keys := make([]string, len(names))
	for k, name := range names {
		keys[k] = "account." + strconv.Itoa(i) + "." + name
	}
	return keys
}

// Account returns account i, counted from 1, with the guide's defaults.
func (s *Settings) Account(i int) Account {
	text := func(field string) string {
		n, _ := s.AccountSetting(i, field)
		return n.Value
	}
	number := func(field string, unset int) int {
		n, err := strconv.Atoi(text(field))
		if err != nil || n < 0 {
			return unset
		}
		return n
	}
	a := Account{
		Index:         i,
		Enabled:       text("enable") == "1",
		Label:         text("label"),
		DisplayName:   text("display_name"),
		Server:        text("server"),
		Port:          number("port", defaultSIPPort),
		User:          text("user"),
		AuthName:      text("auth_name"),
		Password:      text("password"),
		Transport:     transports[0],
		Expires:       number("expires", 0),
		OutboundProxy: text("outbound_proxy"),
		OutboundPort:  number("outbound_port", defaultSIPPort),
	}
	if a.AuthName == "" {
		a.AuthName = a.User
	}
	if t := number("transport", 0); t < len(transports) {
		a.Transport = transports[t]
	}
	if text("outbound_enable") == "0" {
		a.OutboundProxy = ""
	}
	return a
}

// accountIndex returns N of account.N.*; false for any other key.
func accountIndex(key string) (int, bool) {
	rest, ok := strings.CutPrefix(key, "account.")
	if !ok {
		return 0, false
	}
	digits, _, ok := strings.Cut(rest, ".")
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && digits[0] >= '0' && digits[0] <= '9'
}
