package faulty

import (
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpMissFaults are about how a client is told that a file is not there.
func tftpMissFaults() []spec {
	return []spec{
		{name: "miss-told-once", clause: MissSilence, rule: "FIP-TFTP-010", doc: "a miss is told once to each port of a client",
			spoil: onTFTP(func(f *tftpFault) { f.missOnce = true })},
		{name: "miss-late", clause: MissSilence, rule: "FIP-TFTP-015",
			doc:   "that a file is missing is told after five seconds: a database is asked for each phone",
			spoil: onTFTP(func(f *tftpFault) { f.missDelay = 5 * time.Second })},
		{name: "error-unterminated", clause: MissCode, rule: "FIP-TFTP-014", doc: "the text of an ERROR has no NUL at its end",
			spoil: onTFTP(func(f *tftpFault) { f.bareErrors = true })},
	}
}

// tftpServiceFaults are about many clients, and bad ones.
func tftpServiceFaults() []spec {
	return []spec{
		{name: "first-answer-late", clause: Lost, rule: "FIP-TFTP-009", doc: "the first answer takes five seconds: a name is looked up",
			spoil: onTFTP(func(f *tftpFault) { f.delay = 5 * time.Second })},
		{name: "error-not-heard", clause: Negotiation, rule: "FIP-TFTP-011",
			doc:   "an ERROR from the phone is passed over: blocks are sent on",
			spoil: onTFTP(func(f *tftpFault) { f.deafToErrors = true })},
		{name: "request-again-restarts", clause: Duplicated, rule: "FIP-TFTP-024",
			doc:   "a request that comes twice ends the transfer of the first",
			spoil: onTFTP(func(f *tftpFault) { f.restarts = true })},
		{name: "again-at-once", clause: Duplicated, rule: "FIP-TFTP-025",
			doc:   "a block is sent again every 20 milliseconds until it is acknowledged",
			spoil: onTFTP(func(f *tftpFault) { f.resend = 20 * time.Millisecond })},
		{name: "timeout-not-kept", clause: Negotiation, rule: "FIP-TFTP-038",
			doc:   "the timeout that is asked for is granted, and one of 7 seconds kept",
			spoil: onTFTP(func(f *tftpFault) { f.resend, f.options = 7*time.Second, grantTimeout })},
		{name: "netascii-silence", clause: RefusesRequests, rule: "FIP-TFTP-008", doc: "no answer to a request in mode netascii",
			spoil: onTFTP(func(f *tftpFault) {
				f.ignores = func(p *tftp.Packet) bool { return isNetascii(p.Mode) }
			})},
		{name: "blksize-any", clause: Negotiation, rule: "FIP-TFTP-042", doc: "any block size is granted as it was asked for, even 7",
			spoil: options(grantAnySize)},
		{name: "writable", clause: Escape, rule: "FIP-TFTP-053", doc: "everybody can write over any file: backups of phones",
			spoil: onTFTP(func(f *tftpFault) { f.writable = true })},
		{name: "abandoned", clause: Abandoned, rule: "FIP-TFTP-050",
			doc:   "a transfer that its client gave up keeps one of 25 slots for ever",
			spoil: onTFTP(func(f *tftpFault) { f.slots = 25 })},
		{name: "abandoned-more", clause: Abandoned, rule: "FIP-TFTP-050", doc: "as abandoned, with 31 slots: a table of fixed size",
			spoil: onTFTP(func(f *tftpFault) { f.slots = 31 })},
		{name: "one-at-a-time", clause: OneAtATime, rule: "FIP-MANY-004", doc: "one transfer after the other: a loop without workers",
			spoil: onTFTP(func(f *tftpFault) { f.serial = true })},
		{name: "dies-of-stump", clause: AfterMalformed, rule: "FIP-TFTP-052",
			doc:   "nothing is served after a packet of less than four bytes",
			spoil: onTFTP(func(f *tftpFault) { f.dies = func(b []byte) bool { return len(b) < tftp.HeaderSize } })},
		{name: "dies-of-request", clause: AfterMalformed, rule: "FIP-TFTP-051",
			doc: "nothing is served after a request whose text does not end",
			spoil: onTFTP(func(f *tftpFault) {
				f.dies = func(b []byte) bool {
					_, err := tftp.Parse(b)
					return err != nil && len(b) >= tftp.HeaderSize && b[1] == 1
				}
			})},
		{name: "dies-of-opcode", clause: AfterMalformed, rule: "FIP-TFTP-052",
			doc: "nothing is served after a packet of an unknown kind",
			spoil: onTFTP(func(f *tftpFault) {
				f.dies = func(b []byte) bool { return len(b) > 1 && (b[0] != 0 || b[1] > 6 || b[1] == 0) }
			})},
	}
}

// grantTimeout grants the timeout that was asked for.
func grantTimeout(t *tftpTransfer, granted []tftp.Option) []tftp.Option {
	if value, ok := t.request.Option(tftp.OptionTimeout); ok {
		granted = append(granted, tftp.Option{Name: tftp.OptionTimeout, Value: value})
	}
	return granted
}

// grantAnySize grants the block size that was asked for, whatever it is.
func grantAnySize(t *tftpTransfer, granted []tftp.Option) []tftp.Option {
	value, ok := t.request.Option(tftp.OptionBlksize)
	for _, o := range granted {
		ok = ok && !strings.EqualFold(o.Name, tftp.OptionBlksize)
	}
	if n, err := strconv.Atoi(value); ok && err == nil && n > 0 {
		t.blksize = n
	}
	if ok {
		granted = append(granted, tftp.Option{Name: tftp.OptionBlksize, Value: value})
	}
	return granted
}
