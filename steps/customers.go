package steps

import (
	"context"
	"testing/fstest"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
)

// mostCustomers is how many phones ask at once.
const mostCustomers = 20

// customers are phones that the server has something for: whether others get an answer
// to a SUBSCRIBE or an option 66 is for its maker to decide. There is at least one.
func (w *world) customers(ctx context.Context) ([]device.MAC, error) {
	return keep(&w.suite.shared, "customers", func() ([]device.MAC, error) {
		s := w.suite
		if s.can(scenarios.PublishRoot) {
			var all []device.MAC
			tree := make(fstest.MapFS)
			for i := range mostCustomers {
				mac := w.mac.Add(uint64(blockSize - 1 - i))
				all = append(all, mac)
				tree[mac.CfgName()] = file("lang.gui=" + w.canary)
			}
			at := *w
			return all, at.publishRoot(ctx, tree)
		}
		if target, ok := s.options.Target.(scenarios.Enroller); ok && s.can(scenarios.Phones) {
			enrolled, err := enroll(ctx, target)
			if err != nil {
				return nil, harness("%v", err)
			}
			defer target.Return(enrolled)
			var all []device.MAC
			for _, e := range enrolled {
				all = append(all, e.Identity.MAC)
			}
			if len(all) > 0 {
				return all, nil
			}
		}
		var all []device.MAC // none is better known than another
		for i := range mostCustomers {
			all = append(all, w.mac.Add(uint64(blockSize-1-i)))
		}
		return all, nil
	})
}

// customer is one of them.
func (w *world) customer(ctx context.Context) (device.MAC, error) {
	all, err := w.customers(ctx)
	if err != nil {
		return device.MAC{}, err
	}
	return all[0], nil
}

// couple returns two customers that no other scenario has meanwhile: a lease that one
// gives back is not another's.
func (w *world) couple(ctx context.Context) ([2]device.MAC, error) {
	if w.talks.couple != ([2]device.MAC{}) {
		return w.talks.couple, nil
	}
	free, err := keep(&w.suite.shared, "couples of customers", func() (chan [2]device.MAC, error) {
		macs, err := w.customers(ctx)
		couples := make(chan [2]device.MAC, max(1, len(macs)/2))
		if len(macs) < 3 {
			couples <- [2]device.MAC{macs[0], w.other()}
		}
		for i := 1; i+1 < len(macs); i += 2 { // the first is for the talk that all look at
			couples <- [2]device.MAC{macs[i], macs[i+1]}
		}
		return couples, err
	})
	if err != nil {
		return [2]device.MAC{}, err
	}
	select {
	case w.talks.couple = <-free:
		w.atEnd(func() { free <- w.talks.couple })
		return w.talks.couple, nil
	case <-ctx.Done():
		return [2]device.MAC{}, harness("no phone became free: %v", ctx.Err())
	}
}
