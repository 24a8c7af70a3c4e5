// Command fipsim is a virtual Flyingvoice FIP desk phone, and what can be done with
// one: judge a provisioning server by it, watch it provision itself, and serve a folder
// to real phones.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/fipsim/fipsim/simulator/verdict"
)

// cli is the command line: a field a verb. Scripts and other people's CI rest on it.
type cli struct {
	Check      checkCmd      `cmd:"" help:"Judge a provisioning server, rule by rule."`
	Completion completionCmd `cmd:"" help:"Print a script of completions for a shell."`
	Load       loadCmd       `cmd:"" help:"Put a fleet of phones on a server and measure what becomes of them."`
	Man        manCmd        `cmd:"" help:"Print the manual page."`
	Notify     notifyCmd     `cmd:"" help:"Ask a phone to provision: send it a SIP check-sync."`
	Pcap       pcapCmd       `cmd:"" help:"Read captures of phones: show what they did."`
	Phone      phoneCmd      `cmd:"" help:"Be a phone: provision from a server and tell what happened."`
	Serve      serveCmd      `cmd:"" help:"Serve a folder to phones over TFTP, FTP, HTTP and HTTPS."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// app is what a verb may use of its process.
type app struct {
	ctx    context.Context // ends at the first Ctrl-C
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

func main() { os.Exit(run()) }

// run is main with an exit status; tests call it too.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{ctx: ctx, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	return a.run(os.Args[1:])
}

// run carries out one command line and returns its exit status.
func (a *app) run(args []string) int {
	var c cli
	exit, exited := 0, false
	parser, err := kong.New(&c,
		kong.Name("fipsim"),
		kong.Description("A virtual Flyingvoice FIP phone, and the harness that judges provisioning servers by it."),
		kong.Writers(a.stdout, a.stderr),
		kong.Exit(func(code int) { exit, exited = code, true }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err != nil {
		panic(err) // the tags above are wrong: every run would fail
	}
	k, err := parser.Parse(args)
	if exited { // --help
		return exit
	}
	if err != nil {
		return a.report(&verdict.Usage{Err: fmt.Errorf("%w (see fipsim --help)", err)})
	}
	return a.report(k.Run(a))
}

// report prints err, once, and returns the exit status that it stands for. An error
// without a text was told already.
func (a *app) report(err error) int {
	if err == nil {
		return verdict.ExitOK
	}
	if !errors.Is(err, errTold) {
		fmt.Fprintln(a.stderr, "fipsim: "+plainNames(err))
	}
	return verdict.Exit(err)
}

// errTold marks an error whose words were printed already, as a verdict's.
var errTold = errors.New("told already")
