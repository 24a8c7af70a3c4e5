package faulty

import "github.com/fipsim/fipsim/simulator/tftp"

// tftpNumberFaults are about ports and block numbers.
func tftpNumberFaults() []spec {
	return []spec{
		{name: "tid-is-port-of-requests", clause: TID, doc: "answers come from the port that was asked: one socket for all",
			spoil: onTFTP(func(f *tftpFault) { f.onePort = true })},
		{name: "tid-changes", clause: TID, doc: "after the first block another port sends: a worker takes over",
			spoil: onTFTP(func(f *tftpFault) { f.newPortAt = 2 })},
		{name: "tid-changes-later", clause: TID, doc: "after a hundred blocks another port sends: a NAT entry is lost",
			spoil: onTFTP(func(f *tftpFault) { f.newPortAt = 101 })},
		{name: "tid-not-looked-at", clause: TID, doc: "an ACK is taken from whoever sends it",
			spoil: onTFTP(func(f *tftpFault) { f.anySource = true })},
		{name: "tid-stranger-ends", clause: TID, doc: "a packet from elsewhere ends the transfer",
			spoil: onTFTP(func(f *tftpFault) { f.endsOnAny = true })},
		{name: "no-last-block", clause: BlockWrap, doc: "a file of whole blocks gets no empty block at its end",
			spoil: onTFTP(func(f *tftpFault) { f.noLast = true })},
		{name: "empty-file-unsent", clause: BlockWrap, doc: "an empty file gets no block at all",
			spoil: sending(func(t *tftpTransfer, p *tftp.Packet, _ int) int {
				if p.Op == tftp.DATA && len(t.body) == 0 {
					return 0
				}
				return 1
			})},
		{name: "wrap-to-1", clause: BlockWrap, doc: "after block 65535 comes block 1",
			spoil: onTFTP(func(f *tftpFault) { f.wrapTo = 1 })},
		{name: "wrap-ends", clause: BlockWrap, doc: "after block 65535 comes nothing more",
			spoil: onTFTP(func(f *tftpFault) { f.stopsAt = 65536 })},
		{name: "block-0-first", clause: BlockWrap, doc: "blocks are numbered from 0",
			spoil: sending(func(_ *tftpTransfer, p *tftp.Packet, _ int) int {
				if p.Op == tftp.DATA {
					p.Block--
				}
				return 1
			})},
		{name: "block-wrong-later", clause: BlockWrap, doc: "after block 255 comes block 0: a number of eight bits",
			spoil: sending(func(_ *tftpTransfer, p *tftp.Packet, _ int) int {
				if p.Op == tftp.DATA {
					p.Block &= 0xff
				}
				return 1
			})},
	}
}

// tftpServiceFaults are about many clients, and bad ones.
func tftpServiceFaults() []spec {
	return []spec{
		{name: "abandoned", clause: Abandoned, doc: "a transfer that its client gave up keeps one of eight slots for ever",
			spoil: onTFTP(func(f *tftpFault) { f.slots = 8 })},
		{name: "abandoned-many", clause: Abandoned, doc: "as abandoned, with 64 slots: a table of fixed size",
			spoil: onTFTP(func(f *tftpFault) { f.slots = 64 })},
		{name: "one-at-a-time", clause: OneAtATime, doc: "one transfer after the other: a loop without workers",
			spoil: onTFTP(func(f *tftpFault) { f.serial = true })},
		{name: "dies-of-stump", clause: AfterMalformed, doc: "nothing is served after a packet of less than four bytes",
			spoil: onTFTP(func(f *tftpFault) { f.dies = func(b []byte) bool { return len(b) < tftp.HeaderSize } })},
		{name: "dies-of-request", clause: AfterMalformed, doc: "nothing is served after a request whose text does not end",
			spoil: onTFTP(func(f *tftpFault) {
				f.dies = func(b []byte) bool {
					_, err := tftp.Parse(b)
					return err != nil && len(b) >= tftp.HeaderSize && b[1] == 1
				}
			})},
		{name: "dies-of-opcode", clause: AfterMalformed, doc: "nothing is served after a packet of an unknown kind",
			spoil: onTFTP(func(f *tftpFault) {
				f.dies = func(b []byte) bool { return len(b) > 1 && (b[0] != 0 || b[1] > 6 || b[1] == 0) }
			})},
	}
}
