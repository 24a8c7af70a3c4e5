package tftp_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// phoneOptions are those of the phone's read request, in its order.
var phoneOptions = []tftp.Option{{Name: "tsize", Value: "0"}, {Name: "blksize", Value: "512"}, {Name: "timeout", Value: "3"}}

// packets are the forms of RFC 1350 §5 and RFC 2347 §2, byte for byte.
var packets = []struct {
	name   string
	wire   string
	packet tftp.Packet
	text   string
}{
	{"phone's read request", "\x00\x010021f222b01d.boot\x00octet\x00tsize\x000\x00blksize\x00512\x00timeout\x003\x00",
		tftp.Packet{Op: tftp.RRQ, Filename: "0021f222b01d.boot", Mode: "octet", Options: phoneOptions},
		`RRQ "0021f222b01d.boot" "octet" "tsize"="0" "blksize"="512" "timeout"="3"`},
	{"read request without options", "\x00\x01a\x00NETASCII\x00",
		tftp.Packet{Op: tftp.RRQ, Filename: "a", Mode: "NETASCII"}, `RRQ "a" "NETASCII"`},
	{"spaces and UTF-8 in the name", "\x00\x01HTTP Directory/\xc3\xa4.cfg\x00octet\x00",
		tftp.Packet{Op: tftp.RRQ, Filename: "HTTP Directory/ä.cfg", Mode: "octet"}, `RRQ "HTTP Directory/ä.cfg" "octet"`},
	{"write request", "\x00\x02a\x00octet\x00windowsize\x004\x00",
		tftp.Packet{Op: tftp.WRQ, Filename: "a", Mode: "octet", Options: []tftp.Option{{Name: "windowsize", Value: "4"}}},
		`WRQ "a" "octet" "windowsize"="4"`},
	{"data", "\x00\x03\x00\x01abc", tftp.Packet{Op: tftp.DATA, Block: 1, Data: []byte("abc")}, "DATA block 1, 3 bytes"},
	{"empty last block", "\x00\x03\xff\xff", tftp.Packet{Op: tftp.DATA, Block: 65535, Data: []byte{}}, "DATA block 65535, 0 bytes"},
	{"ack", "\x00\x04\x01\x02", tftp.Packet{Op: tftp.ACK, Block: 258}, "ACK block 258"},
	{"error", "\x00\x05\x00\x01File not found\x00",
		tftp.Packet{Op: tftp.ERROR, Code: tftp.FileNotFound, Message: "File not found"}, `ERROR 1 "File not found"`},
	{"option acknowledgement", "\x00\x06TSIZE\x0070\x00blksize\x00\x00",
		tftp.Packet{Op: tftp.OACK, Options: []tftp.Option{{Name: "TSIZE", Value: "70"}, {Name: "blksize"}}},
		`OACK "TSIZE"="70" "blksize"=""`},
	{"empty option acknowledgement", "\x00\x06", tftp.Packet{Op: tftp.OACK}, "OACK"},
}

func TestParseAndAppend(t *testing.T) {
	for _, c := range packets {
		t.Run(c.name, func(t *testing.T) {
			got, err := tftp.Parse([]byte(c.wire))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.packet, got); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
			if wire := string(c.packet.Append(nil)); wire != c.wire {
				t.Errorf("Append = %q, want %q", wire, c.wire)
			}
			if text := got.String(); text != c.text {
				t.Errorf("String = %s, want %s", text, c.text)
			}
		})
	}
}

// Forms that no RFC allows and servers send all the same: read, and reported.
func TestParseForgives(t *testing.T) {
	for _, c := range []struct {
		name string
		wire string
		want tftp.Packet
	}{
		{"Tftpd32 ends an error text with two NULs", "\x00\x05\x00\x01File not found\x00\x00",
			tftp.Packet{Op: tftp.ERROR, Code: 1, Message: "File not found", Padding: 1}},
		{"an error text without its NUL", "\x00\x05\x00\x02no", tftp.Packet{Op: tftp.ERROR, Code: 2, Message: "no", Unterminated: true}},
		{"libcurl's error without a text", "\x00\x05\x00\x01", tftp.Packet{Op: tftp.ERROR, Code: 1, Unterminated: true}},
		{"an ACK that is too long", "\x00\x04\x00\x00\x00\x00", tftp.Packet{Op: tftp.ACK, Padding: 2}},
		{"NULs after the last option", "\x00\x06tsize\x005\x00\x00\x00",
			tftp.Packet{Op: tftp.OACK, Options: []tftp.Option{{Name: "tsize", Value: "5"}}, Padding: 2}},
		{"NULs after the mode", "\x00\x01a\x00octet\x00\x00", tftp.Packet{Op: tftp.RRQ, Filename: "a", Mode: "octet", Padding: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := tftp.Parse([]byte(c.wire))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseMalformed(t *testing.T) {
	for _, c := range []struct {
		name, wire, want string
		offset           int
	}{
		{"empty", "", "malformed packet at byte 0: 0 bytes, an opcode has 2", 0},
		{"one byte", "\x00", "malformed packet at byte 1: 1 bytes, an opcode has 2", 1},
		{"opcode 0", "\x00\x00\x00\x00", "malformed packet at byte 0: no such opcode", 0},
		{"opcode 7", "\x00\x07\x00\x00", "malformed opcode 7 at byte 0: no such opcode", 0},
		{"data without a block", "\x00\x03\x00", "malformed DATA at byte 3: 3 bytes, the header has 4", 3},
		{"ack without a block", "\x00\x04", "malformed ACK at byte 2: 2 bytes, the header has 4", 2},
		{"error without a code", "\x00\x05", "malformed ERROR at byte 2: 2 bytes, the header has 4", 2},
		{"no file name", "\x00\x01", "malformed RRQ at byte 2: the file name is missing", 2},
		{"name without an end", "\x00\x01abc", "malformed RRQ at byte 2: the file name has no NUL at its end", 2},
		{"no mode", "\x00\x02abc\x00", "malformed WRQ at byte 6: the mode is missing", 6},
		{"mode without an end", "\x00\x01abc\x00octet", "malformed RRQ at byte 6: the mode has no NUL at its end", 6},
		{"option without an end", "\x00\x06tsize", "malformed OACK at byte 2: an option's name has no NUL at its end", 2},
		{"option without a value", "\x00\x06tsize\x00", `malformed OACK at byte 8: the value of option "tsize" is missing`, 8},
		{"value without an end", "\x00\x06tsize\x001", `malformed OACK at byte 8: the value of option "tsize" has no NUL at its end`, 8},
		{"option without a name", "\x00\x06\x00x\x00", "malformed OACK at byte 2: an option has no name", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := tftp.Parse([]byte(c.wire))
			var malformed *tftp.MalformedError
			if !errors.As(err, &malformed) {
				t.Fatalf("error %v, want a *MalformedError", err)
			}
			if err.Error() != c.want || malformed.Offset != c.offset {
				t.Errorf("got  %v (offset %d)\nwant %s", err, malformed.Offset, c.want)
			}
		})
	}
}

// The frames of the guide's captures: 14 bytes of Ethernet, 20 of IPv4 and 8 of UDP
// before the payload (Guide, the screenshots of DHCP option 66 and PnP).
func TestFrameLengths(t *testing.T) {
	const headers = 14 + 20 + 8
	for name, want := range map[string]int{
		"0021f222b01d":       93,
		"0021f222b01d.cfg":   97,
		"0021f222b01d.boot":  98,
		"y000000000000.cfg":  98,
		"y000000000000.boot": 99,
	} {
		got := headers + len(tftp.AppendRRQ(nil, name, tftp.Octet, phoneOptions...))
		if got != want || got != 81+len(name) {
			t.Errorf("RRQ %s: frame of %d bytes, the capture has %d", name, got, want)
		}
	}
	padded := tftp.Packet{Op: tftp.ERROR, Code: tftp.FileNotFound, Message: "File not found"}
	if got := headers + len(padded.Append(nil)) + 1; got != 62 {
		t.Errorf("Tftpd32's ERROR 1: frame of %d bytes, the capture has 62", got)
	}
	if got := headers + len(tftp.AppendData(nil, 1, make([]byte, 70))); got != 116 {
		t.Errorf("DATA of 70 bytes: frame of %d bytes, the capture has 116", got)
	}
}

func TestOptionIgnoresCase(t *testing.T) {
	p := tftp.Packet{Op: tftp.OACK, Options: []tftp.Option{{Name: "BlkSize", Value: "8"}, {Name: "blksize", Value: "9"}}}
	if v, ok := p.Option(tftp.OptionBlksize); v != "8" || !ok {
		t.Errorf("blksize = %q, %v; want the first, 8", v, ok)
	}
	if v, ok := p.Option(tftp.OptionTsize); v != "" || ok {
		t.Errorf("tsize = %q, %v; there is none", v, ok)
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		tftp.OACK.String():          "OACK",
		tftp.Op(9).String():         "opcode 9",
		tftp.OptionRefused.String(): "Option negotiation failed",
		tftp.ErrorCode(9).String():  "error code 9",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A transfer's inner loop must not make garbage.
func TestNoAllocation(t *testing.T) {
	buf := make([]byte, 0, 1024)
	data := tftp.AppendData(nil, 7, make([]byte, 512))
	if n := testing.AllocsPerRun(100, func() {
		p, err := tftp.Parse(data)
		if err != nil || p.Block != 7 {
			t.Fatal(p, err)
		}
		buf = tftp.AppendAck(buf[:0], p.Block)
		buf = tftp.AppendRRQ(buf[:0], "0021f2000001.boot", tftp.Octet, phoneOptions...)
		buf = tftp.AppendError(buf[:0], tftp.UnknownTransferID, "no")
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// Whatever Parse takes, Append writes back: the same bytes, but for what was forgiven.
func FuzzParse(f *testing.F) {
	for _, c := range packets {
		f.Add([]byte(c.wire))
	}
	f.Add([]byte("\x00\x05\x00\x01File not found\x00\x00"))
	f.Add([]byte("\x00\x06tsize"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		p, err := tftp.Parse(wire)
		if err != nil {
			var malformed *tftp.MalformedError
			if !errors.As(err, &malformed) || malformed.Offset < 0 || malformed.Offset > len(wire) {
				t.Fatalf("%q: error %v points nowhere", wire, err)
			}
			return
		}
		again := p.Append(nil)
		if p.Padding == 0 && !p.Unterminated && !bytes.Equal(again, wire) {
			t.Fatalf("%q came back as %q", wire, again)
		}
		p.Padding, p.Unterminated = 0, false
		q, err := tftp.Parse(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, q); diff != "" {
			t.Fatalf("%q (-first +again):\n%s", wire, diff)
		}
	})
}
