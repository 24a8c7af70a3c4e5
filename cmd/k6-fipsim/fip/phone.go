package fip

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/grafana/sobek"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/trace"
)

// triggers are what provision takes (Guide, "Triggering the IP Phone to Perform Auto
// Provisioning").
var triggers = []device.Trigger{device.PowerOn, device.Interval, device.SaveApply, device.CheckSync, device.CheckSyncReboot}

// phone is fip.phone(options): a phone that holds nothing yet. It keeps what it is
// provisioned with for as long as the script keeps it.
func (i *instance) phone(call sobek.FunctionCall) sobek.Value {
	rt := i.vu.Runtime()
	o, err := readOptions(rt, call.Argument(0))
	if err != nil {
		i.throw("phone", err)
	}
	member, err := i.member(o)
	if err != nil {
		i.throw("phone", err)
	}
	phone := rt.NewObject()
	show := o.showSecrets
	for name, value := range map[string]any{
		"mac":       o.MAC.String(),
		"provision": func(call sobek.FunctionCall) sobek.Value { return i.provision(member, call.Argument(0), show) },
	} {
		if err := phone.DefineDataProperty(name, rt.ToValue(value), sobek.FLAG_FALSE, sobek.FLAG_FALSE, sobek.FLAG_TRUE); err != nil {
			i.throw("phone", err)
		}
	}
	return phone
}

// member makes the phone in the pool that it belongs to.
func (i *instance) member(o *phoneOptions) (*fleet.Member, error) {
	pool, err := i.shared.pool(o.local)
	if err != nil {
		return nil, err
	}
	if o.Expect, err = i.shared.expect(o.expect); err != nil {
		return nil, err
	}
	if o.Shared, err = i.shared.fetchers(o); err != nil {
		return nil, err
	}
	return pool.Member(o.MemberOptions)
}

// provision is phone.provision(options): one pass. It blocks its VU, as k6/http does,
// and throws only where it is called wrongly; what became of the pass is in its result.
func (i *instance) provision(m *fleet.Member, options sobek.Value, showSecrets bool) sobek.Value {
	rt, state := i.vu.Runtime(), i.vu.State()
	if state == nil {
		i.throw("provision", errors.New("phones provision in a scenario's function, not in the init context"))
	}
	why, err := trigger(options)
	if err != nil {
		i.throw("provision", err)
	}
	ctx := i.vu.Context()
	pass := m.Provision(ctx, why)
	if pass.Fault != trace.Cancelled || ctx.Err() == nil { // else it was broken off by k6: nobody's failure
		i.meters.push(ctx, state, pass)
	}
	return rt.ToValue(newResult(rt, m.MAC(), pass, showSecrets))
}

// trigger reads {trigger: 'interval'}.
func trigger(v sobek.Value) (device.Trigger, error) {
	if !isSet(v) {
		return device.PowerOn, nil
	}
	given, ok := v.(*sobek.Object)
	if !ok {
		return "", errors.New("want an object, such as {trigger: 'interval'}")
	}
	why := device.PowerOn
	for _, key := range given.Keys() {
		value := given.Get(key)
		if key != "trigger" {
			return "", fmt.Errorf("no option is called %q; there is: trigger", key)
		}
		if !isSet(value) {
			continue
		}
		word, err := text(value)
		if err != nil {
			return "", fmt.Errorf("trigger: %w", err)
		}
		if why = device.Trigger(word); !slices.Contains(triggers, why) {
			return "", fmt.Errorf("trigger: %q; there are: %s", word, strings.Trim(fmt.Sprint(triggers), "[]"))
		}
	}
	return why, nil
}
