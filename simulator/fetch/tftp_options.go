package fetch

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// oack takes the server's answer to the options and acknowledges it as block 0 (RFC 2347
// "Negotiation Protocol"). One that comes twice is acknowledged twice; one that comes
// after data is late and passed over. (libcurl would begin the file anew.)
func (t *tftpTransfer) oack(from netip.AddrPort, p *tftp.Packet) error {
	switch {
	case t.peer.IsValid() && t.block == 0 && t.blocks == 0 && t.granted:
		return t.repeat(from, "OACK again")
	case t.peer.IsValid():
		return t.ignore(from, "a late OACK")
	}
	how := ""
	if t.tracing() {
		how = clean(p.String())
	}
	if err := t.begin(from, how); err != nil {
		return err
	}
	for _, o := range p.Options {
		if code, err := t.grant(o); err != nil {
			return t.refuse(from, code, err)
		}
	}
	if p.Padding > 0 {
		t.note(from, fmt.Sprintf("%d bytes too many at the end of the OACK", p.Padding))
	}
	t.granted = true
	return t.ack()
}

// grant takes one option of an OACK. A value that can't be taken is refused: "if the
// client rejects the OACK, then it sends an ERROR packet, with error code 8, to the server
// and the transfer is terminated" (RFC 2347 "Negotiation Protocol"; libcurl goes without a
// word). An option that was not asked for should be refused too; libcurl passes it over,
// so the phone does, and it is recorded.
func (t *tftpTransfer) grant(o tftp.Option) (tftp.ErrorCode, *Error) {
	switch {
	case strings.EqualFold(o.Name, tftp.OptionBlksize):
		return t.grantBlksize(o)
	case strings.EqualFold(o.Name, tftp.OptionTsize):
		return t.grantTsize(o)
	case strings.EqualFold(o.Name, tftp.OptionTimeout):
		// "The specified timeout value must match the value specified by the client." (RFC 2349)
		if asked := t.client.shared.behaviour.TFTPTimeout; o.Value != strconv.Itoa(asked) {
			t.note(t.peer, fmt.Sprintf("OACK says %s, but %d was asked for (RFC 2349)", shown(o), asked))
		}
	default:
		t.note(t.peer, fmt.Sprintf("OACK says %s, which was not asked for (RFC 2347)", shown(o)))
	}
	return 0, nil
}

// shown is an option as reports have it.
func shown(o tftp.Option) string { return clean(o.Name + "=" + o.Value) }

// grantBlksize: "The specified value must be less than or equal to the value specified by
// the client." (RFC 2348)
func (t *tftpTransfer) grantBlksize(o tftp.Option) (tftp.ErrorCode, *Error) {
	asked := t.client.shared.behaviour.TFTPBlksize
	n, err := strconv.Atoi(o.Value)
	if err != nil || n < tftp.MinBlksize || n > asked {
		return tftp.OptionRefused, t.fail(trace.Protocol,
			fmt.Sprintf("OACK says %s: not a number from %d to the %d asked for (RFC 2348)", shown(o), tftp.MinBlksize, asked))
	}
	t.blksize = n
	return 0, nil
}

func (t *tftpTransfer) grantTsize(o tftp.Option) (tftp.ErrorCode, *Error) {
	n, err := strconv.ParseInt(o.Value, 10, 64)
	switch {
	case err != nil || n < 0:
		return tftp.OptionRefused, t.fail(trace.Protocol, fmt.Sprintf("OACK says %s: not a number of bytes (RFC 2349)", shown(o)))
	case n == 0 && t.client.shared.behaviour.TFTPTsizeZero != "accept":
		return tftp.OptionRefused, t.fail(trace.Protocol,
			"OACK says tsize=0: an empty file, or a server that repeats the request's 0; libcurl refuses both (option tftp_tsize_zero)")
	case n > t.in.limit:
		e := tooLarge(n, t.in.limit)
		e.Peer = t.peer
		return tftp.DiskFull, e
	case n > 0:
		t.in.expect(n)
	}
	return 0, nil
}

// refuse ends the transfer from our side: the server is told why, and may close it too.
// The ERROR is sent once, and its loss does not matter (RFC 1350 §7).
func (t *tftpTransfer) refuse(to netip.AddrPort, code tftp.ErrorCode, why *Error) error {
	_ = t.socket.write(tftp.AppendError(nil, code, code.String()), to) // why matters more than whether it could be said
	return why
}

// serverError ends the transfer from the server's side. ERROR 1 is a miss only while
// nothing came: a server that breaks off in mid-file sends one too (pin's does).
func (t *tftpTransfer) serverError(from netip.AddrPort, p *tftp.Packet) error {
	code := trace.ServerError
	switch {
	case p.Code == tftp.FileNotFound && t.blocks == 0:
		code = trace.NotFound
	case p.Code == tftp.AccessViolation:
		code = trace.Forbidden
	}
	detail := fmt.Sprintf("ERROR %d", uint16(p.Code))
	text := clean(p.Message)
	if text == "" && p.Code <= tftp.OptionRefused {
		text = p.Code.String()
	}
	if text != "" {
		detail += ": " + text
	}
	if t.peer.IsValid() {
		detail += ", after " + t.progress()
		// libcurl answers an ERROR in mid-transfer with one of its own, which has no text
		// and the last block's number for its code.
		bare := tftp.AppendError(nil, tftp.ErrorCode(t.block), "")
		_ = t.socket.write(bare[:tftp.HeaderSize], t.peer) // the transfer is over, heard or not
	}
	return t.failFrom(from, code, detail)
}
