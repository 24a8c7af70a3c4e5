package fetch

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// tftpCase is a server, what the phone sends it, and what comes of it.
type tftpCase struct {
	name    string
	replies [][]tftpReply
	b       device.Behaviour
	limit   int64

	ours    bool     // libcurl 7.88 does otherwise, or would wait for an hour
	seen    []string // after the request
	body    string   // where err is nil
	err     error
	detail  string
	ignored []string
}

func (c *tftpCase) run(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := tftpScript{replies: c.replies}
		res, events, err := s.get(t.Context(), c.b, Request{Limit: c.limit})
		switch {
		case !errors.Is(err, c.err):
			t.Fatalf("error %v, want %v", err, c.err)
		case c.err != nil:
			e := asFailure(t, err)
			if e.Detail != c.detail {
				t.Errorf("error %s\nwant  %s", e.Detail, c.detail)
			}
			if e.Peer.IsValid() && e.Peer.Addr() != tftpHost {
				t.Errorf("peer %s", e.Peer)
			}
		case string(res.Body) != c.body || res.Bytes != int64(len(c.body)):
			t.Errorf("body of %d bytes %.20q…, want %d %.20q…", res.Bytes, res.Body, len(c.body), c.body)
		}
		if diff := cmp.Diff(append([]string{"69 RRQ"}, c.seen...), s.seen()); diff != "" {
			t.Errorf("packets (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(c.ignored, ignored(events), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("ignored (-want +got):\n%s", diff)
		}
	})
}

var (
	x512 = strings.Repeat("x", 512)
	ack0 = "5000 ACK block 0"
	ack1 = "5000 ACK block 1"
	ack2 = "5000 ACK block 2"

	refused = `5000 ERROR 8 "Option negotiation failed"`
	y256    = strings.Repeat("y", 256)
)

func TestTFTPBlocks(t *testing.T) {
	for _, c := range tftpBlockCases {
		t.Run(c.name, c.run)
	}
}

var tftpBlockCases = []tftpCase{
	{name: "plain DATA to a request with options", replies: [][]tftpReply{{block(1, "hi")}}, seen: []string{ack1}, body: "hi"},
	{name: "empty file", replies: [][]tftpReply{{block(1, "")}}, seen: []string{ack1}},
	{name: "file that fills its blocks", replies: [][]tftpReply{{full(1)}, {full(2)}, {block(3, "")}},
		seen: []string{ack1, ack2, "5000 ACK block 3"}, body: x512 + x512},
	{name: "duplicate is acknowledged again", replies: [][]tftpReply{{full(1), full(1)}, {}, {block(2, "y")}},
		seen: []string{ack1, ack1, ack2}, body: x512 + "y", ignored: []string{"5000: block 1 again, acknowledged again"}},
	{name: "duplicate that is shorter does not end the file (libcurl: it does)", ours: true,
		replies: [][]tftpReply{{full(1)}, {block(1, "z"), block(2, "y")}},
		seen:    []string{ack1, ack1, ack2}, body: x512 + "y", ignored: []string{"5000: block 1 again, acknowledged again"}},
	{name: "block from the future", replies: [][]tftpReply{{full(1)}, {full(3), block(2, "y")}},
		seen: []string{ack1, ack2}, body: x512 + "y", ignored: []string{"5000: block 3, but 2 is next"}},
	{name: "first block is 2", replies: [][]tftpReply{{full(2), block(1, "y")}},
		seen: []string{ack1}, body: "y", ignored: []string{"5000: the first block is 2, not 1"}},
	{name: "first block is 0", ours: true,
		replies: [][]tftpReply{{full(0), block(1, "y")}},
		seen:    []string{ack1}, body: "y", ignored: []string{"5000: the first block is 0, not 1"}},
	{name: "block larger than the block size", ours: true,
		replies: [][]tftpReply{{block(1, x512+"y")}}, seen: []string{`5000 ERROR 4 "Illegal TFTP operation"`},
		err: ErrProtocol, detail: "block 1 holds more than the block size of 512 bytes"},
	{name: "body larger than the limit", ours: true,
		replies: [][]tftpReply{{full(1)}, {full(2)}}, limit: 600,
		seen: []string{ack1, `5000 ERROR 3 "Disk full or allocation exceeded"`},
		err:  ErrTooLarge, detail: "more than the limit of 600 bytes (options max_cfg, max_resource)"},
	{name: "body of exactly the limit", replies: [][]tftpReply{{full(1)}, {block(2, "")}}, limit: 512, seen: []string{ack1, ack2}, body: x512},
	{name: "duplicates without end", ours: true,
		replies: [][]tftpReply{{full(1)}, repeated(full(1), 60)},
		seen:    append([]string{ack1}, times("5000 ACK block 1", 50)...), err: ErrProtocol,
		detail:  "block 1 again, for the 51th time, after 512 bytes in block 1",
		ignored: append(times("5000: block 1 again, acknowledged again", 20), "5000: block 1 again, acknowledged again; further ones are not listed")},
	{name: "wrong blocks without end", ours: true,
		replies: [][]tftpReply{{full(1)}, repeated(full(9), 1100)}, seen: []string{ack1},
		err: ErrProtocol, detail: "more than 1000 packets that are of no use, the last: block 9, but 2 is next",
		ignored: append(times("5000: block 9, but 2 is next", 20), "5000: block 9, but 2 is next; further ones are not listed")},
}

func TestTFTPOptions(t *testing.T) {
	for _, c := range tftpOptionCases {
		t.Run(c.name, c.run)
	}
}

var tftpOptionCases = []tftpCase{
	{name: "all that was asked for", replies: [][]tftpReply{{oackOf("tsize", "2", "blksize", "512", "timeout", "3")}, {block(1, "hi")}},
		seen: []string{ack0, ack1}, body: "hi"},
	{name: "smaller blksize", replies: [][]tftpReply{{oackOf("BLKSIZE", "256")}, {block(1, y256)}, {block(2, "z")}},
		seen: []string{ack0, ack1, ack2}, body: y256 + "z"},
	{name: "OACK without blksize means 512, whatever was asked for", ours: true,
		b:       device.Behaviour{TFTPBlksize: 1024},
		replies: [][]tftpReply{{oackOf("tsize", "513")}, {full(1)}, {block(2, "z")}}, seen: []string{ack0, ack1, ack2}, body: x512 + "z"},
	{name: "blksize larger than asked for", ours: true,
		replies: [][]tftpReply{{oackOf("blksize", "1024")}}, seen: []string{refused},
		err: ErrProtocol, detail: "OACK says blksize=1024: not a number from 8 to the 512 asked for (RFC 2348)"},
	{name: "blksize 0", ours: true,
		replies: [][]tftpReply{{oackOf("blksize", "0")}}, seen: []string{refused},
		err: ErrProtocol, detail: "OACK says blksize=0: not a number from 8 to the 512 asked for (RFC 2348)"},
	{name: "blksize that is no number", ours: true,
		replies: [][]tftpReply{{oackOf("blksize", "ju\tnk")}}, seen: []string{refused},
		err: ErrProtocol, detail: "OACK says blksize=ju nk: not a number from 8 to the 512 asked for (RFC 2348)"},
	{name: "option that was not asked for", replies: [][]tftpReply{{oackOf("windowsize", "4")}, {block(1, "hi")}},
		seen: []string{ack0, ack1}, body: "hi", ignored: []string{"5000: OACK says windowsize=4, which was not asked for (RFC 2347)"}},
	{name: "other timeout", replies: [][]tftpReply{{oackOf("timeout", "9")}, {block(1, "hi")}},
		seen: []string{ack0, ack1}, body: "hi", ignored: []string{"5000: OACK says timeout=9, but 3 was asked for (RFC 2349)"}},
	{name: "tsize 0", ours: true,
		replies: [][]tftpReply{{oackOf("tsize", "0")}}, seen: []string{refused}, err: ErrProtocol,
		detail: "OACK says tsize=0: an empty file, or a server that repeats the request's 0; libcurl refuses both (option tftp_tsize_zero)"},
	{name: "tsize 0 where that is accepted", ours: true,
		b:       device.Behaviour{TFTPTsizeZero: "accept"},
		replies: [][]tftpReply{{oackOf("tsize", "0")}, {block(1, "")}}, seen: []string{ack0, ack1}},
	{name: "tsize that is no number", ours: true,
		replies: [][]tftpReply{{oackOf("tsize", "-1")}}, seen: []string{refused},
		err: ErrProtocol, detail: "OACK says tsize=-1: not a number of bytes (RFC 2349)"},
	{name: "tsize over the limit", ours: true,
		replies: [][]tftpReply{{oackOf("tsize", "700")}}, limit: 600,
		seen: []string{`5000 ERROR 3 "Disk full or allocation exceeded"`},
		err:  ErrTooLarge, detail: "700 bytes announced: more than the limit of 600 (options max_cfg, max_resource)"},
	{name: "body shorter than announced (libcurl keeps it)", ours: true,
		replies: [][]tftpReply{{oackOf("tsize", "30")}, {block(1, "abcdef")}},
		seen:    []string{ack0, ack1}, err: ErrTruncated, detail: "the file ended after 6 of 30 bytes in block 1 (tsize, RFC 2349)"},
	{name: "body longer than announced", replies: [][]tftpReply{{oackOf("tsize", "3")}, {block(1, "abcdef")}},
		seen: []string{ack0, ack1}, body: "abcdef", ignored: []string{"5000: tsize said 3 bytes, 6 came; all are kept"}},
	{name: "OACK twice", replies: [][]tftpReply{{oackOf("tsize", "2"), oackOf("tsize", "2")}, {}, {block(1, "hi")}},
		seen: []string{ack0, ack0, ack1}, body: "hi", ignored: []string{"5000: OACK again, acknowledged again"}},
	{name: "late OACK (libcurl begins anew)", ours: true,
		replies: [][]tftpReply{{full(1)}, {oackOf("tsize", "514"), block(2, "hi")}},
		seen:    []string{ack1, ack2}, body: x512 + "hi", ignored: []string{"5000: a late OACK"}},
	{name: "OACK cut short", ours: true,
		replies: [][]tftpReply{{raw("\x00\x06blksize")}}, seen: []string{refused},
		err: ErrProtocol, detail: "malformed OACK at byte 2: an option's name has no NUL at its end"},
	{name: "OACK with NULs at its end", replies: [][]tftpReply{{raw("\x00\x06tsize\x002\x00\x00\x00")}, {block(1, "hi")}},
		seen: []string{ack0, ack1}, body: "hi", ignored: []string{"5000: 2 bytes too many at the end of the OACK"}},
}

func TestTFTPErrors(t *testing.T) {
	for _, c := range tftpErrorCases {
		t.Run(c.name, c.run)
	}
}

var tftpErrorCases = []tftpCase{
	{name: "not found", replies: [][]tftpReply{{errorOf(1, "nope")}}, err: ErrNotFound, detail: "ERROR 1: nope"},
	{name: "padded as by Tftpd32", replies: [][]tftpReply{{raw("\x00\x05\x00\x01File not found\x00\x00")}},
		err: ErrNotFound, detail: "ERROR 1: File not found"},
	{name: "without a NUL", replies: [][]tftpReply{{raw("\x00\x05\x00\x01nf")}}, err: ErrNotFound, detail: "ERROR 1: nf"},
	{name: "without a text", replies: [][]tftpReply{{raw("\x00\x05\x00\x02")}}, err: ErrForbidden, detail: "ERROR 2: Access violation"},
	{name: "undefined", replies: [][]tftpReply{{errorOf(0, "disk\r\n\x1b[31m on fire")}},
		err: ErrServer, detail: "ERROR 0: disk [31m on fire"},
	{name: "options refused", replies: [][]tftpReply{{errorOf(8, "no options")}}, err: ErrServer, detail: "ERROR 8: no options"},
	{name: "code that no RFC has", replies: [][]tftpReply{{errorOf(77, "")}}, err: ErrServer, detail: "ERROR 77"},
	{name: "text without end", replies: [][]tftpReply{{errorOf(0, strings.Repeat("a", 400))}}, err: ErrServer,
		detail: "ERROR 0: " + strings.Repeat("a", 200) + "…"},
	{name: "in mid-transfer: libcurl answers with the block's number as code", replies: [][]tftpReply{{full(1)}, {errorOf(0, "boom")}},
		seen: []string{ack1, `5000 ERROR 1 ""`}, err: ErrServer, detail: "ERROR 0: boom, after 512 bytes in block 1"},
	{name: "ERROR 1 in mid-transfer is no miss", replies: [][]tftpReply{{full(1)}, {errorOf(1, "read failed")}},
		seen: []string{ack1, `5000 ERROR 1 ""`}, err: ErrServer, detail: "ERROR 1: read failed, after 512 bytes in block 1"},
	{name: "ERROR 1 after the OACK is one", replies: [][]tftpReply{{oackOf("tsize", "9")}, {errorOf(1, "gone")}},
		seen: []string{ack0, `5000 ERROR 0 ""`}, err: ErrNotFound, detail: "ERROR 1: gone, after 0 of 9 bytes in block 0"},
}

// What the server grants is told once, with the port that it answers from.
func TestTFTPReplyEvent(t *testing.T) {
	for name, c := range map[string]struct {
		reply  tftpReply
		detail string
	}{
		"OACK": {oackOf("tsize", "2", "blksize", "512"), `OACK "tsize"="2" "blksize"="512"`},
		"DATA": {full(1), "DATA without OACK: no option is granted"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := tftpScript{replies: [][]tftpReply{{c.reply}, {errorOf(0, "")}}}
				u := &url.URL{Scheme: "tftp", User: url.UserPassword("u", "secret"), Host: "server.example", Path: "/name"}
				_, events, _ := s.get(t.Context(), device.Behaviour{}, Request{URL: u, Name: "name"})
				want := trace.Event{Kind: trace.FetchReply, Name: "name", URL: "tftp://server.example/name", Detail: c.detail}
				want.Peer = events[1].Peer
				if diff := cmp.Diff(want, events[1], cmpopts.EquateComparable(want.Peer)); diff != "" || want.Peer.String() != "192.0.2.10:5000" {
					t.Errorf("peer %s, event (-want +got):\n%s", want.Peer, diff)
				}
			})
		})
	}
}

// Codes that every server uses keep their condition.
func TestTFTPErrorConditions(t *testing.T) {
	for code, want := range map[tftp.ErrorCode]error{
		tftp.Undefined: ErrServer, tftp.FileNotFound: ErrNotFound, tftp.AccessViolation: ErrForbidden, tftp.DiskFull: ErrServer,
		tftp.IllegalOperation: ErrServer, tftp.UnknownTransferID: ErrServer, tftp.FileExists: ErrServer, tftp.NoSuchUser: ErrServer,
		tftp.OptionRefused: ErrServer,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := tftpScript{replies: [][]tftpReply{{errorOf(code, "")}}}
			_, _, err := s.get(t.Context(), device.Behaviour{}, Request{})
			if e := asFailure(t, err); !errors.Is(err, want) || !strings.HasSuffix(e.Detail, ": "+code.String()) {
				t.Errorf("ERROR %d: %v (%s), want %v", code, err, e.Code, want)
			}
		})
	}
}
