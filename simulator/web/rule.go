package web

import (
	"errors"
	"net/url"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
)

// errMask is for a rule that was edited around the mask: what it hides was for the rule
// before.
var errMask = errors.New("a user name and password that are shown as " + config.Mask +
	" cannot be kept for another URL: type them again, or leave them out")

// shownRule is a Profile Rule as the page shows it. Whatever stands before an @ may be a
// password, with or without a scheme.
func shownRule(rule string) string {
	if at := strings.LastIndexByte(rule, '@'); at >= 0 && !strings.Contains(rule[:at], "://") {
		return config.Mask + rule[at:]
	}
	return config.Masked("", rule)
}

// setRule makes what was typed into the field the phone's Profile Rule; what the field
// had shown before changes nothing.
func (s *Server) setRule(typed string) error {
	typed = strings.TrimSpace(typed)
	switch {
	case typed == s.shownRule():
		return nil
	case strings.Contains(typed, config.Mask):
		return errMask
	}
	return s.options.Phone.SetProfileRule(typed)
}

func (s *Server) shownRule() string { return shownRule(s.options.Phone.ProfileRule()) }

// pathWith returns path with one parameter.
func pathWith(path, name, value string) string {
	return path + "?" + url.Values{name: {value}}.Encode()
}
