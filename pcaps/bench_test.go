package pcaps

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
)

const millionPackets = 1_000_000

// passPackets is one phone's pass over TFTP and HTTP, and a laptop's talk, 100 frames
// with places for the phone's number.
func passPackets(b *testing.B, n int) [][]byte {
	w := &writer{t: new(testing.T), mac: device.DefaultMAC.Add(uint64(n))}
	w.pcap = pcapgo.NewWriter(&w.out)
	if err := w.pcap.WriteFileHeader(262144, layers.LinkTypeEthernet); err != nil {
		b.Fatal(err)
	}
	phone := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
	server, tid := netip.MustParseAddrPort("192.0.2.1:69"), netip.MustParseAddrPort("192.0.2.1:50000")
	w.mac = device.DefaultMAC.Add(uint64(n))
	body := []byte(strings.Repeat("account.1.label = Anna\n", 23)[:512])
	for i, name := range []string{w.mac.BootName(), device.CommonBoot, device.CommonCfg, w.mac.CfgName(), "ring.wav"} {
		from := netip.AddrPortFrom(phone, uint16(40000+i))
		w.ethernet(etherIPv4, packetOf(w.t, from, server, tftp.AppendRRQ(nil, name, "octet", tftp.Option{Name: "tsize", Value: "0"})))
		if i < 2 {
			w.ethernet(etherIPv4, packetOf(w.t, tid, from, tftp.AppendError(nil, tftp.FileNotFound, "File not found")))
			continue
		}
		for block := range uint16(12) {
			data := body
			if block == 11 {
				data = body[:100]
			}
			w.ethernet(etherIPv4, packetOf(w.t, tid, from, tftp.AppendData(nil, block+1, data)))
			w.ethernet(etherIPv4, packetOf(w.t, from, tid, tftp.AppendAck(nil, block+1)))
		}
	}
	web := netip.MustParseAddrPort("192.0.2.1:80")
	for i := range 4 {
		w.tcp(netip.AddrPortFrom(phone, uint16(41000+i)), web, "GET /"+w.mac.CfgName()+" HTTP/1.1\r\nHost: h\r\n\r\n",
			fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	}
	var all [][]byte
	for _, s := range w.shots() {
		all = append(all, s.data)
	}
	return all
}

// million writes a capture of a million packets, and returns its name.
func million(b *testing.B) string {
	name := filepath.Join(b.TempDir(), "million.pcap")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	w := pcapgo.NewWriter(out)
	if err := w.WriteFileHeader(262144, layers.LinkTypeEthernet); err != nil {
		b.Fatal(err)
	}
	at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	for n, frames := 0, 0; frames < millionPackets; n++ {
		for _, data := range passPackets(b, n) {
			if frames++; frames > millionPackets {
				break
			}
			at = at.Add(37 * time.Microsecond)
			if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(data), Length: len(data)}, data); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	return name
}

// BenchmarkMillion reads a capture of a million packets with the command, beside tshark
// on the same file in the same run: the ratio, in time and in processor time, which a
// busy machine does not change, and the command's memory.
func BenchmarkMillion(b *testing.B) {
	needTshark(b)
	name := million(b)
	command := filepath.Join(b.TempDir(), "fipsim")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", command, "../cmd/fipsim").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	type cost struct {
		wall, cpu time.Duration
		memory    float64
	}
	run := func(args ...string) cost {
		cmd := exec.CommandContext(b.Context(), args[0], args[1:]...)
		cmd.Stdout = io.Discard
		start := time.Now()
		if err := cmd.Run(); err != nil {
			b.Fatalf("%v: %v", args, err)
		}
		state := cmd.ProcessState
		return cost{time.Since(start), state.UserTime() + state.SystemTime(), mostMemory(state)}
	}
	var ours, peers cost
	most := 0.0
	for b.Loop() {
		one := run(command, "pcap", "show", name, "--phone", "0021f2000001")
		all := run(command, "pcap", "show", name)
		peer := run("tshark", "-r", name, "-T", "fields", "-e", "frame.number", "-e", "tftp.opcode", "-e", "tftp.source_file",
			"-e", "http.request.uri")
		b.Logf("one phone %+v, all phones %+v, tshark %+v (MB)", one, all, peer)
		ours.wall, ours.cpu = ours.wall+all.wall, ours.cpu+all.cpu
		peers.wall, peers.cpu = peers.wall+peer.wall, peers.cpu+peer.cpu
		most = max(most, one.memory, all.memory)
	}
	b.ReportMetric(peers.wall.Seconds()/ours.wall.Seconds(), "times-tshark")
	b.ReportMetric(peers.cpu.Seconds()/ours.cpu.Seconds(), "times-tshark-cpu")
	b.ReportMetric(millionPackets*float64(b.N)/ours.cpu.Seconds(), "packets/cpu-s")
	b.ReportMetric(most, "MB")
}

// BenchmarkRead reads and tells the same capture in this process.
func BenchmarkRead(b *testing.B) {
	name := million(b)
	for b.Loop() {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		c, err := Read(name, f, Options{})
		f.Close()
		if err != nil || c.Frames != millionPackets {
			b.Fatal(err)
		}
		if err := c.WriteText(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(millionPackets*float64(b.N)/b.Elapsed().Seconds(), "packets/s")
}
