package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/fipsim/fipsim/pcaps/interview"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/simulator/wire"
)

// interviewFlags are those of `fipsim serve --interview`.
type interviewFlags struct {
	Out   string        `name:"interview" help:"Serve no folder but find out how a phone behaves: one thing is varied a boot, and what the phone does is written to this behaviour file, with a pcapng beside it (docs/interview.md)." placeholder:"OUT.yaml"`
	Name  string        `name:"interview-name" help:"A host name of this machine that the phone can resolve: for the question about TLS and names." placeholder:"HOST"`
	Wait  time.Duration `name:"interview-wait" help:"How long a boot is waited for." default:"10m"`
	Quiet time.Duration `name:"interview-quiet" help:"How long nothing is heard of the phone when it has nothing more to do." default:"20s"`
}

// interview asks the phone that is rebooted again and again, and writes what it found.
func (c *serveCmd) interview(a *app) (err error) {
	if c.Docroot != "" {
		return verdict.Usagef("--interview and --docroot exclude each other: the interview has files of its own")
	}
	o, err := c.interviewOptions()
	if err != nil {
		return err
	}
	out, err := createFile(c.Out, 0o666)
	if err != nil {
		return verdict.Usagef("--interview: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	evidence := strings.TrimSuffix(c.Out, filepath.Ext(c.Out)) + ".pcapng"
	packets, err := createFile(evidence, 0o600)
	if err != nil {
		return verdict.Usagef("--interview: %w", err)
	}
	defer func() { err = errors.Join(err, packets.Close()) }()
	o.Evidence = packets
	o.Tell = func(text string) { fmt.Fprintf(a.stdout, "  %s\n", text) }
	fmt.Fprintf(a.stdout, "interview: one phone, about 30 boots; keep others off. "+
		"Ctrl-C ends it, and what was found until then is written.\n")
	result, err := interview.Run(a.ctx, o, func(ctx context.Context, b *interview.Boot) error {
		fmt.Fprintf(a.stdout, "boot %d  %s\n", b.Number, b.What)
		if b.Again {
			fmt.Fprintln(a.stdout, "  Let the phone provision now without a reboot: Auto Provision Now on its web page.")
		} else {
			fmt.Fprintln(a.stdout, "  Switch the phone off and on now.")
		}
		return b.Wait(ctx, c.Wait, c.Quiet)
	})
	if err != nil && (result.Asked == 0 || errors.Is(err, interview.ErrNobody)) { // nothing was found
		return interviewError(err)
	}
	for _, text := range result.Open {
		fmt.Fprintln(a.stdout, "not found: "+text)
	}
	fmt.Fprintf(a.stdout, "%s: %d options, of which %d are not as a simulated phone's; %s has the packets\n", c.Out, len(result.Found),
		len(result.Options()), evidence)
	if err != nil && !errors.Is(err, context.Canceled) {
		return errors.Join(interviewError(err), result.Write(out)) // what was found took hours
	}
	return result.Write(out)
}

// interviewError says what to do.
func interviewError(err error) error {
	if errors.Is(err, interview.ErrNobody) {
		const next = "\n  Is the phone on this link, with PnP or DHCP on? Without --interface only phones of this machine are heard."
		return &verdict.Error{Err: fmt.Errorf("%w%s", err, next)}
	}
	return &verdict.Error{Err: fmt.Errorf("%w%s", err, listenHint(err))}
}

// interviewOptions are where the interview is: on loopback, or on an interface with the
// protocols' own ports, unless flags say otherwise.
func (c *serveCmd) interviewOptions() (interview.Options, error) {
	o := interview.Options{Name: c.Name, TFTP: c.TFTP, FTP: c.FTP, HTTP: c.HTTP, HTTPS: c.HTTPS}
	if c.Interface == "" {
		o.Name = cmp.Or(o.Name, "localhost")
		o.PnP, o.DHCP = cmp.Or(c.pnpAt, loopbackPnP), cmp.Or(c.relayAt, loopbackRelay)
		o.TFTP, o.FTP = cmp.Or(o.TFTP, defaultTFTP), cmp.Or(o.FTP, defaultFTP)
		o.HTTP, o.HTTPS = cmp.Or(o.HTTP, defaultHTTP), cmp.Or(o.HTTPS, defaultHTTPS)
		return o, checkPorts(o)
	}
	subnet, err := c.subnet()
	if err != nil {
		return o, err
	}
	o.Host, o.Interface, o.Network = subnet.Addr().String(), c.Interface, wire.OS{Interface: c.Interface}
	at := func(port string) string { return net.JoinHostPort(o.Host, port) }
	o.TFTP, o.FTP, o.HTTP, o.HTTPS = cmp.Or(o.TFTP, at("69")), cmp.Or(o.FTP, at("21")), cmp.Or(o.HTTP, at("80")), cmp.Or(o.HTTPS, at("443"))
	return o, checkPorts(o)
}

// checkPorts wants ports that stay the same: the server comes up anew for each boot.
func checkPorts(o interview.Options) error {
	for _, f := range []listenFlag{{"tftp", o.TFTP}, {"ftp", o.FTP}, {"http", o.HTTP}, {"https", o.HTTPS}} {
		if err := checkListen("--"+f.scheme, f.address); err != nil {
			return err
		}
		if _, port, _ := net.SplitHostPort(f.address); port == "0" {
			return verdict.Usagef("--%s %s: an interview needs a port that stays the same", f.scheme, f.address)
		}
	}
	return nil
}
