package steps

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpRobustSteps judge what a server bears.
func tftpRobustSteps(sc catalogue) {
	sc.When(`^(\d+) phones begin to read it over TFTP and are never heard of again$`, phonesVanishTFTP)
	sc.When(`^malformed read requests are sent over TFTP$`, func(ctx context.Context) error {
		return of(ctx).bombard(ctx, malformedRequests)
	})
	sc.When(`^packets that are no request are sent to the TFTP port$`, func(ctx context.Context) error {
		return of(ctx).bombard(ctx, noRequests)
	})
	sc.When(`^somebody writes over "([^"]*)" by TFTP$`, writeOver)
	sc.Then(`^another phone is still served over TFTP$`, stillServedTFTP)
}

// phonesVanishTFTP begins transfers and leaves them, with their sockets open: a phone
// that lost power answers nothing either, not even by ICMP.
func phonesVanishTFTP(ctx context.Context, n int) error {
	w := of(ctx)
	if err := w.stillComesOverTFTP(ctx); err != nil {
		return err
	}
	reads := make([]*tftpRead, n)
	for i := range reads {
		r, err := w.startRead(ctx, w.phoneOptions())
		if err != nil {
			return err
		}
		reads[i] = r
	}
	// Afterwards they are ended, so that no other rule suffers.
	defer func() {
		for _, r := range reads {
			r.enough(r.peer)
			r.close()
		}
	}()
	// Who gets no answer asks again, as phones do: a place that was given back meanwhile
	// is taken then.
	for range 2 {
		if err := w.beginAll(ctx, reads); err != nil {
			return err
		}
	}
	return w.readTFTP(ctx, tftp.Octet, w.phoneOptions())
}

// beginAll asks for a file at once by those who had no answer yet.
func (w *world) beginAll(ctx context.Context, reads []*tftpRead) error {
	const moment = 2 * time.Second
	var unanswered []*tftpRead
	for _, r := range reads {
		if !r.peer.IsValid() {
			unanswered = append(unanswered, r)
		}
	}
	next := make(chan *tftpRead, len(unanswered))
	for _, r := range unanswered {
		next <- r
	}
	return besideAll(len(unanswered), func() error {
		r := <-next
		if err := r.request(tftp.AppendRRQ(nil, tftpName(w.talk.file.url), tftp.Octet, r.options...)); err != nil {
			return err
		}
		p, ok, err := r.receive(ctx, time.Now().Add(moment))
		if ok {
			r.peer = p.from
		}
		return err
	})
}

// stillComesOverTFTP returns an obstacle where the file does not come now: what a server
// did not bear before is another rule's affair.
func (w *world) stillComesOverTFTP(ctx context.Context) error {
	if err := w.readTFTP(ctx, tftp.Octet, w.phoneOptions()); err != nil {
		return err
	}
	if r := w.talk.tftp.latest(); !r.complete(w.talk.tftp.plain) {
		return blocked("%s", r.outcome())
	}
	return nil
}

// malformedRequests are read requests that none could be served.
var malformedRequests = [][]byte{
	{0, 1},       // nothing after the opcode
	{0, 1, 0},    // no name, no mode
	{0, 1, 0, 0}, // an empty name, an empty mode
	[]byte("\x00\x01name-without-an-end"),
	[]byte("\x00\x01name.cfg\x00mode-without-an-end"),
	[]byte("\x00\x01name.cfg\x00"),
	[]byte("\x00\x01name.cfg\x00octet\x00blksize\x00"),
	[]byte("\x00\x01name.cfg\x00octet\x00blksize"),
	[]byte("\x00\x01name.cfg\x00no-such-mode\x00"),
	[]byte("\x00\x01%n%n%s%s\xff\xfe\x01\x00octet\x00"),
	slices.Concat([]byte{0, 1}, bytes.Repeat([]byte("n"), 1200), []byte("\x00octet\x00")),
	slices.Concat([]byte("\x00\x01name.cfg\x00octet\x00"), bytes.Repeat([]byte("o\x001\x00"), 250)),
}

// noRequests are packets that belong to no transfer.
var noRequests = [][]byte{
	{},
	{0},
	{0, 0},
	{0, 9},
	{0xff, 0xff, 0, 1},
	tftp.AppendAck(nil, 1),
	tftp.AppendAck(nil, 0xffff),
	tftp.AppendData(nil, 1, []byte("data of nobody")),
	tftp.AppendOACK(nil, tftp.Option{Name: "blksize", Value: "512"}),
	tftp.AppendError(nil, tftp.DiskFull, "of nobody"),
	bytes.Repeat([]byte{0xff}, 516),
	make([]byte, 516),
}

// bombard sends packets, each from a port of its own, and then reads the file.
func (w *world) bombard(ctx context.Context, packets [][]byte) error {
	if err := w.stillComesOverTFTP(ctx); err != nil {
		return err
	}
	for _, b := range packets {
		c, err := w.tftpClient(ctx, w.talk.file.url)
		if err != nil {
			return err
		}
		err = c.request(b)
		if err == nil {
			const moment = 20 * time.Millisecond
			_, err = c.listen(ctx, moment)
		}
		c.close()
		if err != nil {
			return err
		}
	}
	return w.readTFTP(ctx, tftp.Octet, w.phoneOptions())
}

func stillServedTFTP(ctx context.Context) error {
	t := &of(ctx).talk.tftp
	switch r := t.latest(); {
	case !t.plain.whole:
		return blocked("%s", t.plain.outcome())
	case !r.complete(t.plain):
		return violated("the file, as before", "%s", r.outcome())
	}
	return nil
}

// writeOver asks to write a file, and sends one block if the server lets it.
func writeOver(ctx context.Context, name string) error {
	w := of(ctx)
	w.talk.file.url = config.Join(w.base, w.expand(name))
	c, err := w.tftpClient(ctx, w.talk.file.url)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.request(tftp.AppendWRQ(nil, tftpName(w.talk.file.url), tftp.Octet)); err != nil {
		return err
	}
	p, ok, err := c.receive(ctx, time.Now().Add(phoneResend))
	if err != nil || !ok || p.bad != nil || p.Op != tftp.ACK {
		return err
	}
	if err := c.send(tftp.AppendData(nil, 1, []byte("lang.gui=written-by-anybody\n")), p.from); err != nil {
		return err
	}
	_, _, err = c.receive(ctx, time.Now().Add(phoneResend))
	return err
}
