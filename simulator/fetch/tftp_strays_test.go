package fetch

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

func TestTFTPStrays(t *testing.T) {
	for _, c := range tftpStrayCases {
		t.Run(c.name, c.run)
	}
}

var tftpStrayCases = []tftpCase{
	{name: "foreign DATA gets ERROR 5, the transfer goes on (libcurl takes it)", ours: true,
		replies: [][]tftpReply{{full(1)}, {foreign(block(2, "evil")), block(2, "good")}},
		seen:    []string{ack1, `6000 ERROR 5 "Unknown transfer ID"`, ack2}, body: x512 + "good",
		ignored: []string{"6000: from a foreign port (unknown transfer ID): DATA block 2, 4 bytes"}},
	{name: "foreign ERROR gets nothing", ours: true,
		replies: [][]tftpReply{{full(1)}, {foreign(errorOf(1, "no")), block(2, "good")}},
		seen:    []string{ack1, ack2}, body: x512 + "good", ignored: []string{`6000: from a foreign port (unknown transfer ID): ERROR 1 "no"`}},
	{name: "foreign stump", ours: true,
		replies: [][]tftpReply{{full(1)}, {foreign(raw("x")), block(2, "good")}},
		seen:    []string{ack1, `6000 ERROR 5 "Unknown transfer ID"`, ack2}, body: x512 + "good",
		ignored: []string{"6000: from a foreign port (unknown transfer ID): malformed packet at byte 1: 1 bytes, an opcode has 2"}},
	{name: "foreign flood is answered a hundred times", ours: true,
		replies: [][]tftpReply{{full(1)}, append(repeated(foreign(full(2)), 300), block(2, "good"))},
		seen:    append(append([]string{ack1}, times(`6000 ERROR 5 "Unknown transfer ID"`, 100)...), ack2), body: x512 + "good",
		ignored: append(times("6000: from a foreign port (unknown transfer ID): DATA block 2, 512 bytes", 20),
			"6000: from a foreign port (unknown transfer ID): DATA block 2, 512 bytes; further ones are not listed")},
	{name: "stump makes the phone ask again", replies: [][]tftpReply{{raw("\x00\x03")}, {block(1, "hi")}},
		seen: []string{"69 RRQ", ack1}, body: "hi", ignored: []string{"5000: a packet of 2 bytes is none"}},
	{name: "stump makes the phone acknowledge again", replies: [][]tftpReply{{full(1)}, {raw("")}, {block(2, "y")}},
		seen: []string{ack1, ack1, ack2}, body: x512 + "y", ignored: []string{"5000: a packet of 0 bytes is none"}},
	{name: "stumps for every request", replies: [][]tftpReply{{raw("a")}, {raw("b")}, {raw("c")}}, seen: []string{"69 RRQ", "69 RRQ"},
		err: ErrProtocol, detail: "no usable answer to 3 requests in 0s, but 3 packets, the last: a packet of 1 bytes is none",
		ignored: times("5000: a packet of 1 bytes is none", 3)},
	{name: "every answer begins with a wrong block (libcurl answers it with what it has in its buffer)", ours: true, replies: [][]tftpReply{{block(7, "a")}, {block(7, "a")}, {block(7, "a")}}, seen: []string{"69 RRQ", "69 RRQ"},
		err: ErrProtocol, detail: "no usable answer to 3 requests in 12s, but 3 packets, the last: the first block is 7, not 1",
		ignored: times("5000: the first block is 7, not 1", 3)},
	{name: "request instead of an answer is passed over", replies: [][]tftpReply{{raw("\x00\x01a\x00octet\x00"), block(1, "hi")}},
		seen: []string{ack1}, body: "hi", ignored: []string{`5000: unexpected RRQ "a" "octet"`}},
	{name: "unknown opcode before the first answer is passed over", replies: [][]tftpReply{{raw("\x00\x09\x00\x01"), block(1, "hi")}},
		seen: []string{ack1}, body: "hi", ignored: []string{"5000: malformed opcode 9 at byte 0: no such opcode"}},
	{name: "ACK before the first answer is passed over (libcurl sends DATA)", ours: true,
		replies: [][]tftpReply{{raw("\x00\x04\x00\x00"), block(1, "hi")}},
		seen:    []string{ack1}, body: "hi", ignored: []string{"5000: unexpected ACK block 0"}},
	{name: "ACK in mid-transfer ends it", replies: [][]tftpReply{{full(1)}, {raw("\x00\x04\x00\x00")}}, seen: []string{ack1},
		err: ErrProtocol, detail: "unexpected ACK block 0, after 512 bytes in block 1"},
	{name: "unknown opcode in mid-transfer ends it", replies: [][]tftpReply{{full(1)}, {raw("\x01\x09\x00\x00")}}, seen: []string{ack1},
		err: ErrProtocol, detail: "malformed opcode 265 at byte 0: no such opcode, after 512 bytes in block 1"},
}

// The first usable answer fixes the peer, wherever it comes from: a server may answer
// from another address than was asked.
func TestTFTPFirstUsableAnswerFromElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := tftpScript{replies: [][]tftpReply{{foreign(raw("\x00\x04\x00\x00")), foreign(full(1))}}}
		_, events, err := s.get(t.Context(), device.Behaviour{TFTPAckSends: 1}, Request{})
		if e := asFailure(t, err); !errors.Is(err, ErrNoAnswer) || e.Peer.Port() != tftpForeign {
			t.Errorf("error %+v", e)
		}
		if events[2].Kind != trace.FetchReply || events[2].Peer.Port() != tftpForeign {
			t.Errorf("event %+v", events[2])
		}
	})
}

func repeated(r tftpReply, n int) []tftpReply {
	all := make([]tftpReply, n)
	for i := range all {
		all[i] = r
	}
	return all
}

func times(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}
