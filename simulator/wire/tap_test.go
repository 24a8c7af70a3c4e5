package wire_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/simulator/wire"
)

var phoneMAC = net.HardwareAddr{0x00, 0x21, 0xf2, 0x00, 0x00, 0x01}

// capture opens a capture into a buffer, and returns how to read it back.
func capture(t *testing.T) (*wire.Capture, func() []gopacket.Packet) {
	t.Helper()
	var file bytes.Buffer
	c, err := wire.NewCapture(&file, phoneMAC)
	if err != nil {
		t.Fatal(err)
	}
	return c, func() []gopacket.Packet {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := pcapgo.NewNgReader(&file, pcapgo.DefaultNgReaderOptions)
		if err != nil {
			t.Fatal(err)
		}
		var packets []gopacket.Packet
		for {
			data, _, err := r.ReadPacketData()
			if errors.Is(err, io.EOF) {
				return packets
			}
			if err != nil {
				t.Fatal(err)
			}
			p := gopacket.NewPacket(data, layers.LinkTypeEthernet, gopacket.Default)
			if e := p.ErrorLayer(); e != nil {
				t.Fatalf("frame %d: %v", len(packets)+1, e.Error())
			}
			if t, ok := p.TransportLayer().(interface {
				SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
			}); ok {
				_ = t.SetNetworkLayerForChecksum(p.NetworkLayer())
			}
			if err, bad := p.VerifyChecksums(); err != nil || len(bad) > 0 {
				t.Errorf("frame %d: checksums %v, %v", len(packets)+1, bad, err)
			}
			packets = append(packets, p)
		}
	}
}

// A read request for a twelve-character name is a frame of 93 bytes
// (phone behaviour: 81 + the length of the name).
func TestTapRecordsDatagrams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(wire.Memory)
		m.HandleUDP(server, echo)
		c, read := capture(t)
		conn := listen(t, &wire.Tap{Next: m, Capture: c})
		rrq := []byte("\x00\x010021f222b01d\x00octet\x00tsize\x000\x00blksize\x00512\x00timeout\x003\x00")
		if _, err := conn.WriteTo(rrq, net.UDPAddrFromAddrPort(server)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := conn.ReadFrom(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		packets := read()
		if len(packets) != 2 {
			t.Fatalf("%d frames, want the request and its echo", len(packets))
		}
		if n := len(packets[0].Data()); n != 93 {
			t.Errorf("the request is %d bytes on the wire, want 93", n)
		}
		eth := packets[0].Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
		if eth.SrcMAC.String() != phoneMAC.String() {
			t.Errorf("sent by %v", eth.SrcMAC)
		}
		udp := packets[1].Layer(layers.LayerTypeUDP).(*layers.UDP)
		if udp.SrcPort != 69 || !bytes.Equal(udp.Payload, rrq) {
			t.Errorf("answer from port %d: %q", udp.SrcPort, udp.Payload)
		}
	})
}

func TestTapRecordsConnections(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 500)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Read(make([]byte, 3))
		_, _ = conn.Write(body)
	}()
	c, read := capture(t)
	conn, err := (&wire.Tap{Capture: c}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("GET")); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, body) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	conn.Close()

	var got, ours []byte
	next := map[bool]uint32{}
	for i, p := range read() {
		tcp := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		mine := tcp.DstPort == layers.TCPPort(l.Addr().(*net.TCPAddr).Port)
		if want, known := next[mine]; known && tcp.Seq != want {
			t.Errorf("frame %d: sequence number %d, want %d", i+1, tcp.Seq, want)
		}
		next[mine] = tcp.Seq + uint32(len(tcp.Payload))
		if tcp.SYN || tcp.FIN {
			next[mine]++
		}
		if tcp.ACK && tcp.Ack != next[!mine] {
			t.Errorf("frame %d: acknowledges %d, want %d", i+1, tcp.Ack, next[!mine])
		}
		if mine {
			ours = append(ours, tcp.Payload...)
		} else {
			got = append(got, tcp.Payload...)
		}
	}
	if string(ours) != "GET" || !bytes.Equal(got, body) {
		t.Errorf("recorded %q and %d bytes of answer", ours, len(got))
	}
}

func TestTapRecordsRefusal(t *testing.T) {
	// No port that was free a moment ago: another process may have it by now, or the
	// connection be to itself.
	const address = "127.0.0.1:1"
	c, read := capture(t)
	if _, err := (&wire.Tap{Capture: c}).DialContext(t.Context(), "tcp", address); err == nil {
		t.Fatal("a closed port was open")
	}
	packets := read()
	if len(packets) != 2 || !packets[1].Layer(layers.LayerTypeTCP).(*layers.TCP).RST {
		t.Errorf("%d frames, want SYN and RST", len(packets))
	}
}

// The tap can lose, duplicate and delay in both directions.
func TestTapFaults(t *testing.T) {
	tests := []struct {
		name  string
		fault func(n int, ours bool) []time.Duration // n counts the datagrams of one direction, from 0
		want  []string
	}{
		{"all pass", func(int, bool) []time.Duration { return []time.Duration{0} }, []string{"0", "1", "2"}},
		{"the phone's second is lost", func(n int, ours bool) []time.Duration {
			if ours && n == 1 {
				return nil
			}
			return []time.Duration{0}
		}, []string{"0", "2"}},
		{"the server's first comes twice", func(n int, ours bool) []time.Duration {
			if !ours && n == 0 {
				return []time.Duration{0, 0}
			}
			return []time.Duration{0}
		}, []string{"0", "0", "1", "2"}},
		{"the server's first comes late", func(n int, ours bool) []time.Duration {
			if !ours && n == 0 {
				return []time.Duration{time.Second}
			}
			return []time.Duration{0}
		}, []string{"1", "2", "0"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := new(wire.Memory)
				m.HandleUDP(server, echo)
				seen := map[bool]int{}
				tap := &wire.Tap{Next: m, Fault: func(_ wire.Datagram, ours bool) []time.Duration {
					n := seen[ours]
					seen[ours]++
					return test.fault(n, ours)
				}}
				conn, err := tap.ListenPacket(t.Context(), "udp", ":0")
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				for _, text := range []string{"0", "1", "2"} {
					if _, err := conn.WriteTo([]byte(text), net.UDPAddrFromAddrPort(server)); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
				}
				_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
				var got []string
				for buf := make([]byte, 10); ; {
					n, _, err := conn.ReadFrom(buf)
					if err != nil {
						break
					}
					got = append(got, string(buf[:n]))
				}
				if len(got) != len(test.want) {
					t.Fatalf("got %v, want %v", got, test.want)
				}
				for i := range got {
					if got[i] != test.want[i] {
						t.Fatalf("got %v, want %v", got, test.want)
					}
				}
			})
		})
	}
}

func TestMulticastHasItsOwnEthernetAddress(t *testing.T) {
	c, read := capture(t)
	c.Datagram(time.Unix(0, 0), true, wire.Datagram{
		From: netip.MustParseAddrPort("192.168.50.163:59495"), To: netip.MustParseAddrPort("224.0.1.75:5060"), Payload: []byte("x"),
	})
	eth := read()[0].Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
	if got, want := eth.DstMAC.String(), "01:00:5e:00:01:4b"; got != want {
		t.Errorf("224.0.1.75 is %s, want %s", got, want)
	}
}
