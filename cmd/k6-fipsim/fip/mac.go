package fip

import (
	"errors"
	"fmt"

	"github.com/grafana/sobek"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fleet"
)

// macRange is how many phones share the first half of a MAC, the maker's.
const macRange = 1 << 24

// errNoIteration is where an index is needed and none is known.
var errNoIteration = errors.New("outside of a scenario's function no iteration is counted: give the index, fip.mac(first, index)")

// mac is fip.mac(first, index): the MAC that many places after first. Without an index
// it is the iteration's place in the whole test, over all execution segments, so that
// no two iterations of a scenario share a phone, on whatever machine they run.
func (i *instance) mac(call sobek.FunctionCall) sobek.Value {
	first, err := firstMAC(call.Argument(0))
	if err != nil {
		i.throw("mac", err)
	}
	index, err := i.index(call.Argument(1))
	if err != nil {
		i.throw("mac", err)
	}
	left := macRange - (uint64(first[3])<<16 | uint64(first[4])<<8 | uint64(first[5]))
	if index >= left {
		i.throw("mac", fmt.Errorf("phone %d from %s on: only %d MACs are left in the range of %x; begin lower, or take fewer phones",
			index, first, left, first[:3]))
	}
	return i.vu.Runtime().ToValue(first.Add(index).String())
}

// firstMAC reads the argument first.
func firstMAC(v sobek.Value) (device.MAC, error) {
	if !isSet(v) {
		return fleet.DefaultFirst, nil
	}
	text, err := text(v)
	if err != nil {
		return device.MAC{}, err
	}
	return device.ParseMAC(text)
}

// index reads the argument index.
func (i *instance) index(v sobek.Value) (uint64, error) {
	if isSet(v) {
		n, ok := v.Export().(int64)
		if !ok || n < 0 {
			return 0, fmt.Errorf("index %s: want a whole number from 0 on", v)
		}
		return uint64(n), nil
	}
	state := i.vu.State()
	if state == nil || state.GetScenarioGlobalVUIter == nil {
		return 0, errNoIteration
	}
	n := state.GetScenarioGlobalVUIter()
	if n == ^uint64(0) { // the scenario's first iteration has not begun
		return 0, errNoIteration
	}
	return n, nil
}
