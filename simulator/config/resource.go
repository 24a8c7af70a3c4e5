package config

import (
	"slices"
	"strings"
)

// ResourceKind says what a resource is.
type ResourceKind string

// The kinds of known.yaml.
const (
	Phonebook   ResourceKind = "phonebook" // XML
	Ringtone    ResourceKind = "ringtone"
	Firmware    ResourceKind = "firmware"
	Certificate ResourceKind = "certificate"
	VPN         ResourceKind = "vpn"
	TimeZones   ResourceKind = "time-zones"
)

// Resource is a file that a setting names: "If the access URLs of the resource files
// have been specified in the configuration files, the phone will try to download the
// resource files" (Guide, "Downloading Boot, Configuration and Resource Files").
type Resource struct {
	Key  string
	URL  string // as the setting has it: see ParseURL
	File string // where the setting stands
	Line int
	Kind ResourceKind
}

// Resources returns the resources that s names, sorted by key.
func Resources(s *Settings) []Resource {
	var all []Resource
	for i, l := range s.layers {
		keys, _ := l.cfg.notable()
		for _, k := range keys {
			if k.known.Resource == "" {
				continue
			}
			if e, ok := s.wins(i, k.head); ok {
				n := s.setting(ref{i, e})
				all = append(all, Resource{Key: n.Key, URL: n.Value, File: n.File, Line: n.Line, Kind: k.known.Resource})
			}
		}
	}
	slices.SortFunc(all, func(a, b Resource) int { return strings.Compare(a.Key, b.Key) })
	return all
}
