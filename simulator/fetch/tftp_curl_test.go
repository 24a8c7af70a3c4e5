package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// curl runs curl as the phone's TFTP side is modelled on, and returns what it wrote and
// its error, which may be an *exec.ExitError.
func curl(t *testing.T, address string) ([]byte, error) {
	t.Helper()
	path, err := exec.LookPath("curl")
	if err != nil {
		if os.Getenv("FIPSIM_REQUIRE_REAL") == "1" {
			t.Fatal("curl is not installed (FIPSIM_REQUIRE_REAL=1: nothing may be skipped)")
		}
		t.Skip("curl is not installed: there is nothing to compare the phone with")
	}
	out := filepath.Join(t.TempDir(), "body")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-q", "--noproxy", "*", "-s", "-S", "--connect-timeout", "10", "-o", out, address)
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, text)
	}
	body, err := os.ReadFile(out)
	if errors.Is(err, os.ErrNotExist) { // curl makes no file where no byte came
		return nil, nil
	}
	return body, err
}

// loopback is a scripted server on real sockets, so that the script that is played to our
// client can be played to curl too. Its ports stand for tftpPort, tftpTID and tftpForeign.
type loopback struct {
	tftpScript
	sockets map[uint16]*net.UDPConn
	readers sync.WaitGroup
}

func startLoopback(t *testing.T, replies [][]tftpReply) *loopback {
	t.Helper()
	l := &loopback{tftpScript: tftpScript{replies: replies}, sockets: make(map[uint16]*net.UDPConn)}
	for _, role := range []uint16{tftpPort, tftpTID, tftpForeign} {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		l.sockets[role] = conn
	}
	for role, conn := range l.sockets {
		l.readers.Go(func() { l.serve(role, conn) })
	}
	t.Cleanup(l.stop)
	return l
}

func (l *loopback) serve(role uint16, conn *net.UDPConn) {
	buf := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return // stop closed it
		}
		if string(buf[:n]) == lastWord {
			return
		}
		d := datagram{from: from, to: role, payload: buf[:n]}
		l.answer(d, func(r tftpReply) {
			_, _ = l.sockets[r.port].WriteToUDPAddrPort([]byte(r.payload), from)
		})
	}
}

// lastWord is what a server's socket is sent by itself when nobody sends to it any more: it comes after all
// that waits to be read, which closing the socket would throw away.
const lastWord = "that was all"

// stop ends the server, so that what it saw is complete.
func (l *loopback) stop() {
	for _, conn := range l.sockets {
		_, _ = conn.WriteTo([]byte(lastWord), conn.LocalAddr())
	}
	l.readers.Wait()
	for _, conn := range l.sockets {
		_ = conn.Close()
	}
}

func (l *loopback) url(path string) string {
	return "tftp://" + l.sockets[tftpPort].LocalAddr().String() + path
}

// requests returns what came, byte for byte.
func (l *loopback) requests() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for _, g := range l.got {
		all = append(all, g.bytes)
	}
	return all
}

// ports returns how many source ports the packets had.
func (l *loopback) ports() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	set := make(map[uint16]bool)
	for _, g := range l.got {
		set[g.from.Port()] = true
	}
	return len(set)
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Side by side against a silent server: the same bytes, as often, each from one port. The
// gaps are shown, not judged: curl's clock counts whole seconds, so that they are 4.2 or
// 3.2 s by the moment of its start; ours are judged in TestTFTPSilence.
func TestTFTPSilenceLikeCurl(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"0021f222b01d.boot", "y000000000000.cfg"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theirs, ours := startLoopback(t, nil), startLoopback(t, nil)
			var both sync.WaitGroup
			var err, curlErr error
			var took, curlTook time.Duration
			both.Go(func() {
				start := time.Now()
				_, err = newTFTP(Options{}).Fetch(t.Context(), Request{URL: mustParse(t, ours.url("/"+name))})
				took = time.Since(start)
			})
			start := time.Now()
			_, curlErr = curl(t, theirs.url("/"+name))
			curlTook = time.Since(start)
			both.Wait()
			ours.stop()
			theirs.stop()
			t.Logf("curl: sent after %v, gave up after %v", theirs.times(), curlTook)
			t.Logf("ours: sent after %v, gave up after %v", ours.times(), took)
			if exit := new(exec.ExitError); !errors.As(curlErr, &exit) || !errors.Is(err, ErrNoAnswer) {
				t.Errorf("curl: %v; ours: %v; want both to give up", curlErr, err)
			}
			if diff := cmp.Diff(theirs.requests(), ours.requests()); diff != "" {
				t.Errorf("packets (-curl +ours):\n%s", diff)
			}
			if n := len(ours.requests()); n != 3 {
				t.Errorf("%d sendings, want 3", n)
			}
			if theirs.ports() != 1 || ours.ports() != 1 {
				t.Errorf("curl sent from %d ports, ours from %d; want one each", theirs.ports(), ours.ports())
			}
		})
	}
}

// Every file name: the bytes of the request, and the end after ERROR 1.
func TestTFTPNamesLikeCurl(t *testing.T) {
	t.Parallel()
	notFound := [][]tftpReply{{errorOf(tftp.FileNotFound, "File not found")}}
	for _, c := range tftpNames {
		t.Run(c.path, func(t *testing.T) {
			theirs, ours := startLoopback(t, notFound), startLoopback(t, notFound)
			_, curlErr := curl(t, theirs.url(c.path))
			_, err := newTFTP(Options{}).Fetch(t.Context(), Request{URL: mustParse(t, ours.url(c.path))})
			ours.stop()
			theirs.stop()
			if exit := new(exec.ExitError); !errors.As(curlErr, &exit) || exit.ExitCode() != curlNotFound || !errors.Is(err, ErrNotFound) {
				t.Errorf("curl: %v; ours: %v; want both not to find it", curlErr, err)
			}
			if diff := cmp.Diff(theirs.requests(), ours.requests()); diff != "" {
				t.Errorf("packets (-curl +ours):\n%s", diff)
			}
		})
	}
}

// curlNotFound is curl's exit status for ERROR 1 (curl(1), "EXIT CODES").
const curlNotFound = 68

// Every case of the tables that claims to be libcurl's way is played to curl too.
func TestTFTPCasesLikeCurl(t *testing.T) {
	t.Parallel()
	for _, table := range [][]tftpCase{tftpBlockCases, tftpOptionCases, tftpErrorCases, tftpStrayCases} {
		for _, c := range table {
			if c.ours {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				l := startLoopback(t, c.replies)
				body, err := curl(t, l.url("/name"))
				l.stop()
				if diff := cmp.Diff(append([]string{"69 RRQ"}, c.seen...), l.seen()); diff != "" {
					t.Errorf("packets (-ours +curl):\n%s", diff)
				}
				if (err == nil) != (c.err == nil) {
					t.Errorf("curl: %v; ours: %v", err, c.err)
				}
				if c.err == nil && string(body) != c.body {
					t.Errorf("curl keeps %d bytes, ours %d", len(body), len(c.body))
				}
			})
		}
	}
}

// A whole file from a server that we did not write, to our client and to curl.
func TestTFTPBodiesLikeCurl(t *testing.T) {
	t.Parallel()
	const wrapped = 33<<20 + 300 // more than 65535 blocks of 512 bytes
	address := startPin(t)
	for _, size := range []int{0, 1, 511, 512, 513, 1024, 65535, wrapped} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			t.Parallel()
			at := fmt.Sprintf("tftp://%s/%d", address, size)
			theirs, curlErr := curl(t, at)
			for again := 0; curlErr != nil && again < 2; again++ { // it gives up where this machine stands still: exit 71
				theirs, curlErr = curl(t, at)
			}
			res, err := newTFTP(Options{}).Fetch(t.Context(), Request{URL: mustParse(t, at), Limit: wrapped})
			if err != nil || curlErr != nil {
				t.Fatalf("curl: %v; ours: %v", curlErr, err)
			}
			if !bytes.Equal(res.Body, theirs) || !bytes.Equal(res.Body, pinBody(size)) || res.Bytes != int64(size) {
				t.Errorf("bodies differ: curl %d bytes, ours %d, the server's %d", len(theirs), res.Bytes, size)
			}
		})
	}
}

// Both see a missing file alike.
func TestTFTPMissingLikeCurl(t *testing.T) {
	t.Parallel()
	at := "tftp://" + startPin(t) + "/no-such-file"
	_, curlErr := curl(t, at)
	_, err := newTFTP(Options{}).Fetch(t.Context(), Request{URL: mustParse(t, at)})
	if exit := new(exec.ExitError); !errors.As(curlErr, &exit) || exit.ExitCode() != curlNotFound || !errors.Is(err, ErrNotFound) {
		t.Errorf("curl: %v; ours: %v; want both not to find it", curlErr, err)
	}
	if diff := cmp.Diff(&Error{Code: "not-found", URL: at}, err, cmpopts.IgnoreFields(Error{}, "Peer", "Detail", "Err")); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}
