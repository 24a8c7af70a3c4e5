package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"

	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/web"
)

// page is the management page of --web. It is there from the start, so that the first
// pass can be watched, and stays through reboots. It stands for the phone's page over
// HTTP and over HTTPS: it is closed while wui.http_enable and wui.https_enable are both 0
// (Guide, "Creating a New CFG File").
type page struct {
	listen   string
	timeline *web.Timeline

	mu     sync.Mutex
	start  func() (*web.Server, error)
	server *web.Server // nil: switched off
}

func newPage(listen string) *page { return &page{listen: listen, timeline: new(web.Timeline)} }

// open starts the page and tells the user where it is.
func (p *page) open(a *app, s *session) error {
	options := web.Options{Listen: p.listen, Phone: s.phone, Timeline: p.timeline}
	if s.sip != nil {
		options.Registrations = s.sip.Registrations
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.start = func() (*web.Server, error) { return web.Start(a.ctx, options) }
	server, err := p.start()
	if err != nil {
		return err
	}
	p.server = server
	options.Password = server.MadeUpPassword() // the same one when it is switched on again
	options.Listen = samePort(p.listen, server.URL())
	fmt.Fprintf(a.stderr, "fipsim: the management page is %s\n", server.URL())
	if options.Password != "" {
		fmt.Fprintf(a.stderr, "fipsim: its password is %s, with any user name\n", options.Password)
	}
	return nil
}

// samePort is a listen address with the port that was found for it.
func samePort(listen, at string) string {
	u, err := url.Parse(at)
	host, _, splitErr := net.SplitHostPort(listen)
	if err != nil || splitErr != nil {
		return listen
	}
	return net.JoinHostPort(host, u.Port())
}

// PowerOn implements phone.Attachment.
func (p *page) PowerOn(_ context.Context, of *phone.Phone) error {
	p.SettingsChanged(of)
	return nil
}

// PowerOff implements phone.Attachment.
func (p *page) PowerOff(context.Context) {}

// SettingsChanged implements phone.Attachment: it closes the page, or opens it again.
func (p *page) SettingsChanged(of *phone.Phone) {
	plain, _ := of.Settings().Either("static.wui.http_enable", "wui.http_enable")
	secure, _ := of.Settings().Either("static.wui.https_enable", "wui.https_enable")
	on := plain.Value != "0" || secure.Value != "0"
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case on == (p.server != nil):
	case on:
		server, err := p.start()
		if err != nil {
			of.Trace().Record(trace.Event{Kind: trace.WebOff, Fault: trace.LocalFailure, Detail: err.Error()})
			return
		}
		p.server = server
		of.Trace().Record(trace.Event{Kind: trace.WebOn, URL: server.URL()})
	default:
		err := p.server.Close()
		p.server = nil
		e := trace.Event{Kind: trace.WebOff, Detail: fmt.Sprintf("%s=0 of %s:%d, %s=0 of %s:%d",
			plain.Key, plain.File, plain.Line, secure.Key, secure.File, secure.Line)}
		if err != nil {
			e.Fault, e.Detail = trace.LocalFailure, err.Error()
		}
		of.Trace().Record(e)
	}
}

func (p *page) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil {
		return nil
	}
	return p.server.Close()
}
