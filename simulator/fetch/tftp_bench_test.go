package fetch

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpPass is what a phone asks for in a pass that finds its last file: four misses and
// one file of 70 bytes, as in the guide's capture.
var tftpPass = []string{"0021f222b01d", "0021f222b01d.boot", "y000000000000.boot", "0021f222b01d.cfg", "y000000000000.cfg"}

// startResponder answers each request from one socket with an answer made beforehand:
// ERROR 1, or DATA for the pass's last name. It does less for a request than a client
// must, so that it is never the limit.
func startResponder(tb testing.TB) *net.UDPAddr {
	tb.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	missing := tftp.AppendError(nil, tftp.FileNotFound, "File not found")
	found := tftp.AppendData(nil, 1, bytes.Repeat([]byte("x"), 70))
	hit := append([]byte{0, byte(tftp.RRQ)}, tftpPass[len(tftpPass)-1]...)
	var running sync.WaitGroup
	running.Go(func() {
		buf := make([]byte, 600)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return // closed
			}
			switch {
			case buf[1] == byte(tftp.ACK):
			case bytes.HasPrefix(buf[:n], hit):
				_, _ = conn.WriteToUDPAddrPort(found, from)
			default:
				_, _ = conn.WriteToUDPAddrPort(missing, from)
			}
		}
	})
	tb.Cleanup(func() {
		conn.Close()
		running.Wait()
	})
	return conn.LocalAddr().(*net.UDPAddr)
}

// barePass makes the pass's requests with nothing around them: a fresh socket for each
// file, since the fresh port belongs to the request, the request's bytes made
// beforehand, the answer read and not looked at, the last one acknowledged.
func barePass(requests [][]byte, ack, buf []byte, server *net.UDPAddr) error {
	to := server.AddrPort()
	for i, r := range requests {
		conn, err := net.ListenUDP("udp4", nil)
		if err != nil {
			return err
		}
		if _, err = conn.WriteToUDPAddrPort(r, to); err == nil {
			_, _, err = conn.ReadFromUDPAddrPort(buf)
		}
		if err == nil && i == len(requests)-1 {
			_, err = conn.WriteToUDPAddrPort(ack, to)
		}
		conn.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// phonePass makes the same requests as the phone does.
func phonePass(ctx context.Context, f Fetcher, urls []*url.URL) error {
	for i, u := range urls {
		res, err := f.Fetch(ctx, Request{URL: u, Name: tftpPass[i]})
		switch {
		case i < len(urls)-1 && !errors.Is(err, ErrNotFound):
			return errors.Join(errors.New("want ERROR 1"), err)
		case i == len(urls)-1 && (err != nil || res.Bytes != 70):
			return errors.Join(errors.New("want 70 bytes"), err)
		}
	}
	return nil
}

// BenchmarkTFTPPass runs passes of our client and of the bare loop in turns, and reports
// how many of each fit into a second, and the median of the turns' ratios: 1 means that
// our client costs nothing beside its sockets.
func BenchmarkTFTPPass(b *testing.B) {
	const turn = 50 // passes before the other one's turn
	server := startResponder(b)
	f := newTFTP(Options{})
	var urls []*url.URL
	var requests [][]byte
	for _, name := range tftpPass {
		urls = append(urls, &url.URL{Scheme: "tftp", Host: server.String(), Path: "/" + name})
		requests = append(requests, tftp.AppendRRQ(nil, name, tftp.Octet, f.shared.asked...))
	}
	ack, buf := tftp.AppendAck(nil, 1), make([]byte, 600)
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute) // as a pass has it
	defer cancel()
	bare := func() error { return barePass(requests, ack, buf, server) }
	ours := func() error { return phonePass(ctx, f, urls) }
	var ratios, bareRate, oursRate []float64
	rate := func(pass func() error) float64 {
		start := time.Now()
		for range turn {
			if err := pass(); err != nil {
				b.Fatal(err)
			}
		}
		return turn / time.Since(start).Seconds()
	}
	b.ReportAllocs()
	for round := 0; b.Loop(); round++ {
		var x, y float64
		if round%2 == 0 { // neither is always first
			x, y = rate(bare), rate(ours)
		} else {
			y, x = rate(ours), rate(bare)
		}
		bareRate, oursRate, ratios = append(bareRate, x), append(oursRate, y), append(ratios, y/x)
	}
	b.ReportMetric(median(oursRate), "passes/s")
	b.ReportMetric(median(bareRate), "bare-passes/s")
	b.ReportMetric(median(ratios), "ratio")
}

// newTFTP is the fetcher of New for TFTP.
func newTFTP(o Options) *tftpClient {
	s, err := New(o)
	if err != nil {
		panic(err)
	}
	return &s.tftp
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
