package fleet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// responder is a TFTP server that does as little as can be: one socket, no timers.
func responder(tb testing.TB, files fstest.MapFS) netip.AddrPort {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	if err := conn.SetReadBuffer(4 << 20); err != nil {
		tb.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() { respond(conn, files) })
	tb.Cleanup(func() { conn.Close(); done.Wait() })
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func respond(conn *net.UDPConn, files fstest.MapFS) {
	sending := make(map[netip.AddrPort][]byte)
	in, out := make([]byte, 1500), make([]byte, 0, 1500)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(in)
		if err != nil {
			return
		}
		switch {
		case n > 2 && in[1] == byte(tftp.RRQ):
			name, _, _ := bytes.Cut(in[2:n], []byte{0})
			if body, ok := files[string(name)]; !ok {
				out = append(out[:0], "\x00\x05\x00\x01File not found\x00"...)
			} else {
				out = fmt.Appendf(append(out[:0], "\x00\x06tsize\x00"...), "%d\x00blksize\x00512\x00", len(body.Data))
				sending[from] = body.Data
			}
		case n == 4 && in[1] == byte(tftp.ACK):
			body, known := sending[from]
			at := int(binary.BigEndian.Uint16(in[2:])) * tftp.DefaultBlksize
			if !known || at > len(body) {
				delete(sending, from) // that was the last block
				continue
			}
			out = tftp.AppendData(out[:0], uint16(at/tftp.DefaultBlksize)+1, body[at:min(at+tftp.DefaultBlksize, len(body))])
		default:
			continue
		}
		_, _ = conn.WriteToUDPAddrPort(out, from)
	}
}

// bareTFTP is a side that sends and takes a pass's packets and does nothing else: each file from a fresh
// port, as a phone's.
func bareTFTP(server netip.AddrPort, names func(device.MAC) []string, workers int) side {
	return inParallel(workers, func() func(device.MAC) error {
		buffer, out := make([]byte, 1500), make([]byte, 0, 600)
		return func(mac device.MAC) error {
			for _, name := range names(mac) {
				if err := bareFile(server, name, buffer, out); err != nil {
					return err
				}
			}
			return nil
		}
	})
}

// bareFile fetches one file, or learns that it is missing.
func bareFile(server netip.AddrPort, name string, buffer, out []byte) error {
	conn, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	out = tftp.AppendRRQ(out[:0], name, tftp.Octet, tftp.Option{Name: "tsize", Value: "0"},
		tftp.Option{Name: "blksize", Value: "512"}, tftp.Option{Name: "timeout", Value: "3"})
	to := server
	for {
		if _, err := conn.WriteToUDPAddrPort(out, to); err != nil {
			return err
		}
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil || n > 1 && buffer[1] == byte(tftp.ERROR) {
			return err
		}
		to = from
		out = tftp.AppendAck(out[:0], 0)
		if buffer[1] != byte(tftp.DATA) {
			continue
		}
		out = append(out[:2], buffer[2], buffer[3])
		if n < tftp.HeaderSize+tftp.DefaultBlksize {
			_, err = conn.WriteToUDPAddrPort(out, to)
			return err
		}
	}
}
