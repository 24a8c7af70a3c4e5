package device

import "strings"

// The phone that is simulated where nobody says which.
const (
	DefaultModel    = "FIP14G"
	DefaultFirmware = "V0.5.15" // the oldest that the guide supports (Guide, "Supported Phones")
)

// DefaultMAC is the guide's own example, 0021f2000001 (Guide, "Creating MAC-Oriented Boot File").
var DefaultMAC = MAC{0x00, 0x21, 0xf2, 0x00, 0x00, 0x01}

// Vendor is the maker's name, as User-Agent and PnP messages carry it.
const Vendor = "Flyingvoice"

// Identity is what a phone tells about itself. Empty fields mean the defaults above.
type Identity struct {
	MAC      MAC
	Model    string
	Firmware string
}

// WithDefaults returns id with each empty field set to its default.
func (id Identity) WithDefaults() Identity {
	if id.MAC.IsZero() {
		id.MAC = DefaultMAC
	}
	if id.Model == "" {
		id.Model = DefaultModel
	}
	if id.Firmware == "" {
		id.Firmware = DefaultFirmware
	}
	return id
}

// Expand replaces {vendor}, {model}, {firmware}, {MAC} (capitals with colons) and
// {mac} (twelve lower-case digits) in a template such as Behaviour.UserAgent. Other
// words in braces stay.
func (id Identity) Expand(template string) string {
	var out strings.Builder
	for rest := template; ; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			out.WriteString(rest)
			return out.String()
		}
		out.WriteString(rest[:open])
		rest = rest[open:]
		size := 1
		if end := strings.IndexByte(rest, '}'); end > 0 {
			if value, ok := id.word(rest[1:end]); ok {
				out.WriteString(value)
				size = end + 1
			}
		}
		if size == 1 {
			out.WriteByte('{')
		}
		rest = rest[size:]
	}
}

// word returns what stands for a word in braces.
func (id Identity) word(name string) (value string, ok bool) {
	switch name {
	case "vendor":
		return Vendor, true
	case "model":
		return id.Model, true
	case "firmware":
		return id.Firmware, true
	case "MAC":
		return id.MAC.Colons(), true
	case "mac":
		return id.MAC.String(), true
	}
	return "", false
}
