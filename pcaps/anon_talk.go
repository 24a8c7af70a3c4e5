package pcaps

import (
	"bufio"
	"bytes"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
)

// headers whose values are numbers, dates and words of the protocol.
var framing = regexp.MustCompile(`(?i)^(content-length|cseq|expires|max-forwards|date|last-modified|age|content-range|range|retry-after|` +
	`connection|transfer-encoding|content-encoding|content-type|keep-alive|l|c)$`)

var (
	credentials = regexp.MustCompile(`(?i)^(proxy-)?authorization$`)
	cookies     = regexp.MustCompile(`(?i)^(set-)?cookie$`)
)

// heads replaces what is somebody's in the head of an HTTP or SIP message.
func (d *disguise) heads(b []byte) {
	first := true
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		name, value, ok := bytes.Cut(line, []byte{':'})
		switch {
		case first || !ok:
			d.text(line, false)
		case framing.Match(bytes.TrimSpace(name)):
			d.keep(string(value))
		case credentials.Match(bytes.TrimSpace(name)):
			d.authorization(value)
		case cookies.Match(bytes.TrimSpace(name)):
			d.text(value, true)
		default:
			d.text(value, false)
		}
		if ok && !first {
			d.keep(string(name))
		}
		first, b = false, rest
	}
}

// authorization replaces credentials: Basic's are decoded, Digest's have a name, and
// numbers that follow from the password.
func (d *disguise) authorization(value []byte) {
	text := strings.TrimSpace(string(value))
	scheme, rest, _ := strings.Cut(text, " ")
	at := bytes.Index(value, []byte(rest))
	switch {
	case rest == "":
	case strings.EqualFold(scheme, "basic"):
		if to := d.basic(strings.TrimSpace(rest)); !d.learning && len(to) == len(strings.TrimSpace(rest)) {
			copy(value[at:], to)
		}
	case strings.EqualFold(scheme, "digest"):
		d.text(value[at:], true)
	default:
		if to := d.secret(rest); !d.learning {
			copy(value[at:], to)
		}
	}
}

// message is a SIP message: head and body.
func (d *disguise) message(b []byte) {
	end := headEnd(b)
	if end < 0 {
		end = len(b)
	}
	d.heads(b[:end])
	d.text(b[end:], false)
}

// sip replaces what is somebody's in one direction of a TCP connection of SIP messages.
func (d *disguise) sip(b []byte) {
	for len(b) > 0 {
		rest := nextSIP(b)
		d.rest(b[:len(b)-len(rest)]) // keep-alives, or a message of which the beginning is missing
		b = rest
		end := headEnd(b)
		if end < 0 {
			d.rest(b)
			return
		}
		length, told := contentLength(b[:end])
		if !told || length > len(b)-end {
			length = len(b) - end - len(nextSIP(b[end:]))
		}
		d.message(b[:end+length])
		b = b[end+length:]
	}
}

// http replaces what is somebody's in one direction of an HTTP connection.
func (d *disguise) http(b []byte) {
	for len(b) > 0 {
		end := headEnd(b)
		if end < 0 || end > maxHTTPHead {
			d.rest(b)
			return
		}
		var r bodyReader
		if bytes.HasPrefix(b, []byte("HTTP/")) {
			res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b[:end])), nil) //nolint:bodyclose // it is given no body
			if err != nil {
				d.rest(b)
				return
			}
			if length := res.ContentLength; length != 0 && res.StatusCode >= 200 && res.StatusCode != 204 && res.StatusCode != 304 {
				r.begin(length, res.TransferEncoding)
			}
		} else {
			req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b[:end])))
			if err != nil {
				d.rest(b)
				return
			}
			r.begin(max(0, req.ContentLength), req.TransferEncoding)
		}
		d.heads(b[:end])
		b = b[end:]
		var parts [][]byte
		b = r.take(b, func(p []byte) { parts = append(parts, p) })
		d.joined(parts, d.body)
		if r.open() {
			return
		}
	}
}

// rest is what stands where a head was expected.
func (d *disguise) rest(b []byte) {
	if isText(b) {
		d.text(b, true)
		return
	}
	d.blank(b)
}

// joined works on parts of one text as if they were one piece.
func (d *disguise) joined(parts [][]byte, f func([]byte)) {
	if len(parts) == 1 {
		f(parts[0])
		return
	}
	all := bytes.Join(parts, nil)
	f(all)
	for _, p := range parts {
		if !d.learning {
			copy(p, all)
		}
		all = all[len(p):]
	}
}

// ftp replaces what is somebody's in one direction of an FTP control connection, and
// learns where data connections go.
func (d *disguise) ftp(b []byte, fromClient bool, client, server netip.Addr) {
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		verb, arg, _ := bytes.Cut(line, []byte{' '})
		word := strings.ToUpper(string(bytes.TrimSpace(verb)))
		host := server
		if fromClient {
			host = client
		}
		if word == "PORT" || word == "EPRT" || word == "227" || word == "229" {
			if a, ok := dataAddress(string(arg), host); ok && d.learning && len(d.ftpPorts) < maxExpected {
				d.ftpPorts[a] = true
			}
		}
		switch arg = bytes.TrimRight(arg, "\r"); {
		case fromClient && (word == "PASS" || word == "ACCT"):
			if to := d.secret(string(arg)); !d.learning && len(arg) > 0 {
				copy(arg, to)
			}
		case fromClient && word == "USER":
			d.text(arg, true)
		default:
			d.text(line, false)
		}
		b = rest
	}
}
