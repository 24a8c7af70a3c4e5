package config

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
	for n := range s.All() {
		if k := knownOf(n.Key); k.Resource != "" {
			all = append(all, Resource{Key: n.Key, URL: n.Value, File: n.File, Line: n.Line, Kind: k.Resource})
		}
	}
	return all
}
