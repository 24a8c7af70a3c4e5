package fip

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/fleet"
)

// maxKept bounds what is kept of each kind: a script that makes up texts in every
// iteration gets them read each time.
const maxKept = 256

// shared is what the phones of all VUs have in common. The zero value works.
type shared struct {
	pools   kept[*fleet.Pool]       // by local
	expects kept[*scenarios.Expect] // by text
	manners kept[*fetch.Shared]     // by all that decides on them
}

// pool returns the pool of phones that send from the addresses of a network; the empty
// text is the system's choice.
func (s *shared) pool(local string) (*fleet.Pool, error) {
	return s.pools.get(local, func() (*fleet.Pool, error) {
		if local == "" {
			return fleet.NewPool(context.Background(), nil, nil)
		}
		addrs, err := fleet.LocalAddresses(local)
		if err != nil {
			return nil, fmt.Errorf("local: %w", err)
		}
		return fleet.NewPool(context.Background(), nil, addrs)
	})
}

// expect reads the text of an expect file; nil for none.
func (s *shared) expect(text string) (*scenarios.Expect, error) {
	if text == "" {
		return nil, nil
	}
	return s.expects.get(text, func() (*scenarios.Expect, error) {
		e, err := scenarios.ParseExpect("expect", []byte(text))
		if err != nil {
			return nil, fmt.Errorf("expect: %w", err)
		}
		return e, nil
	})
}

// fetchers is how phones behave that were given these options.
func (s *shared) fetchers(o *phoneOptions) (*fetch.Shared, error) {
	key := fmt.Sprintf("%q %q %t", o.behaviour, o.ca, o.insecure)
	return s.manners.get(key, func() (*fetch.Shared, error) {
		var b device.Behaviour
		for _, text := range o.behaviour {
			name, value, _ := strings.Cut(text, "=")
			if err := b.Set(name, value); err != nil {
				return nil, fmt.Errorf("behaviour: %w", err)
			}
		}
		shared, err := fetch.NewShared(b, fetch.TLS{CA: []byte(o.ca), Insecure: o.insecure})
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		return shared, nil
	})
}

// kept keeps what was made of a text, failures left out. The zero value is empty.
type kept[V any] struct {
	mu     sync.Mutex
	byText map[string]V
}

func (k *kept[V]) get(text string, create func() (V, error)) (V, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if v, ok := k.byText[text]; ok {
		return v, nil
	}
	v, err := create()
	if err == nil && len(k.byText) < maxKept {
		if k.byText == nil {
			k.byText = make(map[string]V)
		}
		k.byText[text] = v
	}
	return v, err
}
