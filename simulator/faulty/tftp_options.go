package faulty

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// negotiate grants blksize and tsize (RFC 2348, RFC 2349); other options are passed over
// (RFC 2347: "unrecognized options are ignored").
func (t *tftpTransfer) negotiate() {
	t.blksize = tftp.DefaultBlksize
	for _, o := range t.request.Options {
		n, err := strconv.Atoi(o.Value)
		if err != nil {
			continue
		}
		switch {
		case strings.EqualFold(o.Name, tftp.OptionBlksize) && n >= tftp.MinBlksize && n <= tftp.MaxBlksize:
			t.blksize = n
			t.grant(o.Name, n)
		// Of an empty file no size is told: libcurl takes 0 for an echo of its own 0.
		case strings.EqualFold(o.Name, tftp.OptionTsize) && n == 0 && !isNetascii(t.request.Mode) && len(t.body) > 0:
			t.grant(o.Name, len(t.body))
		}
	}
	f := &t.service.fault
	if f.options != nil {
		t.granted = f.options(t, t.granted)
	}
	if f.forceSize != 0 {
		t.blksize = f.forceSize
	}
}

func (t *tftpTransfer) grant(name string, value int) {
	t.granted = append(t.granted, tftp.Option{Name: name, Value: strconv.Itoa(value)})
}

// asked reports whether the client asked for an option.
func (t *tftpTransfer) asked(name string) bool {
	_, ok := t.request.Option(name)
	return ok
}

func isNetascii(mode string) bool { return strings.EqualFold(mode, tftp.Netascii) }

func validMode(mode string) bool { return isNetascii(mode) || strings.EqualFold(mode, tftp.Octet) }

// toNetascii ends lines with CR LF, and follows any other CR by NUL (RFC 764).
func toNetascii(body []byte) []byte {
	body = bytes.ReplaceAll(body, []byte("\r"), []byte("\r\x00"))
	return bytes.ReplaceAll(body, []byte("\n"), []byte("\r\n"))
}
