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
	return share(&w.suite.shared, "customers", func() ([]device.MAC, error) {
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
		return []device.MAC{w.mac}, nil
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

// ownCustomer is a customer for this scenario alone, as far as there are so many.
func (w *world) ownCustomer(macs []device.MAC, n int) device.MAC {
	w.suite.mu.Lock()
	defer w.suite.mu.Unlock()
	if w.talks.customer == 0 {
		w.suite.customers += 2
		w.talks.customer = w.suite.customers
	}
	return macs[(w.talks.customer-1+n)%len(macs)]
}
