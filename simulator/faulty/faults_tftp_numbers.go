package faulty

import "github.com/fipsim/fipsim/simulator/tftp"

// tftpNumberFaults are about ports and block numbers.
func tftpNumberFaults() []spec {
	return []spec{
		{name: "tid-is-port-of-requests", clause: TID, rule: "FIP-TFTP-002",
			doc:   "answers come from the port that was asked: one socket for all",
			spoil: onTFTP(func(f *tftpFault) { f.onePort = true })},
		{name: "tid-changes", clause: TID, rule: "FIP-TFTP-001", doc: "after the first block another port sends: a worker takes over",
			spoil: onTFTP(func(f *tftpFault) { f.newPortAt = 2 })},
		{name: "tid-changes-later", clause: TID, rule: "FIP-TFTP-001",
			doc:   "after a hundred blocks another port sends: a NAT entry is lost",
			spoil: onTFTP(func(f *tftpFault) { f.newPortAt = 101 })},
		{name: "tid-not-looked-at", clause: TID, rule: "FIP-TFTP-012", doc: "an ACK is taken from whoever sends it",
			spoil: onTFTP(func(f *tftpFault) { f.anySource = true })},
		{name: "tid-stranger-ends", clause: TID, rule: "FIP-TFTP-012", doc: "a packet from elsewhere ends the transfer",
			spoil: onTFTP(func(f *tftpFault) { f.endsOnAny = true })},
		{name: "no-last-block", clause: BlockWrap, rule: "FIP-TFTP-005", doc: "a file of whole blocks gets no empty block at its end",
			spoil: onTFTP(func(f *tftpFault) { f.noLast = true })},
		{name: "empty-file-unsent", clause: BlockWrap, rule: "FIP-CONT-004", doc: "an empty file gets no block at all",
			spoil: sending(func(t *tftpTransfer, p *tftp.Packet, _ int) int {
				if p.Op == tftp.DATA && len(t.body) == 0 {
					return 0
				}
				return 1
			})},
		{name: "wrap-to-1", clause: BlockWrap, rule: "FIP-RES-004", doc: "after block 65535 comes block 1",
			spoil: onTFTP(func(f *tftpFault) { f.wrapTo = 1 })},
		{name: "wrap-ends", clause: BlockWrap, rule: "FIP-RES-004", doc: "after block 65535 comes nothing more",
			spoil: onTFTP(func(f *tftpFault) { f.stopsAt = 65536 })},
		{name: "block-0-first", clause: BlockWrap, rule: "FIP-TFTP-003", doc: "without options blocks are numbered from 0",
			spoil: onTFTP(func(f *tftpFault) { f.fromZero = func(t *tftpTransfer) bool { return len(t.granted) == 0 } })},
		{name: "block-0-after-oack", clause: BlockWrap, rule: "FIP-TFTP-031",
			doc:   "after an OACK blocks are numbered from 0, as its ACK is",
			spoil: onTFTP(func(f *tftpFault) { f.fromZero = func(t *tftpTransfer) bool { return len(t.granted) > 0 } })},
		{name: "block-after-last", clause: BlockWrap, rule: "FIP-TFTP-006",
			doc:   "an empty block follows the short one that ends the file",
			spoil: onTFTP(func(f *tftpFault) { f.oneMore = true })},
		{name: "block-wrong-later", clause: BlockWrap, rule: "FIP-CONT-001",
			doc: "after block 255 comes block 0: a number of eight bits",
			spoil: sending(func(_ *tftpTransfer, p *tftp.Packet, _ int) int {
				if p.Op == tftp.DATA {
					p.Block &= 0xff
				}
				return 1
			})},
	}
}
