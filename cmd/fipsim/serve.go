package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"syscall"

	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// serveCmd is `fipsim serve`.
type serveCmd struct {
	Docroot string `help:"The folder to serve: boot files, cfg files, phonebooks. Nothing leads out of it." placeholder:"DIR"`
	TFTP    string `name:"tftp" help:"Serve TFTP at HOST:PORT. Without any protocol: all four, on 127.0.0.1." placeholder:"ADDR"`
	FTP     string `name:"ftp" help:"Serve FTP at HOST:PORT, also with explicit TLS." placeholder:"ADDR"`
	HTTP    string `name:"http" help:"Serve HTTP at HOST:PORT; port 0 takes a free one." placeholder:"ADDR"`
	HTTPS   string `name:"https" help:"Serve HTTPS at HOST:PORT, with a certificate made at the start." placeholder:"ADDR"`

	PnP       bool   `name:"pnp" help:"Answer SIP PnP SUBSCRIBEs: those to 224.0.1.75 on --interface, or without it those sent to 127.0.0.1:5060."`
	DHCP      bool   `name:"dhcp" help:"Hand out addresses and option 66: on --interface, from its subnet (needs root), or without it to relay agents at 127.0.0.1:6767."`
	Interface string `help:"The interface whose phones --pnp and --dhcp tell of this server." placeholder:"NAME"`

	interviewFlags `embed:""`

	pnpAt, relayAt string // without an interface; empty: loopbackPnP, loopbackRelay
}

// Where all four protocols are served when none is asked for.
const (
	defaultTFTP  = "127.0.0.1:6969"
	defaultFTP   = "127.0.0.1:2121"
	defaultHTTP  = "127.0.0.1:8080"
	defaultHTTPS = "127.0.0.1:8443"
)

// listenFlag is a protocol's flag and its value.
type listenFlag struct{ scheme, address string }

// Run serves a folder until Ctrl-C, and tells of each request.
func (c *serveCmd) Run(a *app) (err error) {
	if c.Out != "" {
		return c.interview(a)
	}
	if c.Docroot == "" {
		return verdict.Usagef("missing flags: --docroot=DIR")
	}
	flags, err := c.listen()
	if err != nil {
		return err
	}
	tree, docroot, err := server.Dir(c.Docroot)
	if err != nil {
		return verdict.Usagef("--docroot %s: %s", c.Docroot, reason(err))
	}
	defer func() { err = errors.Join(err, docroot.Close()) }()

	teller := &requestTeller{out: a.stdout}
	teller.mu.Lock() // the first request comes after the addresses
	s, err := server.Start(a.ctx, server.Options{
		Tree: tree, TFTP: c.TFTP, FTP: c.FTP, HTTP: c.HTTP, HTTPS: c.HTTPS, OnRequest: teller.tell,
	})
	if err != nil {
		return &verdict.Error{Err: fmt.Errorf("%w%s", err, listenHint(err))}
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	discovery, err := c.discovery(a.ctx, s, teller)
	if err != nil {
		teller.mu.Unlock() // a request that waits to be told holds up the closing
		return err
	}
	defer func() { err = errors.Join(err, discovery.close()) }()
	teller.open(c.Docroot, s, flags, tree)
	teller.announce(discovery.lines)
	teller.mu.Unlock()

	<-a.ctx.Done()
	return nil
}

// listen checks the addresses, or fills them in where none was given.
func (c *serveCmd) listen() ([]listenFlag, error) {
	if c.TFTP+c.FTP+c.HTTP+c.HTTPS == "" {
		c.TFTP, c.FTP, c.HTTP, c.HTTPS = defaultTFTP, defaultFTP, defaultHTTP, defaultHTTPS
	}
	if c.Interface != "" && !c.PnP && !c.DHCP {
		return nil, verdict.Usagef("--interface goes with --pnp or --dhcp")
	}
	var flags []listenFlag
	for _, f := range []listenFlag{{"tftp", c.TFTP}, {"ftp", c.FTP}, {"http", c.HTTP}, {"https", c.HTTPS}} {
		if f.address == "" {
			continue
		}
		if err := checkListen("--"+f.scheme, f.address); err != nil {
			return nil, err
		}
		flags = append(flags, f)
	}
	return flags, nil
}

// checkListen says whether a flag's value is an address to listen at.
func checkListen(flag, address string) error {
	if _, port, err := net.SplitHostPort(address); err != nil || !isPort(port) {
		return verdict.Usagef("%s %s: want HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:8080", flag, address)
	}
	return nil
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// listenHint tells what to do about an address that cannot be had.
func listenHint(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "\n  Something listens there already: end it, or choose another port; port 0 takes a free one."
	case errors.Is(err, fs.ErrPermission):
		return "\n  Ports below 1024 need root or CAP_NET_BIND_SERVICE: run it so, or choose a higher port."
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "\n  This machine has no such address: 127.0.0.1 is always there, and :PORT listens on all that it has."
	default:
		return ""
	}
}

// reason is what is wrong with a path, without the path.
func reason(err error) string {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}
