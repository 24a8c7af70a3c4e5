package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/pin/tftp/v3"
)

// How the TFTP side waits. Phones ask for a timeout of 3 s, which pin neither grants nor
// refuses (RFC 2347 §2: an option that is not acknowledged is ignored), so 3 s is what
// everybody gets: four sends in 12 s, which outlasts the phone's own three.
const (
	tftpTimeout = 3 * time.Second
	tftpRetries = 3
)

// tftpReadBuffer holds the requests of many phones that start at the same moment.
const tftpReadBuffer = 4 << 20

var errClosing = errors.New("the server is closing")

// tftpService serves the tree over TFTP (RFC 1350) with the options blksize and tsize
// (RFC 2348, RFC 2349). Each transfer has a port of its own (RFC 1350 §4).
type tftpService struct {
	server *Server
	pin    *tftp.Server
	conn   net.PacketConn
	gate   gate
	done   chan struct{} // closed when the socket is no longer read
}

func startTFTP(ctx context.Context, s *Server, address string) (service, *url.URL, error) {
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, nil, err
	}
	if udp, ok := conn.(*net.UDPConn); ok {
		_ = udp.SetReadBuffer(tftpReadBuffer) // as much as the system allows; less only costs resends
	}
	t := &tftpService{server: s, conn: conn, done: make(chan struct{})}
	t.pin = tftp.NewServer(t.read, t.write)
	t.pin.SetTimeout(tftpTimeout)
	t.pin.SetRetries(tftpRetries)
	t.pin.SetBackoff(t.backoff)
	go func() {
		defer close(t.done)
		_ = t.pin.Serve(conn) // fails only on an address that is none; ours is bound
	}()
	return t, baseURL("tftp", conn.LocalAddr()), nil
}

// close ends the transfers too. Pin's Shutdown waits for them: for a client that went
// silent up to tftpTimeout, after which backoff ends the transfer.
func (t *tftpService) close() error {
	t.gate.close()
	t.pin.Shutdown()
	t.conn.Close() // again: pin knows its socket only once Serve has begun
	<-t.done
	t.gate.wait()
	return nil
}

// backoff is called before a packet is sent again. Pin offers no way to end a transfer
// from outside, so this leaves its resend loop by a panic that read recovers; pin's own
// deferred call closes the transfer's socket on the way.
func (t *tftpService) backoff(int) time.Duration {
	if t.gate.isShut() {
		panic(errClosing)
	}
	return 0
}

// read serves a read request. Its error becomes the ERROR packet; pin gives every one
// the code 1, File not found (RFC 1350 §5).
func (t *tftpService) read(name string, to io.ReaderFrom) (err error) {
	if !t.gate.enter() {
		return errClosing
	}
	defer t.gate.leave()
	request := t.request(name, to)
	defer func() {
		if caught := recover(); caught != nil {
			err = errClosing
			if caught != any(errClosing) {
				err = fmt.Errorf("serve TFTP: %v", caught)
			}
			request.Outcome, request.Detail = Failed, err.Error()
		}
		t.server.history.add(request)
	}()
	return t.send(&request, to)
}

func (t *tftpService) send(request *Request, to io.ReaderFrom) error {
	f, cleaned, err := open(t.server.current(), request.Name)
	request.Name = cleaned
	if err != nil {
		request.Outcome, request.Status, request.Detail = outcomeOf(err), "ERROR 1", err.Error()
		return err
	}
	defer f.Close()
	if transfer, ok := to.(tftp.OutgoingTransfer); ok {
		transfer.SetSize(f.size)
	}
	request.Bytes, err = to.ReadFrom(&untilShut{f, &t.gate})
	if err != nil {
		request.Outcome, request.Detail = Failed, strings.TrimRight(err.Error(), "\x00")
	}
	return err
}

// write refuses a write request: the tree is only read.
func (t *tftpService) write(name string, from io.WriterTo) error {
	request := t.request(name, from)
	err := fmt.Errorf("%w: this server is read-only", errRefused)
	request.Outcome, request.Status, request.Detail = Refused, "ERROR 1", err.Error()
	t.server.history.add(request)
	return err
}

func (t *tftpService) request(name string, transfer any) Request {
	r := Request{At: time.Now(), Scheme: "tftp", Name: name, Outcome: Sent}
	if remote, ok := transfer.(interface{ RemoteAddr() net.UDPAddr }); ok {
		addr := remote.RemoteAddr()
		r.Peer = addrPort(&addr)
	}
	return r
}

// untilShut reads a file until the server closes.
type untilShut struct {
	io.Reader
	gate *gate
}

func (r *untilShut) Read(p []byte) (int, error) {
	if r.gate.isShut() {
		return 0, errClosing
	}
	return r.Reader.Read(p)
}

// outcomeOf sorts the errors of open.
func outcomeOf(err error) Outcome {
	switch {
	case errors.Is(err, errNoFile):
		return NotFound
	case errors.Is(err, errRefused):
		return Refused
	default:
		return Failed
	}
}
