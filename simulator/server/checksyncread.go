package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// sipHeader is the headers of a message by their names in lower case and in full.
type sipHeader map[string][]string

// sipAnswer is a response to a NOTIFY.
type sipAnswer struct {
	code   int
	reason string
	header sipHeader
}

// exchange sends one request until its final answer is there.
func (c *checkSyncCall) exchange(ctx context.Context, cseq int, authorization string) (CheckSyncAnswer, sipHeader, error) {
	request := c.request(cseq, "z9hG4bK"+rand.Text()[:16], authorization)
	stop := context.AfterFunc(ctx, func() { _ = c.conn.SetReadDeadline(time.Unix(1, 0)) }) // releases the read
	defer stop()
	in := bufio.NewReaderSize(c.conn, maxSIP)
	interval, sendings, due := sipT1, 0, time.Now()
	for {
		if now := time.Now(); !due.IsZero() && !now.Before(due) {
			sendings++
			if c.OnSend != nil {
				c.OnSend(sendings, addrPort(c.conn.LocalAddr()), addrPort(c.conn.RemoteAddr()))
			}
			if _, err := c.conn.Write(request); err != nil {
				return CheckSyncAnswer{}, nil, err
			}
			due = now.Add(interval)
			interval = min(2*interval, sipT2)
			if c.To.Transport == "tcp" {
				due = time.Time{}
			}
		}
		if err := c.conn.SetReadDeadline(due); err != nil {
			return CheckSyncAnswer{}, nil, err
		}
		if ctx.Err() != nil {
			return CheckSyncAnswer{}, nil, ctx.Err()
		}
		a, err := c.read(in)
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, errOtherSIP):
		case err != nil:
			return CheckSyncAnswer{}, nil, err
		case a.header.is(c.callID, cseq) && a.code >= 200:
			return CheckSyncAnswer{Code: a.code, Reason: a.reason, Sendings: sendings}, a.header, nil
		case a.header.is(c.callID, cseq):
			interval = sipT2 // provisional (RFC 3261 §17.1.2.2)
		}
	}
}

// errOtherSIP is a message that is no answer.
var errOtherSIP = errors.New("not a SIP response")

// read reads one message: a datagram, or what a stream has next.
func (c *checkSyncCall) read(in *bufio.Reader) (*sipAnswer, error) {
	if c.To.Transport == "tcp" {
		return readSIP(in)
	}
	datagram := make([]byte, maxSIP)
	n, err := c.conn.Read(datagram)
	if err != nil {
		return nil, err
	}
	a, err := readSIP(bufio.NewReaderSize(bytes.NewReader(datagram[:n]), maxSIP))
	if err != nil {
		return nil, errOtherSIP // whatever is wrong with it, another one may come
	}
	return a, nil
}

// readSIP reads a response, its lines ended by CRLF or LF. It reads its body over.
func readSIP(in *bufio.Reader) (*sipAnswer, error) {
	lines, err := readHead(in)
	if err != nil {
		return nil, err
	}
	a := &sipAnswer{header: make(sipHeader)}
	version, rest, _ := strings.Cut(lines[0], " ")
	code, reason, _ := strings.Cut(rest, " ")
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		a.header.add(name, value)
	}
	if n, err := strconv.Atoi(a.header.first("content-length")); err == nil && n > 0 && n <= maxSIP {
		if _, err := in.Discard(n); err != nil {
			return nil, err
		}
	}
	a.code, err = strconv.Atoi(code)
	if !strings.EqualFold(version, "SIP/2.0") || err != nil || a.code < 100 || a.code > 699 {
		return nil, errOtherSIP
	}
	a.reason = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, reason)
	return a, nil
}

// readHead reads the lines up to the empty one, or to the end; at least one. Empty
// lines before them are keep-alives.
func readHead(in *bufio.Reader) (lines []string, err error) {
	for size := 0; err == nil; {
		var raw []byte
		raw, err = in.ReadSlice('\n')
		if size += len(raw); size > maxSIP || errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("an answer of more than %d bytes", maxSIP)
		}
		switch line := strings.TrimRight(string(raw), "\r\n"); {
		case line != "":
			lines = append(lines, line)
		case len(lines) > 0:
			return lines, nil
		}
	}
	if len(lines) > 0 && errors.Is(err, io.EOF) {
		return lines, nil
	}
	return nil, err
}

func (h sipHeader) add(name, value string) {
	name = strings.ToLower(strings.TrimSpace(name))
	switch name { // RFC 3261 §7.3.3
	case "i":
		name = "call-id"
	case "l":
		name = "content-length"
	}
	h[name] = append(h[name], strings.TrimSpace(value))
}

func (h sipHeader) first(name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// is reports whether an answer is for that request.
func (h sipHeader) is(callID string, cseq int) bool {
	number, _, _ := strings.Cut(h.first("cseq"), " ")
	return h.first("call-id") == callID && number == strconv.Itoa(cseq)
}
