package interview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/wire"
)

// Boot is one boot of the phone, and the server that it meets.
type Boot struct {
	Number int    // from 1
	What   string // what the server does differently
	Again  bool   // the phone is to provision again without a reboot

	in      *interview
	stage   stage
	packets evidence
	capture *wire.Capture
	tap     *wire.Tap
	ctx     context.Context //nolint:containedctx // its end is the server's
	cancel  func()
	running sync.WaitGroup
	closers []func() error

	mu      sync.Mutex
	last    time.Time // when the phone was last heard
	wake    func()    // told of each sign of the phone
	began   time.Time // a file without an end
	stopped bool      // by the server
}

// stage is how the server behaves in one boot.
type stage struct {
	pnp, dhcp string            // the URL that each tells; empty: no answer to a SUBSCRIBE, no option 66
	silent    bool              // DHCP does not answer at all
	options   map[int][]byte    // further ones of DHCP
	files     map[string]string // by name, in whatever folder
	paths     map[string]string // by whole path
	tftp      tftpMode
	secure    bool                                         // HTTPS is served
	web       func(b *Boot, path string) (webAnswer, bool) // false: as the files are
}

// Bounds of one boot: whoever is on the link decides how much is said.
const (
	maxEvidence = 64 << 20 // bytes
	maxClients  = 64       // connections of a protocol, and TFTP transfers, at once
)

// evidence is what was said in one boot.
type evidence struct{ bytes.Buffer }

// Write implements io.Writer, up to maxEvidence.
func (e *evidence) Write(p []byte) (int, error) {
	if e.Len()+len(p) > maxEvidence {
		return 0, fmt.Errorf("more than %d MB were said in one boot: is only one phone on this link?", maxEvidence>>20)
	}
	return e.Buffer.Write(p)
}

// ErrRestless is a boot in which something was heard all the time.
var ErrRestless = errors.New("something is heard all the time: is only one phone on this link?")

// Wait returns when the phone has been heard, and then nothing of it for as long as
// quiet; or when nothing at all was heard within patience. Its errors are that of ctx, and
// ErrRestless after patience and the longest file.
func (b *Boot) Wait(ctx context.Context, patience, quiet time.Duration) error {
	heard := make(chan struct{}, 1)
	b.mu.Lock()
	b.wake = func() {
		select {
		case heard <- struct{}{}:
		default:
		}
	}
	already := !b.last.IsZero()
	b.mu.Unlock()
	limit := patience
	if already {
		limit = quiet
	}
	over := time.NewTimer(limit)
	defer over.Stop()
	enough := time.NewTimer(patience + b.in.options.Longest)
	defer enough.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-enough.C:
			return ErrRestless
		case <-heard:
			over.Reset(quiet)
		case <-over.C:
			return nil
		}
	}
}

// sign notes that the phone was heard.
func (b *Boot) sign() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = time.Now()
	if b.wake != nil {
		b.wake()
	}
}

// begin notes that a file without an end has begun.
func (b *Boot) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.began.IsZero() {
		b.began = time.Now()
	}
}

// stop notes that it was the server that ended it.
func (b *Boot) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
}

// endured is how long after since the phone put up with a file without an end; 0: it
// is not known.
func (b *Boot) endured(since time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped || b.began.IsZero() || !b.last.After(b.began) {
		return 0
	}
	return b.last.Sub(since)
}

// open brings the server up.
func (b *Boot) open(ctx context.Context) (err error) {
	b.ctx, b.cancel = context.WithCancel(ctx)
	if b.capture, err = wire.NewCapture(&b.packets, net.HardwareAddr{2, 0, 0, 0, 0, 1}); err != nil {
		return err
	}
	b.tap = &wire.Tap{Next: b.in.options.Network, Capture: b.capture}
	for _, start := range []func() error{b.openPnP, b.openDHCP, b.openTFTP, b.openFTP, b.openWeb} {
		if err := start(); err != nil {
			_ = b.close() // why it is of no use matters more
			return err
		}
	}
	return nil
}

// close takes the server down; what was said is in packets then.
func (b *Boot) close() error {
	b.cancel()
	for _, c := range b.closers {
		_ = c() // nothing more is expected of it
	}
	b.running.Wait()
	return b.capture.Close()
}

// openPnP answers SUBSCRIBEs.
func (b *Boot) openPnP() error {
	o := b.in.options
	if o.PnP == "" && o.Interface == "" {
		return nil
	}
	p, err := server.ListenPnP(b.ctx, server.PnPOptions{
		Listen: o.PnP, Interface: o.Interface, Network: b.tap,
		URL:       func(device.MAC) string { return b.stage.pnp },
		OnMessage: func(server.PnPMessage) { b.sign() },
	})
	if err == nil {
		b.closers = append(b.closers, p.Close)
	}
	return err
}

// openDHCP hands out addresses and options.
func (b *Boot) openDHCP() error {
	o := b.in.options
	if o.DHCP == "" && o.Interface == "" {
		return nil
	}
	if b.stage.silent && o.Interface == "" { // heard, and not answered
		return b.openSilence(o.DHCP)
	}
	d := server.DHCPOptions{Listen: o.DHCP, Interface: o.Interface, Network: b.tap, Options: b.stage.options,
		Option66:  func(device.MAC) string { return b.stage.dhcp },
		OnMessage: func(server.DHCPMessage) { b.sign() }}
	if o.Interface != "" {
		own, err := wire.InterfacePrefix(o.Interface)
		if err != nil {
			return err
		}
		d.Pool = own.Masked()
	}
	s, err := server.ListenDHCP(b.ctx, d)
	if err == nil {
		b.closers = append(b.closers, s.Close)
	}
	return err
}

// openSilence hears what comes to a port, and says nothing.
func (b *Boot) openSilence(at string) error {
	conn, err := b.tap.ListenPacket(b.ctx, "udp4", at)
	if err != nil {
		return err
	}
	b.closers = append(b.closers, conn.Close)
	b.running.Go(func() {
		buf := make([]byte, 2048)
		for {
			if _, _, err := conn.ReadFrom(buf); err != nil {
				return
			}
			b.sign()
		}
	})
	return nil
}
