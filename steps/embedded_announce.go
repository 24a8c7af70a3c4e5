package steps

import (
	"context"
	"net/url"
	"sync"

	"github.com/fipsim/fipsim/simulator/device"
)

// announced is which URL PnP and DHCP name to a phone. The zero value works.
type announced struct {
	mu sync.Mutex
	by map[device.MAC]string
}

// Announce implements scenarios.Announcer.
func (e *Embedded) Announce(_ context.Context, phone device.MAC, url string) error {
	e.told.mu.Lock()
	defer e.told.mu.Unlock()
	if e.told.by == nil {
		e.told.by = make(map[device.MAC]string)
	}
	if e.told.by[phone] = url; url == "" {
		delete(e.told.by, phone)
	}
	return nil
}

// or names other to phones of which nothing was said.
func (a *announced) or(other *url.URL) func(device.MAC) string {
	return func(phone device.MAC) string {
		a.mu.Lock()
		defer a.mu.Unlock()
		if u, ok := a.by[phone]; ok {
			return u
		}
		return other.String()
	}
}

func (a *announced) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.by = nil
}
