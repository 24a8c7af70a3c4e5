package interview

import (
	"errors"
	"net"
	"path"
	"strconv"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpMode is how TFTP is served.
type tftpMode int

// The ways of serving TFTP.
const (
	tftpRight   tftpMode = iota // options are granted (RFC 2347)
	tftpPlain                   // no OACK: plain DATA
	tftpSilent                  // requests are not answered
	tftpZero                    // the OACK announces 0 bytes (RFC 2349)
	tftpStalled                 // silence after the first block
	tftpEndless                 // the file has no end, and its blocks come slowly
)

// What the interviewing TFTP server allows itself.
const (
	tftpPatience = 2 * time.Second        // for one ACK
	tftpTries    = 5                      // sendings of one block
	tftpPause    = 250 * time.Millisecond // between the blocks of a file that does not end
)

// openTFTP serves TFTP.
func (b *Boot) openTFTP() error {
	if b.in.options.TFTP == "" {
		return nil
	}
	conn, err := b.tap.ListenPacket(b.ctx, "udp4", b.in.options.TFTP)
	if err != nil {
		return err
	}
	b.closers = append(b.closers, conn.Close)
	turn := make(chan struct{}, maxClients)
	b.running.Go(func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFrom(buf)
			if errors.Is(err, net.ErrClosed) || b.ctx.Err() != nil {
				return
			}
			p, parseErr := tftp.Parse(buf[:max(n, 0)])
			if err != nil || parseErr != nil || p.Op != tftp.RRQ {
				continue
			}
			b.sign()
			if b.stage.tftp == tftpSilent {
				continue
			}
			select {
			case turn <- struct{}{}:
				b.running.Go(func() { b.transfer(from, p); <-turn })
			default: // as if it got lost: who needs it asks again
			}
		}
	})
	return nil
}

// tftpTalk is one transfer.
type tftpTalk struct {
	b    *Boot
	conn net.PacketConn
	to   net.Addr
}

// transfer answers one request from a port of its own (RFC 1350 §4).
func (b *Boot) transfer(to net.Addr, request tftp.Packet) {
	host, _, _ := net.SplitHostPort(b.in.options.TFTP)
	conn, err := b.tap.ListenPacket(b.ctx, "udp4", net.JoinHostPort(host, "0"))
	if err != nil {
		return
	}
	stop := make(chan struct{})
	defer close(stop)
	b.running.Go(func() {
		select {
		case <-stop:
		case <-b.ctx.Done():
		}
		_ = conn.Close()
	})
	t := &tftpTalk{b, conn, to}
	body, ok := b.stage.file(request.Filename)
	if !ok {
		t.write(tftp.AppendError(nil, tftp.FileNotFound, "File not found"))
		return
	}
	size := tftp.DefaultBlksize
	if b.stage.tftp != tftpPlain && len(request.Options) > 0 {
		var granted []tftp.Option
		granted, size = grant(request.Options, b.stage.tsize(len(body)))
		if !t.exchange(tftp.AppendOACK(nil, granted...), 0) {
			return
		}
	}
	t.send([]byte(body), size)
}

// grant accepts options, with the size of the file.
func grant(asked []tftp.Option, tsize int) (granted []tftp.Option, blksize int) {
	blksize = tftp.DefaultBlksize
	for _, o := range asked {
		switch o.Name {
		case tftp.OptionBlksize:
			if n, err := strconv.Atoi(o.Value); err == nil && n >= tftp.MinBlksize && n <= tftp.MaxBlksize {
				granted, blksize = append(granted, o), n
			}
		case tftp.OptionTsize:
			granted = append(granted, tftp.Option{Name: o.Name, Value: strconv.Itoa(tsize)})
		case tftp.OptionTimeout:
			granted = append(granted, o)
		}
	}
	return granted, blksize
}

// send sends the file's blocks, each until it is acknowledged.
func (t *tftpTalk) send(body []byte, size int) {
	if t.b.stage.tftp == tftpEndless {
		t.endless(size)
		return
	}
	for block := uint16(1); ; block++ {
		n := min(len(body), size)
		if !t.exchange(tftp.AppendData(nil, block, body[:n]), block) || n < size {
			return
		}
		if body = body[n:]; t.b.stage.tftp == tftpStalled {
			t.listen()
			return
		}
	}
}

// endless sends a file that does not end, and notes when it began.
func (t *tftpTalk) endless(size int) {
	t.b.begin()
	over := time.NewTimer(t.b.in.options.Longest)
	defer over.Stop()
	block := make([]byte, size)
	for i := range block {
		block[i] = "# \n"[i%3]
	}
	tick := time.NewTicker(tftpPause)
	defer tick.Stop()
	for n := uint16(1); t.exchange(tftp.AppendData(nil, n, block), n); n++ {
		select {
		case <-tick.C:
		case <-over.C:
			t.b.stop()
			return
		case <-t.b.ctx.Done():
			return
		}
	}
}

// listen hears what the phone says to a server that is silent.
func (t *tftpTalk) listen() {
	buf := make([]byte, 2048)
	_ = t.conn.SetReadDeadline(time.Time{})
	for {
		if _, _, err := t.conn.ReadFrom(buf); err != nil {
			return
		}
		t.b.sign()
	}
}

// exchange sends a packet until its ACK comes; false: the phone ended it, or is silent.
func (t *tftpTalk) exchange(packet []byte, block uint16) bool {
	buf := make([]byte, 2048)
	for range tftpTries {
		t.write(packet)
		limit := time.Now().Add(tftpPatience)
		for {
			_ = t.conn.SetReadDeadline(limit)
			n, _, err := t.conn.ReadFrom(buf)
			if errors.Is(err, net.ErrClosed) {
				return false
			}
			if err != nil {
				break // a deadline: once more
			}
			t.b.sign()
			p, err := tftp.Parse(buf[:n])
			if err == nil && p.Op == tftp.ACK && p.Block == block {
				return true
			}
			if err == nil && p.Op == tftp.ERROR {
				return false
			}
		}
	}
	return false
}

func (t *tftpTalk) write(packet []byte) {
	_, _ = t.conn.WriteTo(packet, t.to) // what gets lost is sent again
}

// file returns a file of the stage.
func (s *stage) file(name string) (string, bool) {
	if body, ok := s.paths[name]; ok {
		return body, true
	}
	body, ok := s.files[path.Base(name)]
	return body, ok
}

// tsize is what is announced of a file's size.
func (s *stage) tsize(size int) int {
	if s.tftp == tftpZero {
		return 0
	}
	return size
}
