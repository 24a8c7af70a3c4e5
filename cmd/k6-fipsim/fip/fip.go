// Package fip is the k6 module k6/x/fip: a virtual Flyingvoice FIP phone as an
// iteration. Importing it registers the module.
//
//	import fip from 'k6/x/fip';
//	export default function () {
//	  const pass = fip.phone({ mac: fip.mac('02:21:f2:00:00:00'), server: 'tftp://192.0.2.1/' }).provision();
//	}
//
// Phones of all VUs share one fleet.Pool: its ways out of this machine, and the files
// that were read.
package fip

import (
	"github.com/grafana/sobek"
	"go.k6.io/k6/js/modules"
)

// Name is what a script imports.
const Name = "k6/x/fip"

func init() { modules.Register(Name, new(Root)) }

// Root is what the VUs of a process share. The zero value works.
type Root struct{ shared shared }

// NewModuleInstance implements modules.Module.
func (r *Root) NewModuleInstance(vu modules.VU) modules.Instance {
	i := &instance{vu: vu, shared: &r.shared}
	if env := vu.InitEnv(); env != nil {
		m, err := newMeters(env.Registry)
		if err != nil {
			panic(vu.Runtime().NewGoError(err)) // the script has a metric of that name
		}
		i.meters = m
	}
	return i
}

// instance is the module as one VU has it.
type instance struct {
	vu     modules.VU
	shared *shared
	meters *meters
}

// Exports implements modules.Instance.
func (i *instance) Exports() modules.Exports {
	return modules.Exports{Named: map[string]any{"phone": i.phone, "mac": i.mac}}
}

// throw ends the function that JavaScript called with an exception.
func (i *instance) throw(function string, err error) {
	panic(i.vu.Runtime().NewTypeError("fip.%s: %s", function, err.Error()))
}

// isSet reports whether a value was given.
func isSet(v sobek.Value) bool { return v != nil && !sobek.IsUndefined(v) && !sobek.IsNull(v) }
