package steps

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// aPhoneHasAddress is a talk that is no rule's subject.
func aPhoneHasAddress(ctx context.Context) error {
	w := of(ctx)
	couple, err := w.couple(ctx)
	if err != nil {
		return err
	}
	if _, err := w.leasedDHCP(ctx); err != nil {
		return err
	}
	t, err := w.ask(ctx, couple[0])
	if err != nil {
		return err
	}
	w.listen(t)
	if err := t.needsAck(); err != nil {
		return err
	}
	if !t.asOffered() {
		return blocked("the phone was given another address than it was offered (see FIP-DHCP-011)")
	}
	return nil
}

// asksWithLoss is a talk over a network that loses one of the server's messages.
func asksWithLoss(ctx context.Context, what string) error {
	w := of(ctx)
	couple, err := w.couple(ctx)
	if err != nil {
		return err
	}
	if _, err := w.leasedDHCP(ctx); err != nil {
		return err
	}
	hub, err := w.dhcpHub(ctx)
	if err != nil {
		return err
	}
	kind := map[string]dhcpv4.MessageType{"OFFER": dhcpv4.MessageTypeOffer, "ACK": dhcpv4.MessageTypeAck}[what]
	lost := false
	mac := couple[0]
	hub.spoil(mac, func(k dhcpv4.MessageType, ours bool) []time.Duration {
		if !ours && k == kind && !lost {
			lost = true
			return nil
		}
		return []time.Duration{0}
	})
	defer hub.spoil(mac, nil)
	t, err := w.ask(ctx, mac)
	if err == nil {
		w.listen(t)
	}
	return err
}

// manyAsk lets all customers ask at once.
func manyAsk(ctx context.Context) error {
	w := of(ctx)
	macs, err := w.customers(ctx)
	if err != nil {
		return err
	}
	alone, err := w.ordinaryDHCP(ctx)
	if err == nil {
		err = alone.needsServer()
	}
	if err != nil {
		return err
	}
	w.talks.others = make([]*dhcpTalk, len(macs))
	errs := make([]error, len(macs))
	var all side
	for i, mac := range macs {
		all.Go(func() { w.talks.others[i], errs[i] = w.ask(ctx, mac) })
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			return err
		}
		w.talks.events = append(w.talks.events, w.talks.others[i].events...)
	}
	return nil
}

func eachIsGiven(ctx context.Context) error {
	for _, t := range of(ctx).talks.others {
		if t.err != nil {
			return violated("an address and a server for each phone", "phone %s got none: %s", t.mac, t.what())
		}
	}
	return nil
}

// theServerGotNoDHCP sends what a server meets in the field.
func theServerGotNoDHCP(ctx context.Context) error {
	w := of(ctx)
	t, err := w.leasedDHCP(ctx)
	if err != nil {
		return err
	}
	target, err := w.dhcpAddress()
	if err != nil {
		return err
	}
	whole := string(t.sent[0])
	cookie, options := whole[:bootpOptions], whole[bootpOptions:]
	return w.scatter(ctx, target, []string{
		"", "\x01", whole[:44], whole[:bootpOptions-4], cookie, cookie[:bootpOptions-4] + "\x00\x00\x00\x00" + options,
		cookie + "\x35", cookie + "\x35\xff", cookie + "\x35\x00\xff", cookie + "\x35\x01\x09\xff", cookie + "\x35\x01\x01\x37\xff\x42",
		cookie + "\x35\x01\x01\x34\x01\x07\xff", cookie + "\x35\x01\x03\x32\x01\x00\x36\x02\x00\x00\xff",
		"\x01\x01\xff" + whole[3:], "\x02" + whole[1:], strings.Repeat("\xff", 1400), whole + strings.Repeat("\x37\x01\x42", 200),
	})
}

// theServerTellsLong has the server name a URL of so many bytes.
func theServerTellsLong(ctx context.Context, n int) error {
	w := of(ctx)
	couple, err := w.couple(ctx)
	if err != nil {
		return err
	}
	begin := "http://provisioning.example/tenants/" + w.canary + "/"
	w.talks.long = begin + strings.Repeat("x", max(0, n-len(begin)-1)) + "/"
	w.talks.longTo = couple[0]
	return w.announce(ctx, w.talks.longTo, w.talks.long)
}

func thatPhoneAsks(ctx context.Context) error {
	w := of(ctx)
	t, err := w.ask(ctx, w.talks.longTo)
	if err == nil {
		w.listen(t)
	}
	return err
}

func itIsToldLong(ctx context.Context) error {
	w := of(ctx)
	t := w.talks.dhcp
	if err := t.needsAck(); err != nil {
		return err
	}
	if err := t.needsServer(); err != nil {
		return err
	}
	got := strings.Trim(t.offer.URL, `"'`)
	switch whole := w.talks.long; {
	case strings.Contains(got, whole):
		return nil
	case strings.HasPrefix(whole, got):
		return violated(fmt.Sprintf("a URL of %d bytes", len(whole)), "its first %d came: %s", len(got), got)
	}
	return blocked("another URL was told (see FIP-DHCP-041): %s", t.what())
}

// aPhoneAsksAnew is a talk of its own.
func aPhoneAsksAnew(ctx context.Context) error {
	w := of(ctx)
	mac, err := w.customer(ctx)
	if err != nil {
		return err
	}
	t, err := w.ask(ctx, mac)
	if err == nil {
		w.listen(t)
	}
	return err
}

// itAsksAgain is the next power-on: the lease was not given back.
func itAsksAgain(ctx context.Context) error {
	w := of(ctx)
	again, err := w.ask(ctx, w.talks.dhcp.mac)
	if err != nil {
		return err
	}
	w.talks.others = append(w.talks.others, again)
	w.talks.events = append(w.talks.events, again.events...)
	return again.needsAck()
}

func sameAddress(ctx context.Context) error {
	w := of(ctx)
	if first, then := leaseOf(w.talks.dhcp), leaseOf(w.talks.others[0]); first != then {
		return violated(first+", which the phone still holds", "it is given %s", then)
	}
	return nil
}

func anotherAsks(ctx context.Context) error {
	w := of(ctx)
	couple, err := w.couple(ctx)
	if err != nil {
		return err
	}
	other, err := w.ask(ctx, couple[1])
	if err != nil {
		return err
	}
	w.talks.others = append(w.talks.others, other)
	w.talks.events = append(w.talks.events, other.events...)
	return nil
}

func differentAddresses(ctx context.Context) error {
	w := of(ctx)
	a, b := leaseOf(w.talks.dhcp), leaseOf(w.talks.others[0])
	if b == "" {
		return blocked("the other phone got no address: %s", w.talks.others[0].what())
	}
	if a == b {
		return violated("an address for each", "both are given %s", a)
	}
	return nil
}
