package config

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed known.yaml
var knownYAML []byte

// known is what a phone needs to know of a setting to act on it.
type known struct {
	Key      string       `yaml:"key"`      // * stands for one word, ** at the end for any
	Type     string       `yaml:"type"`     // url, port
	Resource ResourceKind `yaml:"resource"` // the phone fetches what the URL names
	Reboot   bool         `yaml:"reboot"`   // takes effect after a reboot

	fixed string // what Key begins with, up to the first *
}

type knownTable struct {
	Roots    []string            `yaml:"roots"`
	Secrets  []string            `yaml:"secrets"`
	Account  map[string][]string `yaml:"account"`
	Settings []known             `yaml:"settings"`

	reboots []known // those of Settings that need one
}

var table = sync.OnceValue(func() *knownTable {
	t := new(knownTable)
	if err := yaml.UnmarshalWithOptions(knownYAML, t, yaml.Strict()); err != nil {
		panic("config: the embedded known.yaml is broken: " + err.Error())
	}
	for i := range t.Settings {
		t.Settings[i].fixed, _, _ = strings.Cut(t.Settings[i].Key, "*")
		if t.Settings[i].Reboot {
			t.reboots = append(t.reboots, t.Settings[i])
		}
	}
	return t
})

// knownOf returns all that the table says of key; an empty Key where it says nothing.
func knownOf(key string) (all known) {
	rows := table().Settings
	for i := range rows {
		k := &rows[i]
		if !strings.HasPrefix(key, k.fixed) || !matches(k.Key, key) {
			continue
		}
		all.Key = key
		all.Reboot = all.Reboot || k.Reboot
		if all.Type == "" {
			all.Type = k.Type
		}
		if all.Resource == "" {
			all.Resource = k.Resource
		}
	}
	return all
}

// matches reports whether key has the form of pattern.
func matches(pattern, key string) bool {
	for {
		if pattern == "**" {
			return key != ""
		}
		p, pRest, pMore := strings.Cut(pattern, ".")
		k, kRest, kMore := strings.Cut(key, ".")
		if (p != "*" || k == "") && p != k || pMore != kMore {
			return false
		}
		if !pMore {
			return true
		}
		pattern, key = pRest, kRest
	}
}

// NeedsReboot reports whether a change of key takes effect only after a reboot, as
// the guide has it for network configuration (Guide, "Resolving and Updating
// Configurations").
func NeedsReboot(key string) bool {
	for _, k := range table().reboots {
		if strings.HasPrefix(key, k.fixed) && matches(k.Key, key) {
			return true
		}
	}
	return false
}

func isURLValued(key string) bool { return knownOf(key).Type == "url" }

// glued returns the key of a second setting that stands within a value, as in
// "1static.network.pc_port.enable = 1"; nothing where there is none. It goes by the
// first words of keys, not by an equal sign alone: passwords and queries hold those.
func glued(value string) string {
	for rest := value; ; {
		at := strings.IndexByte(rest, '=')
		if at < 0 || strings.Contains(rest[:at], "://") {
			return ""
		}
		word := strings.TrimRight(rest[:at], " \t")
		rest = rest[at+1:]
		from := len(word)
		for from > 0 && class[word[from-1]]&notInKey == 0 {
			from--
		}
		if key := firstRoot(word[from:]); key != "" {
			return key
		}
	}
}

// firstRoot returns word from the first place on where a key can begin.
func firstRoot(word string) string {
	first := len(word)
	for _, root := range table().Roots {
		if i := strings.Index(word, root+"."); i >= 0 && i+len(root)+1 < len(word) {
			first = min(first, i)
		}
	}
	return word[first:]
}
