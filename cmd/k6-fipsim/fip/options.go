package fip

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/grafana/sobek"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fleet"
)

// phoneOptions is what fip.phone was given.
type phoneOptions struct {
	fleet.MemberOptions
	local       string // a network whose addresses phones send from
	discovery   string // static, pnp; empty: static
	expect      string // the text of an expect file
	ca          string // PEM
	insecure    bool
	behaviour   []string // KEY=VALUE
	showSecrets bool
}

// option is one key of the object that fip.phone takes.
type option struct {
	name string
	set  func(*phoneOptions, *sobek.Runtime, sobek.Value) error
}

// options lists them. index.d.ts says what each means.
var options = []option{
	{"mac", func(o *phoneOptions, _ *sobek.Runtime, v sobek.Value) error {
		s, err := text(v)
		if err == nil {
			o.MAC, err = device.ParseMAC(s)
		}
		return err
	}},
	word("server", func(o *phoneOptions) *string { return &o.Server }),
	word("discovery", func(o *phoneOptions) *string { return &o.discovery }),
	word("pnp", func(o *phoneOptions) *string { return &o.PnP }),
	word("model", func(o *phoneOptions) *string { return &o.Model }),
	word("firmware", func(o *phoneOptions) *string { return &o.Firmware }),
	word("user", func(o *phoneOptions) *string { return &o.User }),
	word("password", func(o *phoneOptions) *string { return &o.Password }),
	word("expect", func(o *phoneOptions) *string { return &o.expect }),
	word("local", func(o *phoneOptions) *string { return &o.local }),
	word("ca", func(o *phoneOptions) *string { return &o.ca }),
	flag("insecure", func(o *phoneOptions) *bool { return &o.insecure }),
	flag("showSecrets", func(o *phoneOptions) *bool { return &o.showSecrets }),
	{"behaviour", func(o *phoneOptions, rt *sobek.Runtime, v sobek.Value) error {
		if v.ExportType() == nil || v.ExportType().Kind() != reflect.Map {
			return errors.New("want an object of option names and values")
		}
		given := v.ToObject(rt)
		for _, key := range given.Keys() {
			o.behaviour = append(o.behaviour, key+"="+given.Get(key).String())
		}
		return nil
	}},
}

// word is an option that is a text.
func word(name string, at func(*phoneOptions) *string) option {
	return option{name, func(o *phoneOptions, _ *sobek.Runtime, v sobek.Value) (err error) {
		*at(o), err = text(v)
		return err
	}}
}

// flag is an option that is true or false.
func flag(name string, at func(*phoneOptions) *bool) option {
	return option{name, func(o *phoneOptions, _ *sobek.Runtime, v sobek.Value) error {
		b, ok := v.Export().(bool)
		if !ok {
			return errors.New("want true or false")
		}
		*at(o) = b
		return nil
	}}
}

// text reads a value that must be a text. What it is instead is not shown: it may be a
// secret.
func text(v sobek.Value) (string, error) {
	s, ok := v.Export().(string)
	if !ok {
		return "", errors.New("want a text in quotes")
	}
	return s, nil
}

// readOptions reads what fip.phone was given. Its error names the option.
func readOptions(rt *sobek.Runtime, v sobek.Value) (*phoneOptions, error) {
	given, ok := v.(*sobek.Object)
	if !ok {
		return nil, errors.New("want an object, such as {mac: fip.mac(), server: 'tftp://192.0.2.1/'}")
	}
	o := new(phoneOptions)
	for _, key := range given.Keys() {
		at := slices.IndexFunc(options, func(o option) bool { return o.name == key })
		if at < 0 {
			return nil, fmt.Errorf("no option is called %q; there are: %s", key, strings.Join(optionNames(), ", "))
		}
		value := given.Get(key)
		if !isSet(value) {
			continue
		}
		if err := options[at].set(o, rt, value); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	return o, nil
}

// check reports options that are missing, or do not go together.
func (o *phoneOptions) check() error {
	switch {
	case o.MAC.IsZero():
		return errors.New("mac: which phone? fip.mac(first) gives each iteration its own")
	case o.discovery != "" && o.discovery != "static" && o.discovery != "pnp":
		return fmt.Errorf("discovery: %q; there are: static, pnp", o.discovery)
	case o.discovery == "pnp" && o.Server != "":
		return errors.New("server: with discovery 'pnp' the server names itself")
	case o.discovery != "pnp" && o.PnP != "":
		return errors.New("pnp: is for discovery 'pnp' only")
	case o.discovery != "pnp" && o.Server == "":
		return errors.New("server: which one? Its provisioning URL, such as 'tftp://192.0.2.1/'")
	case o.Password != "" && o.User == "":
		return errors.New("password: whose? Give user too")
	}
	return nil
}

func optionNames() []string {
	names := make([]string, len(options))
	for i, o := range options {
		names[i] = o.name
	}
	return names
}
