package scenarios

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

// Account is what a phone of a roster must register with.
type Account struct {
	Index       int    `json:"index"`                  // from 1
	Label       string `json:"label,omitempty"`        // empty: any will do
	DisplayName string `json:"display_name,omitempty"` // empty: any will do
	User        string `json:"user"`
	AuthName    string `json:"auth_name,omitempty"` // empty: any will do
	Password    string `json:"password"`
	Server      string `json:"server"` // host
	Port        int    `json:"port"`
}

// accountField is a field by the name that package config has for it.
type accountField struct{ name, key, value string }

// fields are those of the account that are expected, with the guide's names for them
// (Guide, "Editing MAC-Oriented CFG File").
func (a Account) fields() []accountField {
	all := []accountField{
		{"enable", "enable", "1"},
		{"label", "label", a.Label},
		{"display_name", "display_name", a.DisplayName},
		{"user", "user_name", a.User},
		{"auth_name", "auth_name", a.AuthName},
		{"password", "password", a.Password},
		{"server", "sip_server_host", a.Server},
		{"port", "sip_server_port", strconv.Itoa(a.Port)},
	}
	all = slices.DeleteFunc(all, func(f accountField) bool { return f.value == "" })
	for i := range all {
		all[i].key = fmt.Sprintf("account.%d.%s", a.Index, all[i].key)
	}
	return all
}

// spare are the fields that an account can register without; not all servers have a place for them.
var spare = []string{"label", "display_name", "auth_name"}

// Without returns the phone as a server can know it that has no place for some fields of
// an account: label, display_name, auth_name.
func (p Phone) Without(fields []string) Phone {
	accounts := slices.Clone(p.Accounts)
	for i := range accounts {
		a := &accounts[i]
		for name, value := range map[string]*string{"label": &a.Label, "display_name": &a.DisplayName, "auth_name": &a.AuthName} {
			if slices.Contains(fields, name) {
				*value = ""
			}
		}
	}
	p.Accounts = accounts
	return p
}

// compare returns what a phone holds otherwise. Both generations of names count. A port
// that is not set is 5060, and the name for authentication that is not set the user's
// (Guide, as above).
func (a Account) compare(held *config.Settings) []Difference {
	var all []Difference
	for _, f := range a.fields() {
		got, _ := held.AccountSetting(a.Index, f.name)
		if got.Value == f.value {
			continue
		}
		if got.Value == "" && (f.name == "port" && a.Port == 5060 || f.name == "auth_name" && a.AuthName == a.User) {
			continue
		}
		all = append(all, Difference{Key: f.key, Want: config.Masked(f.key, f.value), Got: config.Masked(f.key, got.Value)})
	}
	return all
}

// rosterMAC begins the range that phones of rosters come from.
var rosterMAC = device.MAC{0x00, 0x21, 0xf2, 0xd0, 0x00, 0x00}

// texts are what people type into servers, and what a template easily gets wrong:
// passwords with the characters that cfg files are made of, names in other scripts, what
// is longer than the fields of many a database, numbers that begin with zeros, and a
// port that is not the default.
var texts = []struct {
	name, password string
	before         string // what user names begin with
	port           int    // 0: 5060
}{
	{name: "Reception", password: "$HOME, $1 and correct horse battery staple "},
	{name: "Zoë Müller", password: "a=b=c"},
	{name: "Lab #2", password: "pass#word", port: 5070},
	{name: `R&D "north"`, password: `back\slash\n`},
	{name: "Kaffeeküche", password: "100%sure", before: "00"},
	{name: "Переговорная на втором этаже, Иван Петров", password: "semi;colon,comma"},
	{name: "O'Brien <3>", password: "a&b<c>\"d'"},
	{name: "山田", password: "50% off, 20%20"},
}

// Roster returns n phones of several models, each with accounts of its own; the same
// seed gives the same phones.
func Roster(seed int64, n int) []Phone {
	random := rand.New(rand.NewPCG(uint64(seed), 0x666970))
	first := rosterMAC.Add(uint64(seed) % 4096 * 256)
	models := device.Models()
	phones := make([]Phone, n)
	for i := range phones {
		p := &phones[i]
		p.Identity = device.Identity{MAC: first.Add(uint64(i)), Model: models[i%len(models)]}.WithDefaults()
		if i%8 == 0 {
			p.Identity.Model = device.DefaultModel
		}
		most, _ := device.Accounts(p.Identity.Model)
		count := 1
		switch {
		case i%8 == 0:
			count = most // a file longer than a few blocks of TFTP
		case i%3 == 2:
			count = min(most, 3)
		}
		for a := range count {
			p.Accounts = append(p.Accounts, newAccount(random, i, a+1))
		}
	}
	return phones
}

// newAccount makes account number index of phone i.
func newAccount(random *rand.Rand, i, index int) Account {
	text := texts[(i+index-1)%len(texts)]
	user := fmt.Sprintf("%s%04d%d", text.before, 1000+i, index)
	canary := fmt.Sprintf("%08x", random.Uint32())
	return Account{
		Index: index, Label: text.name, DisplayName: text.name + " " + canary, User: user, AuthName: user,
		Password: text.password + canary, Server: "pbx.example.com", Port: cmp.Or(text.port, 5060),
	}
}

// Changed returns the phone with other labels, names and passwords.
func (p Phone) Changed(seed int64) Phone {
	random := rand.New(rand.NewPCG(uint64(seed), 0x6368))
	accounts := make([]Account, len(p.Accounts))
	for i, a := range p.Accounts {
		canary := fmt.Sprintf("%08x", random.Uint32())
		a.Password = "changed-" + canary
		if a.DisplayName != "" {
			a.DisplayName = "Changed " + canary
		}
		accounts[i] = a
	}
	p.Accounts = accounts
	return p
}

// rosterVersion is the version of phones.json.
const rosterVersion = 1

type rosterJSON struct {
	Version int           `json:"version"`
	Phones  []rosterPhone `json:"phones"`
}

type rosterPhone struct {
	MAC      device.MAC        `json:"mac"`
	Model    string            `json:"model"`
	Firmware string            `json:"firmware"`
	Accounts []Account         `json:"accounts"`
	Settings map[string]string `json:"settings"` // the same, by the guide's names
}

// WriteRoster writes phones.json, the file that $FIPSIM_ROSTER names (docs/target.md).
func WriteRoster(w io.Writer, phones []Phone) error {
	out := rosterJSON{Version: rosterVersion}
	for _, p := range phones {
		r := rosterPhone{
			MAC: p.Identity.MAC, Model: p.Identity.Model, Firmware: p.Identity.Firmware,
			Accounts: p.Accounts, Settings: make(map[string]string),
		}
		for _, a := range p.Accounts {
			for _, f := range a.fields() {
				r.Settings[f.key] = f.value
			}
		}
		out.Phones = append(out.Phones, r)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// RosterTree returns the files that make these phones what they are: one cfg file for
// all, and one for each.
func RosterTree(phones []Phone) fs.FS {
	tree := fstest.MapFS{
		device.CommonCfg: {Data: []byte("#!version:1.0.0.1\nlang.gui=English\n"), Mode: 0o644},
	}
	for _, p := range phones {
		var b strings.Builder
		b.WriteString("#!version:1.0.0.1\n")
		for _, a := range p.Accounts {
			for _, f := range a.fields() {
				fmt.Fprintf(&b, "%s=%s\n", f.key, f.value)
			}
		}
		tree[p.Identity.MAC.CfgName()] = &fstest.MapFile{Data: []byte(b.String()), Mode: 0o644}
	}
	return tree
}
