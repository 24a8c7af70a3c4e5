package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/simulator/wire"
)

// session is one run of `fipsim phone`: the phone, what watches it, and what has to be
// closed afterwards.
type session struct {
	phone    *phone.Phone
	recorder *trace.Recorder
	closers  []func() error
	capture  *wire.Capture // nil: without --pcap

	sip  *phone.SIP // nil: without --sip
	page *page      // nil: without --web
}

// close ends what the session opened, the latest first.
func (s *session) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	return errors.Join(errs...)
}

// setUp makes the phone that the flags describe.
func (c *phoneCmd) setUp(a *app) (_ *session, err error) {
	s := &session{recorder: new(trace.Recorder)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	o, err := c.identity(a)
	if err != nil {
		return nil, err
	}
	if err := c.checkLife(s, &o); err != nil {
		return nil, err
	}
	if err := c.security(&o); err != nil {
		return nil, err
	}
	if err := c.flash(&o); err != nil {
		return nil, err
	}
	if err := c.outputs(a, s, &o); err != nil {
		return nil, err
	}
	if err := c.finders(a, s, &o); err != nil {
		return nil, err
	}
	s.phone, err = phone.New(o)
	if err != nil {
		return nil, &verdict.Usage{Err: err}
	}
	return s, nil
}

// identity reads who the phone is and how it behaves.
func (c *phoneCmd) identity(a *app) (o phone.Options, err error) {
	if c.MAC != "" {
		if o.Identity.MAC, err = device.ParseMAC(c.MAC); err != nil {
			return o, verdict.Usagef("--mac: %w", err)
		}
		if err := o.Identity.MAC.Check(); err != nil {
			return o, verdict.Usagef("--mac: %w", err)
		}
	}
	if c.Interface != "" {
		if _, err := net.InterfaceByName(c.Interface); err != nil {
			return o, verdict.Usagef("--interface %s: no such interface", c.Interface)
		}
	}
	o.Identity.Model, o.Identity.Firmware = c.Model, c.Firmware
	if err := c.like(a, &o); err != nil {
		return o, err
	}
	o.Identity = o.Identity.WithDefaults()
	if err := readBehaviour(c.Behaviour, &o.Behaviour); err != nil {
		return o, err
	}
	o.Network = wire.OS{Interface: c.Interface, MulticastTTL: o.Behaviour.WithDefaults().PnPTTL}
	return o, nil
}

// readBehaviour reads each --behaviour: KEY=VALUE, or else the name of a file.
func readBehaviour(given []string, b *device.Behaviour) error {
	for _, text := range given {
		if key, value, ok := strings.Cut(text, "="); ok && !strings.ContainsAny(key, `/\`) {
			if err := b.Set(key, value); err != nil {
				return verdict.Usagef("--behaviour: %w", err)
			}
			continue
		}
		body, err := readInput(text)
		if err != nil {
			return verdict.Usagef("--behaviour: %w", err)
		}
		if err := b.ReadFile(text, body); err != nil {
			return verdict.Usagef("--behaviour: %w", err)
		}
	}
	return nil
}

// security reads the certificates.
func (c *phoneCmd) security(o *phone.Options) error {
	o.TLS.Insecure = c.Insecure
	if c.CA != "" {
		pem, err := readInput(c.CA)
		if err != nil {
			return verdict.Usagef("--ca: %w", err)
		}
		o.TLS.CA = pem
	}
	if (c.Cert == "") != (c.Key == "") {
		return verdict.Usagef("--cert and --key go together")
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return verdict.Usagef("--cert, --key: %w", err)
		}
		o.TLS.Certificates = []tls.Certificate{pair}
	}
	if _, err := fetch.New(fetch.Options{TLS: o.TLS}); err != nil {
		return verdict.Usagef("--ca: %w", err)
	}
	return nil
}

// flash opens the phone's flash.
func (c *phoneCmd) flash(o *phone.Options) error {
	if c.Flash == "" {
		return nil
	}
	folder, err := phone.OpenFolder(c.Flash)
	if err != nil {
		return verdict.Usagef("--flash: %w", err)
	}
	o.Flash = folder
	return nil
}

// outputs opens what writes down what happens.
func (c *phoneCmd) outputs(a *app, s *session, o *phone.Options) error {
	var sinks []trace.Sink
	if c.Format == "json" {
		sinks = append(sinks, s.recorder) // not in a life, which may be long
	}
	if s.page != nil {
		sinks = append(sinks, s.page.timeline)
	}
	if c.Format == "text" && c.Settings != "-" {
		printer := trace.NewPrinter(a.stdout)
		printer.Color = isTerminal(a.stdout)
		sinks = append(sinks, printer)
	}
	if c.Trace != "" {
		file, err := create(s, c.Trace, 0o666)
		if err != nil {
			return verdict.Usagef("--trace: %w", err)
		}
		events := trace.NewJSONWriter(file)
		s.closers = append(s.closers, events.Err)
		sinks = append(sinks, events)
	}
	if c.Pcap != "" {
		file, err := create(s, c.Pcap, 0o600) // a capture holds passwords
		if err != nil {
			return verdict.Usagef("--pcap: %w", err)
		}
		capture, err := wire.NewCapture(file, net.HardwareAddr(o.Identity.MAC[:]))
		if err != nil {
			return verdict.Usagef("--pcap: %w", err)
		}
		s.capture = capture
		s.closers = append(s.closers, func() error {
			if a.ctx.Err() != nil {
				return capture.Close()
			}
			return capture.Complete()
		})
		o.Network = &wire.Tap{Next: o.Network, Capture: capture}
		o.TLS.KeyLog = capture.KeyLog()
	}
	o.Trace = trace.NewStream(o.Identity.MAC, trace.Tee(sinks...))
	return nil
}

// create makes a file that the session closes.
func create(s *session, name string, mode os.FileMode) (io.Writer, error) {
	file, err := createFile(name, mode)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, file.Close)
	return file, nil
}

// createFile makes or empties a file. One that is there already is closed to those whom
// mode does not let in: it may be about to hold passwords.
func createFile(name string, mode os.FileMode) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&^mode != 0 {
		err = file.Chmod(info.Mode().Perm() & mode)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
