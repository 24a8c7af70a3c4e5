// Package interview finds out how a phone behaves where nobody knows, by asking it: a
// server varies one thing a boot, and what the phone then does is an option of the
// simulated phone (device.Behaviour). What was said is kept as pcapng; all that is found
// is read from that.
//
//	found, err := interview.Run(ctx, interview.Options{…}, func(ctx context.Context, b *interview.Boot) error {
//		fmt.Println("reboot the phone now:", b.What)
//		return b.Wait(ctx, 10*time.Minute, 20*time.Second)
//	})
package interview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/wire"
)

// Options says where the interviewing server is. The addresses are HOST:PORT with a port
// that is not 0, as the server comes up anew for each boot.
type Options struct {
	Host string // the address by which phones reach this machine; empty: 127.0.0.1
	Name string // a host name of this machine that phones can resolve; empty: what needs one is not asked

	TFTP, FTP, HTTP, HTTPS string // where files are served
	PnP                    string // where SUBSCRIBEs come, without Interface
	DHCP                   string // where relay agents ask, without Interface
	Interface              string // the phones' link: SUBSCRIBEs to 224.0.1.75 and DHCP broadcasts

	// Longest is how long a file that does not end is sent at most, to see when the phone
	// gives it up; 0: two minutes.
	Longest time.Duration

	Network  Network   // nil: the operating system's
	Evidence io.Writer // takes a pcapng section for each boot; nil: nobody
	Tell     func(text string)
}

// Network is a network on which one can also be called over TCP.
type Network interface {
	wire.Network
	wire.Listener
}

// Found is an option of the phone that the interview found.
type Found struct {
	Option   string
	Value    string
	Question string // what was asked when it was found
	Default  bool   // the phone does what a simulated one does by itself
}

// Result is what an interview came to.
type Result struct {
	Phone device.Identity // as it told itself
	Found []Found
	Asked int      // boots
	Open  []string // questions that found nothing, each with why
}

// Options returns what was found and is not the default, by name and value.
func (r *Result) Options() []pcaps.Fact {
	var all []pcaps.Fact
	for _, f := range r.Found {
		if !f.Default {
			all = append(all, pcaps.Fact{Name: f.Option, Value: f.Value})
		}
	}
	return all
}

// Write writes the behaviour file that makes a simulated phone do the same, with what
// each line rests on.
func (r *Result) Write(w io.Writer) error {
	var b strings.Builder
	id := r.Phone.WithDefaults()
	fmt.Fprintf(&b, "# How the phone %s (%s %s) behaves: what an interview of %d boots found.\n", id.MAC, id.Model, id.Firmware, r.Asked)
	b.WriteString("version: 1\n")
	for _, f := range r.Found {
		mark := ""
		if f.Default {
			mark = "# " // as every simulated phone
		}
		fmt.Fprintf(&b, "%s%s: '%s' # %s\n", mark, f.Option, strings.ReplaceAll(f.Value, "'", "''"), f.Question)
	}
	for _, o := range r.Open {
		fmt.Fprintf(&b, "# not found: %s\n", o)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// ErrNobody is an interview in which no phone asked for anything.
var ErrNobody = errors.New("no phone asked for anything")

// Run interviews one phone: for each question it brings up a server, calls boot, which
// returns when the phone has booted and has nothing more to do, and reads what the phone
// did. Its errors are those of the addresses, of boot, and ErrNobody; what was found until
// then is returned with them.
func Run(ctx context.Context, o Options, boot func(context.Context, *Boot) error) (*Result, error) {
	o.setDefaults()
	in := &interview{options: o, found: make(map[string]string)}
	for _, q := range questions(o) {
		if q.skip != nil && q.skip(in) {
			continue
		}
		for again := true; again; again = q.more != nil && q.more(in) {
			if err := in.ask(ctx, q, boot); err != nil {
				return &in.result, fmt.Errorf("%s: %w", q.what, err)
			}
		}
		if in.result.Asked == 1 && in.result.Phone.MAC.IsZero() {
			return &in.result, ErrNobody
		}
		if in.first(discover.SourceStatic) {
			in.result.Open = append(in.result.Open,
				"everything else: the phone goes where it was told by hand; take that URL out of it and ask again")
			break
		}
	}
	return &in.result, nil
}

func (o *Options) setDefaults() {
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	if o.Network == nil {
		o.Network = wire.OS{}
	}
	if o.Longest == 0 {
		o.Longest = 2 * time.Minute
	}
	if o.Tell == nil {
		o.Tell = func(string) {}
	}
}

// interview is one that is going on.
type interview struct {
	options Options
	result  Result
	found   map[string]string

	includes  bisection
	phonebook bool // the phone fetched the phonebook that a setting named
	booted    bool // the boot before the pass without a reboot went well
}

// ask asks one question.
func (in *interview) ask(ctx context.Context, q question, boot func(context.Context, *Boot) error) error {
	b := &Boot{What: q.what, Again: q.again, Number: in.result.Asked + 1, in: in, stage: stage{files: make(map[string]string)}}
	q.set(in, &b.stage)
	if err := b.open(ctx); err != nil {
		return err
	}
	err := boot(ctx, b)
	if closeErr := b.close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	in.result.Asked++
	return in.read(q, b)
}

// read reads what a boot showed.
func (in *interview) read(q question, b *Boot) error {
	if w := in.options.Evidence; w != nil {
		if _, err := w.Write(b.packets.Bytes()); err != nil {
			return err
		}
	}
	capture, err := pcaps.Read("the boot's packets", strings.NewReader(b.packets.String()), pcaps.Options{Whole: true})
	if err != nil {
		return err
	}
	p, phones := in.phone(capture)
	if p == nil {
		in.result.Open = append(in.result.Open, q.what+": the phone asked for nothing")
		return nil
	}
	in.identify(p)
	before := len(in.result.Found)
	tried := false
	for _, one := range phones {
		tried = tried || len(requested(one)) > 0 || has(one, pcaps.FTPCommand) || has(one, pcaps.TLSHello)
		for _, f := range one.Like() {
			if slices.Contains(q.like, f.Name) {
				in.take(f.Name, f.Value, q)
			}
		}
	}
	if q.find != nil {
		q.find(in, b, p, func(option, value string) { in.take(option, value, q) })
	}
	if tried {
		for _, option := range q.like { // it was tried, and nothing else was seen
			in.take(option, (device.Behaviour{}).Get(option), q)
		}
	}
	for _, f := range in.result.Found[before:] {
		in.options.Tell(fmt.Sprintf("%s: %s", f.Option, f.Value))
	}
	return nil
}

// phone is the one that is interviewed, and all that it may be: a connection that ends
// before a name is said tells nobody's MAC.
func (in *interview) phone(c *pcaps.Capture) (p *pcaps.Phone, all []*pcaps.Phone) {
	for _, one := range c.Phones {
		switch known := in.result.Phone.MAC; {
		case one.MAC.IsZero():
			all = append(all, one)
		case p == nil && (known.IsZero() || known == one.MAC):
			p = one
			all = append(all, one)
		}
	}
	if p == nil && len(all) > 0 && !in.result.Phone.MAC.IsZero() {
		p = all[0]
	}
	return p, all
}

// identify takes who the phone says that it is.
func (in *interview) identify(p *pcaps.Phone) {
	id := p.Identity()
	if !id.MAC.IsZero() {
		in.result.Phone.MAC = id.MAC
	}
	if id.Model != "" {
		in.result.Phone.Model, in.result.Phone.Firmware = id.Model, id.Firmware
	}
}

// take keeps what was found of an option; what is not the default counts more.
func (in *interview) take(option, value string, q question) {
	var b device.Behaviour
	if value == "" && option != "dhcp_hostname" && option != "dhcp_custom" || b.Set(option, value) != nil {
		return
	}
	value = b.Get(option)
	plain := value == (device.Behaviour{}).Get(option)
	if known, ok := in.found[option]; ok && (plain || known != (device.Behaviour{}).Get(option)) {
		return
	}
	in.found[option] = value
	for i, f := range in.result.Found {
		if f.Option == option {
			in.result.Found[i] = Found{option, value, q.what, plain}
			return
		}
	}
	in.result.Found = append(in.result.Found, Found{option, value, q.what, plain})
}

// url is this machine's URL for a path.
func (in *interview) url(scheme, path string) string {
	at := map[string]string{"tftp": in.options.TFTP, "ftp": in.options.FTP, "http": in.options.HTTP, "https": in.options.HTTPS}[scheme]
	_, port, _ := net.SplitHostPort(at)
	host := in.options.Host
	if scheme == "https" && in.options.Name != "" {
		host = in.options.Name
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/" + path
}
