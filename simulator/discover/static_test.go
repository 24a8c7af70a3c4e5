package discover

import (
	"context"
	"errors"
	"testing"

	"github.com/fipsim/fipsim/simulator/device"
)

// Static offers what it was given, without the white space around it.
func TestStatic(t *testing.T) {
	offer, err := Static{URL: " 192.0.2.1\n"}.Find(t.Context(), device.Identity{})
	if err != nil || offer.URL != "192.0.2.1" || offer.Source != SourceStatic {
		t.Errorf("offer %+v, error %v", offer, err)
	}
	if _, err := (Static{URL: " "}).Find(t.Context(), device.Identity{}); !errors.Is(err, ErrNothing) {
		t.Errorf("no URL: error %v, want ErrNothing", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Static{URL: "x"}).Find(ctx, device.Identity{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}
