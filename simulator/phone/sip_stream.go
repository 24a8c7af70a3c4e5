package phone

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

const (
	maxSIPConns  = 64               // connections that others may open
	sipRestTime  = 10 * time.Minute // for such a connection between messages
	sipStallTime = 30 * time.Second // for a message to come in whole, and for one to leave
)

// serveTCP takes connections until the listener closes.
func (s *sipStack) serveTCP() {
	for {
		conn, err := s.tcp.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) || s.ctx.Err() != nil {
				return
			}
			select { // no descriptors left, or the like: that may pass
			case <-time.After(time.Second):
				continue
			case <-s.ctx.Done():
				return
			}
		}
		if !s.adopt(conn, maxSIPConns) {
			conn.Close()
			continue
		}
		s.tasks.Go(func() { s.serveConn(conn, sipRestTime) })
	}
}

// adopt makes the stack close conn in the end; false where there are most already, or
// the stack is closed.
func (s *sipStack) adopt(conn net.Conn, most int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil || len(s.conns) >= most {
		return false
	}
	s.conns[conn] = true
	return true
}

// serveConn answers what comes over a connection, whoever opened it, until it ends, or
// rests for too long; rest 0: it may rest for ever.
func (s *sipStack) serveConn(conn net.Conn, rest time.Duration) {
	defer func() {
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
		conn.Close()
	}()
	from := addrPortOf(conn.RemoteAddr())
	in := bufio.NewReaderSize(conn, maxSIPLine+2)
	send := func(answer []byte, _ netip.AddrPort) error { return writeSIP(conn, answer) }
	for {
		raw, err := readSIPStream(in, func(whole bool) {
			var limit time.Time
			switch {
			case !whole:
				limit = time.Now().Add(sipStallTime)
			case rest > 0:
				limit = time.Now().Add(rest)
			}
			_ = conn.SetReadDeadline(limit) // on a closed connection: reading says it better
		})
		if err != nil {
			if errors.Is(err, errSIPTooLarge) {
				s.count(sipAction{dropped: err}, false)
			}
			return
		}
		s.receive(raw, from, send)
	}
}

func writeSIP(conn net.Conn, message []byte) error {
	_ = conn.SetWriteDeadline(time.Now().Add(sipStallTime)) // on a closed connection: Write says it better
	_, err := conn.Write(message)
	return err
}

// readSIPStream reads one message of a stream: "The Content-Length header field value
// is used to locate the end of each SIP message in a stream" (RFC 3261 §18.3). Empty
// lines between messages are keep-alives. begun is told whether a message has begun.
func readSIPStream(in *bufio.Reader, begun func(whole bool)) ([]byte, error) {
	var message []byte
	length := 0
	begun(true)
	for lines := 0; ; lines++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) || lines > maxSIPHeaders+1 || len(message)+len(line) > maxSIPMessage {
			return nil, errSIPTooLarge
		}
		if err != nil {
			return nil, err
		}
		empty := len(bytes.TrimRight(line, "\r\n")) == 0
		if empty && len(message) == 0 {
			lines = 0
			continue
		}
		if len(message) == 0 {
			begun(false)
		}
		message = append(message, line...)
		if empty {
			break
		}
		if n, ok := contentLength(line); ok {
			length = n
		}
	}
	if len(message)+length > maxSIPMessage {
		return nil, errSIPTooLarge
	}
	head := len(message)
	message = append(message, make([]byte, length)...)
	_, err := io.ReadFull(in, message[head:])
	return message, err
}

// contentLength reads a Content-Length line.
func contentLength(line []byte) (int, bool) {
	name, value, _ := strings.Cut(string(line), ":")
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "content-length", "l":
		n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 16)
		return int(n), err == nil
	}
	return 0, false
}
