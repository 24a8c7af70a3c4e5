package phone_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/trace"
)

// lender names server A with a lease that ends after an hour and a half unless it is
// given back, and writes down what becomes of it.
type lender struct {
	addr  netip.Addr
	ends  time.Duration // 0: never
	lines []string
	start time.Time
}

func (l *lender) write(what string) {
	l.lines = append(l.lines, clock(time.Since(l.start))+" "+what)
}

func (l *lender) Find(ctx context.Context, id device.Identity) (discover.Offer, error) {
	l.write("found")
	offer, err := discover.Static{URL: serverA.String()}.Find(ctx, id)
	offer.Source = discover.SourceDHCP
	offer.Lease = &discover.Lease{Address: netip.PrefixFrom(l.addr, 24)}
	return offer, err
}

func (l *lender) Maintain(ctx context.Context, _ device.Identity, _ *discover.Lease) error {
	if l.ends > 0 {
		select {
		case <-time.After(l.ends):
			return fmt.Errorf("%w: nobody renewed it", discover.ErrLeaseEnded)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	<-ctx.Done()
	l.write("no more renewed")
	return ctx.Err()
}

func (l *lender) Release(context.Context, device.Identity, *discover.Lease) error {
	l.write("released")
	return nil
}

// A living phone keeps its lease; a reboot and the end give it back. Fetches leave from
// the leased address where the network has it.
func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg", "a.b=1\n")
		lends := &lender{start: time.Now(), addr: netip.MustParseAddr("192.0.2.1")} // the office's own
		l := office.live(t, phone.Options{Finders: map[string]discover.Finder{"dhcp": lends}})
		l.at(time.Minute)
		if s := l.Status(); s.Lease.String() != "192.0.2.1/24" || s.Source != "dhcp" || s.Server != "tftp://192.0.2.10/" {
			t.Errorf("status %+v", s)
		}
		l.Trigger(device.CheckSyncReboot)
		l.at(65 * time.Minute)
		l.off()
		same(t, "lease", []string{
			"00:00:00.000 found", "00:01:00.000 no more renewed", "00:01:00.000 released",
			"00:01:30.000 found", "01:05:00.000 no more renewed", "01:05:00.000 released",
		}, lends.lines)
		const leased = " source.address leased | fetches leave from the leased address 192.0.2.1"
		same(t, "source", []string{"00:00:00.000" + leased, "00:01:30.000" + leased, "01:01:30.000" + leased}, l.story(trace.SourceAddress))
	})
}

// A lease that is over is forgotten with the server that it named: the next pass looks
// for one again.
func TestLeaseEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg", "a.b=1\n")
		lends := &lender{start: time.Now(), addr: netip.MustParseAddr("198.51.100.7"), ends: 90 * time.Minute}
		l := office.live(t, phone.Options{Finders: map[string]discover.Finder{"dhcp": lends}})
		l.at(2*time.Hour - time.Minute)
		if s := l.Status(); s.Lease.IsValid() || s.Server != "" {
			t.Errorf("status %+v", s)
		}
		l.at(2*time.Hour + time.Minute)
		l.off()
		same(t, "lease", []string{"00:00:00.000 found", "02:00:00.000 found", "02:01:00.000 released"}, lends.lines)
		const machine = " source.address machine | fetches leave from this machine's own address: no interface has the leased 198.51.100.7"
		same(t, "events", []string{
			"00:00:00.000" + machine,
			"01:00:00.000" + machine,
			"01:30:00.050 lease.ended the lease has ended: nobody renewed it",
			"02:00:00.000" + machine,
		}, l.story(trace.SourceAddress, trace.LeaseEnded))
	})
}

// Against dnsmasq as DHCP and TFTP server: fetches leave from the machine's address,
// then, once the interface has it, from the leased one, which is given back at the end.
func TestLeasedSource(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, append(testbed.Needs{"ip"}, append(testbed.CaptureNeeds, testbed.DnsmasqDHCP.Needs...)...))
	docroot := tb.Publish(mapFS(tree{"y000000000000.cfg": "a.b=1\n"}))
	server := tb.StartDHCP(testbed.DnsmasqDHCP, testbed.DHCPOptions{Option66: tb.Server.Addr.String(), TFTP: docroot})
	capture := tb.Capture(tb.Server, "udp port 69 or udp port 67")

	var raw *discover.Raw
	var err error
	if runErr := tb.Phone.Run(func() { raw, err = discover.ListenRaw(tb.Phone.Interface) }); runErr != nil || err != nil {
		t.Fatal(runErr, err)
	}
	defer raw.Close()
	events := new(trace.Recorder)
	stream := trace.NewStream(device.DefaultMAC, events)
	p, err := phone.New(phone.Options{
		Network: tb.Phone.Network(), Trace: stream,
		Finders: map[string]discover.Finder{"dhcp": discover.DHCP{Transport: raw, Trace: stream}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	live, off := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- p.Run(live) }()

	machine := rest(ctx, t, events, 1)
	leased := p.Status().Lease
	if err := tb.Phone.Command(ctx, "ip", "addr", "add", leased.String(), "dev", tb.Phone.Interface).Run(); err != nil {
		t.Fatal(err)
	}
	p.Trigger(device.CheckSync)
	own := rest(ctx, t, events, 2)
	off()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if machine != "machine" || own != "leased" {
		t.Errorf("fetches left from %s, then from %s", machine, own)
	}
	path := capture.Stop()
	asked := testbed.TsharkFields(t, path, nil, "tftp.opcode == 1", "ip.src")
	if len(asked) == 0 || asked[0][0] != tb.Phone.Addr.String() || asked[len(asked)-1][0] != leased.Addr().String() {
		t.Errorf("read requests came from %v, want %s first and %s last", asked, tb.Phone.Addr, leased.Addr())
	}
	released := testbed.TsharkFields(t, path, nil, "dhcp.option.dhcp == 7", "ip.src", "ip.dst")
	if len(released) != 1 || released[0][0] != leased.Addr().String() || released[0][1] != server.String() {
		t.Errorf("DHCPRELEASE: %v", released)
	}
}

// rest waits until the phone rests after its n-th pass, and returns from where its
// fetches left.
func rest(ctx context.Context, t *testing.T, events *trace.Recorder, n int) (from string) {
	t.Helper()
	rests := 0
	_, err := events.Wait(ctx, func(e trace.Event) bool {
		switch e.Kind {
		case trace.SourceAddress:
			from = e.Name
		case trace.IntervalNext:
			rests++
		}
		return rests == n
	})
	if err != nil {
		t.Fatalf("%v\n%v", err, events.Events())
	}
	return from
}
