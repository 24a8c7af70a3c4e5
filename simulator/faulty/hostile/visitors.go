package hostile

import (
	"context"
	"net"
	"slices"
	"time"
)

// Doors are a server's, as HOST:PORT; what is empty is not there.
type Doors struct{ TFTP, FTP, HTTP, HTTPS, PnP, DHCP string }

// Visitor is one thing that a client does to a server, by name.
type Visitor struct {
	Name string // "phone-subscribe-flood"
	Does string // as a sentence without a full stop

	visit func(*guest)
}

// Visit lets it do its worst, until it is done or ctx ends. It returns when nothing of it
// runs any more.
func (v Visitor) Visit(ctx context.Context, d Doors) {
	g := &guest{Doors: d, ctx: ctx}
	v.visit(g)
}

// guest is a visit.
type guest struct {
	Doors
	ctx context.Context //nolint:containedctx // its end is the visit's
}

// Visitors returns all of them.
func Visitors() []Visitor { return slices.Concat(askVisitors, fileVisitors) }

// packets sends some thousand datagrams from a port of its own.
func (g *guest) packets(to string, packet func(n int) string) {
	c := g.dial("udp", to)
	if c == nil {
		return
	}
	defer c.Close()
	for n := range 2000 {
		if g.ctx.Err() != nil {
			return
		}
		say(c, packet(n))
		if n%100 == 99 {
			g.pause(time.Millisecond) // not all of it in one go: the server is to see it
		}
	}
}

// talk says something over TCP, and hears what comes for a while.
func (g *guest) talk(to, text string) {
	c := g.dial("tcp", to)
	if c == nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(200 * time.Millisecond)) // of a socket that is open
	say(c, text)
	_, _ = c.Read(make([]byte, 64<<10)) // whatever it is
}

// dial returns a connection, nil where there is none.
func (g *guest) dial(network, to string) net.Conn {
	if to == "" {
		return nil
	}
	c, err := (&net.Dialer{Timeout: time.Second}).DialContext(g.ctx, network, to)
	if err != nil {
		return nil
	}
	return c
}

func (g *guest) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-g.ctx.Done():
	}
}
