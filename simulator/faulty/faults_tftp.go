package faulty

import (
	"strings"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpFaults are about packets of TFTP.
func tftpFaults() []spec {
	var all []spec
	for _, table := range [][]spec{
		tftpLossFaults(), tftpDoubleFaults(), tftpOptionFaults(), tftpValueFaults(), tftpRequestFaults(),
		tftpNumberFaults(), tftpMissFaults(), tftpServiceFaults(),
	} {
		for _, s := range table {
			s.protocols = "tftp"
			all = append(all, s)
		}
	}
	return all
}

func onTFTP(set func(f *tftpFault)) func(*behaviour) {
	return func(b *behaviour) { set(&b.tftp) }
}

// sending is a fault of what is sent.
func sending(send func(t *tftpTransfer, p *tftp.Packet, sent int) int) func(*behaviour) {
	return onTFTP(func(f *tftpFault) { f.send = send })
}

// neverAgain does not send the packets again that which chooses.
func neverAgain(which func(t *tftpTransfer, p *tftp.Packet) bool) func(*behaviour) {
	return sending(func(t *tftpTransfer, p *tftp.Packet, sent int) int {
		if sent > 0 && which(t, p) {
			return 0
		}
		return 1
	})
}

func isLast(t *tftpTransfer, p *tftp.Packet) bool {
	return p.Op == tftp.DATA && len(p.Data) < t.blksize
}

// tftpLossFaults are about packets that are lost.
func tftpLossFaults() []spec {
	return []spec{
		{name: "never-again", clause: Lost, rule: "FIP-TFTP-021",
			doc:   "no packet is ever sent again: the client's resending is relied on",
			spoil: neverAgain(func(*tftpTransfer, *tftp.Packet) bool { return true })},
		{name: "oack-never-again", clause: Lost, rule: "FIP-TFTP-020",
			doc: "the OACK is not sent again, and the same request is taken for one that is answered already",
			spoil: onTFTP(func(f *tftpFault) {
				f.onceEach = true
				f.send = func(_ *tftpTransfer, p *tftp.Packet, sent int) int {
					if p.Op == tftp.OACK && sent > 0 {
						return 0
					}
					return 1
				}
			})},
		{name: "first-never-again", clause: Lost, rule: "FIP-TFTP-021", doc: "the first block is not sent again",
			spoil: neverAgain(func(_ *tftpTransfer, p *tftp.Packet) bool { return p.Op == tftp.DATA && p.Block == 1 })},
		{name: "later-never-again", clause: Lost, rule: "FIP-TFTP-021", doc: "blocks after the first are not sent again",
			spoil: neverAgain(func(_ *tftpTransfer, p *tftp.Packet) bool { return p.Op == tftp.DATA && p.Block > 1 })},
		{name: "last-never-again", clause: Lost, rule: "FIP-TFTP-022",
			doc:   "the last block is not sent again: the socket is closed once it is sent",
			spoil: neverAgain(isLast)},
		{name: "again-as-next", clause: Lost, rule: "FIP-TFTP-021",
			doc: "in the place of a lost block the next one is sent: the file was read on meanwhile",
			spoil: sending(func(t *tftpTransfer, p *tftp.Packet, sent int) int {
				if at := int(t.index) * t.blksize; sent > 0 && p.Op == tftp.DATA && at < len(t.body) { //nolint:gosec // small
					p.Data = t.body[at:min(len(t.body), at+t.blksize)]
				}
				return 1
			})},
		{name: "again-as-empty", clause: Lost, rule: "FIP-TFTP-021",
			doc: "a lost block is sent again without its data: a buffer that was freed",
			spoil: sending(func(_ *tftpTransfer, p *tftp.Packet, sent int) int {
				if sent > 0 && p.Op == tftp.DATA {
					p.Data = nil
				}
				return 1
			})},
	}
}

// tftpDoubleFaults are about packets that come twice.
func tftpDoubleFaults() []spec {
	return []spec{
		{name: "ack-again-resends", clause: Duplicated, rule: "FIP-TFTP-023",
			doc:   "each ACK that comes again makes the current block be sent again: the sorcerer's apprentice",
			spoil: onTFTP(func(f *tftpFault) { f.duplicateAck = resendOnAck })},
		{name: "ack-again-ends", clause: Duplicated, rule: "FIP-TFTP-026", doc: "an ACK that comes again ends the transfer",
			spoil: onTFTP(func(f *tftpFault) { f.duplicateAck = endOnAck })},
		{name: "ack-not-looked-at", clause: Duplicated, rule: "FIP-TFTP-027",
			doc:   "whichever ACK comes is taken for that of the current block: its number is not looked at",
			spoil: onTFTP(func(f *tftpFault) { f.duplicateAck = nextOnAck })},
		{name: "other-address", clause: TID, rule: "FIP-TFTP-013",
			doc:   "answers come from another address of the machine: a socket that is bound to all of them",
			spoil: onTFTP(func(f *tftpFault) { f.elsewhere = true })},
		{name: "doubled", clause: Duplicated, rule: "FIP-TFTP-023", doc: "every packet is sent twice: two network cards",
			spoil: sending(func(*tftpTransfer, *tftp.Packet, int) int { return 2 })},
		{name: "doubled-later", clause: Duplicated, rule: "FIP-TFTP-023", doc: "every block after the first is sent twice",
			spoil: sending(func(_ *tftpTransfer, p *tftp.Packet, _ int) int {
				if p.Op == tftp.DATA && p.Block > 1 {
					return 2
				}
				return 1
			})},
	}
}

// options is a fault of the OACK.
func options(change func(t *tftpTransfer, granted []tftp.Option) []tftp.Option) func(*behaviour) {
	return onTFTP(func(f *tftpFault) { f.options = change })
}

// tsize is a fault of the tsize that is granted.
func tsize(value func(t *tftpTransfer) string) func(*behaviour) {
	return options(func(t *tftpTransfer, granted []tftp.Option) []tftp.Option {
		for i := range granted {
			if strings.EqualFold(granted[i].Name, tftp.OptionTsize) {
				granted[i].Value = value(t)
			}
		}
		return granted
	})
}

func always(value string) func(*tftpTransfer) string {
	return func(*tftpTransfer) string { return value }
}
