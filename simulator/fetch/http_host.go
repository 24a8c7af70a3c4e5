package fetch

import (
	"context"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// webHost is a server of one pass, and the one connection with it.
type webHost struct {
	secure  bool
	address string        // HOST:PORT
	turn    chan struct{} // full while somebody uses the connection

	kept *webConn // good for the next request; nil: none. web.mu guards it
}

// host returns where u is served.
func (w *web) host(u *url.URL) (*webHost, error) {
	secure := strings.EqualFold(u.Scheme, "https")
	port := "80"
	if secure {
		port = "443"
	}
	address, err := hostPort(u, port)
	if err != nil {
		return nil, err
	}
	if ascii, err := httpguts.PunycodeHostPort(address); err == nil {
		address = ascii
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range w.hosts {
		if h.secure == secure && h.address == address {
			return h, nil
		}
	}
	h := &webHost{secure: secure, address: address, turn: make(chan struct{}, 1)}
	w.hosts = append(w.hosts, h)
	return h, nil
}

// take waits for the turn to use the connection. Its error is the context's.
func (h *webHost) take(ctx context.Context) error {
	select {
	case h.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case h.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// connection returns the connection that was kept, where it still is one, or makes
// another. The caller has the turn.
func (w *web) connection(ctx context.Context, h *webHost) (*webConn, error) {
	w.mu.Lock()
	c := h.kept
	h.kept = nil
	w.mu.Unlock()
	if c != nil {
		if c.under(ctx) && c.alive() {
			return c, nil
		}
		c.close(w.options.Shared)
	}
	dial := w.dial
	if h.secure {
		dial = w.dialTLS
	}
	conn, err := dial(ctx, h.address)
	if err != nil {
		return nil, err
	}
	c = newWebConn(conn, w.options.Shared.webBuffers())
	c.under(ctx)
	return c, nil
}

// give takes a connection back, and lets the next one have the turn.
func (w *web) give(h *webHost, c *webConn, keep bool) {
	w.mu.Lock()
	if keep = keep && !w.closed; keep {
		h.kept = c
	}
	w.mu.Unlock()
	if !keep {
		c.close(w.options.Shared)
	}
	<-h.turn
}

func (w *web) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := w.options.Network.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &idleConn{Conn: conn, limit: w.idle}, nil
}

func (w *web) dialTLS(ctx context.Context, address string) (net.Conn, error) {
	w.mu.Lock()
	if w.tls.config == nil {
		w.tls = newTLS(w.options.Shared)
	}
	w.mu.Unlock()
	return w.tls.dial(ctx, w.options.Network, address, w.idle)
}

// Close ends the connections that are kept.
func (w *web) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, h := range w.hosts {
		if h.kept != nil {
			h.kept.close(w.options.Shared)
			h.kept = nil
		}
	}
	return nil
}
