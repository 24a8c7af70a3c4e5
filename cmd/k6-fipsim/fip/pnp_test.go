package fip

import (
	"slices"
	"testing"
)

// A phone that no server answers has searched, and failed.
func TestNoServer(t *testing.T) {
	s := newScript(t, new(Root)).begin(0)
	s.eval(`var r = fip.phone({mac: fip.mac(), discovery: 'pnp', pnp: '127.0.0.1:9', behaviour: {pnp_wait: '50ms'}}).provision()`)
	if got := s.eval(`[r.ok, r.outcome, r.fault].join()`); got != "false,nothing-found,no-server" {
		t.Errorf("result %s: %s", got, s.eval(`r.error`))
	}
	got := s.measured()
	if !slices.Equal(got["fip_discovery_failed{fault=no-server,outcome=failed,scenario=storm}"], []float64{1}) {
		t.Errorf("measured %v", got)
	}
}
