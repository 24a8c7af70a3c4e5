package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/server"
)

// bigTree holds a file that does not fit into any socket's buffers.
var bigTree = files(map[string]string{"big.bin": strings.Repeat("0123456789abcdef", 4<<20)})

func dial(t *testing.T, network, host string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), network, host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

// startTFTP waits for a DATA packet and answers nothing.
func startTFTP(t *testing.T, s *running) {
	t.Helper()
	packet := askTFTP(t, s, "\x00\x01big.bin\x00octet\x00")
	if want := "\x00\x03\x00\x010123456789abcdef"; len(packet) != 516 || !strings.HasPrefix(packet, want) {
		t.Fatalf("%d bytes %.20q; want DATA 1", len(packet), packet)
	}
}

// startFTP logs in and gets as far as a line of the dialogue.
func startFTP(t *testing.T, s *running, until string) (control net.Conn, reply string) {
	t.Helper()
	conn := dial(t, "tcp", s.URL("ftp").Host)
	in := bufio.NewReader(conn)
	for _, line := range []string{"", "USER anonymous", "PASS x", "EPSV", "RETR big.bin"} {
		if line != "" {
			send(t, conn, line+"\r\n")
		}
		if line == "RETR big.bin" {
			return conn, reply // it answers only when the data connection stands
		}
		var err error
		if reply, err = in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		if line == until {
			return conn, reply
		}
	}
	return conn, reply
}

// A client in any state cannot hold a server that closes.
func TestCloseCutsClients(t *testing.T) {
	for _, tt := range []struct {
		name  string
		begin func(t *testing.T, s *running)
	}{
		{"nobody", func(*testing.T, *running) {}},
		{"TFTP without an ACK", startTFTP},
		{"FTP before the login", func(t *testing.T, s *running) { startFTP(t, s, "") }},
		{"FTP, logged in", func(t *testing.T, s *running) { startFTP(t, s, "PASS x") }},
		{"FTP, data connection awaited", func(t *testing.T, s *running) { startFTP(t, s, "RETR") }},
		{"FTP, data connection full", func(t *testing.T, s *running) {
			_, reply := startFTP(t, s, "RETR")
			var port int
			if _, err := fmt.Sscanf(reply, "229 Entering Extended Passive Mode (|||%d|)", &port); err != nil {
				t.Fatalf("%q: %v", reply, err)
			}
			data := dial(t, "tcp", net.JoinHostPort(s.URL("ftp").Hostname(), strconv.Itoa(port)))
			if _, err := io.ReadFull(data, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}},
		{"HTTP before the request", func(t *testing.T, s *running) { dial(t, "tcp", s.URL("http").Host) }},
		{"HTTP in mid-body", func(t *testing.T, s *running) {
			conn := dial(t, "tcp", s.URL("http").Host)
			send(t, conn, "GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
			if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}},
		{"HTTPS before the handshake", func(t *testing.T, s *running) { dial(t, "tcp", s.URL("https").Host) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, aside(bigTree))
			tt.begin(t, s)
			closed := make(chan error, 1)
			go func() { closed <- s.Close() }()
			select {
			case err := <-closed:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(20 * time.Second):
				t.Error("Close did not return")
			}
			for _, scheme := range []string{"ftp", "http", "https"} {
				if conn, err := net.Dial("tcp", s.URL(scheme).Host); !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("%s still accepts: %v, %v", scheme, conn, err)
				}
			}
		})
	}
}

// aside is a server on a loopback address of its own, where there are several: at the usual one somebody else may get a
// port that was closed a moment before.
func aside(tree fs.FS) server.Options {
	o := loopback
	o.Tree = tree
	if runtime.GOOS == "linux" {
		at := fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
		o.TFTP, o.FTP, o.HTTP, o.HTTPS = at, at, at, at
	}
	return o
}

// The end of the context closes the server as Close does.
func TestContextEndsTheServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := loopback
	s, err := server.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(s.URL("http").String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after the end: %v", err)
	}
}

func TestStartErrors(t *testing.T) {
	busy := start(t, server.Options{HTTP: "127.0.0.1:0", TFTP: "127.0.0.1:0"})
	for _, tt := range []struct {
		name    string
		options server.Options
		is      error
		says    string
	}{
		{"port taken, TCP", server.Options{FTP: busy.URL("http").Host}, syscall.EADDRINUSE, "serve ftp at 127.0.0.1:"},
		{"port taken, UDP", server.Options{HTTP: "127.0.0.1:0", TFTP: busy.URL("tftp").Host}, syscall.EADDRINUSE, "serve tftp at"},
		{"no port", server.Options{HTTP: "127.0.0.1"}, nil, "missing port"},
		{"not our address", server.Options{TFTP: "192.0.2.1:0"}, syscall.EADDRNOTAVAIL, "serve tftp at 192.0.2.1:0"},
		{"unknown way to ask", server.Options{Auth: "ntlm"}, nil, "basic, digest"},
		{"password alone", server.Options{Password: "hidden"}, nil, "without a user name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := server.Start(t.Context(), tt.options)
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("%v; want %q in it", err, tt.says)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v is no %v", err, tt.is)
			}
		})
	}
}

// What is off has no URL; a server on all addresses has one that a client can use.
func TestURL(t *testing.T) {
	s := start(t, server.Options{TFTP: ":0"})
	if u := s.URL("http"); u != nil {
		t.Errorf("HTTP is off, but at %v", u)
	}
	u := s.URL("tftp")
	if u == nil || u.Hostname() != "127.0.0.1" || u.Path != "/" || u.Port() == "0" {
		t.Fatalf("TFTP at %v", u)
	}
	s.SetTree(files(map[string]string{"x.cfg": "x"}))
	if got, err := getTFTP(u.Host, "x.cfg"); err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
	if diff := cmp.Diff([]string{u.String()}, []string{s.URLs()["tftp"].String()}); diff != "" {
		t.Error(diff)
	}
}

// Over IPv6 too.
func TestIPv6(t *testing.T) {
	o := server.Options{TFTP: "[::1]:0", FTP: "[::1]:0", HTTP: "[::1]:0", HTTPS: "[::1]:0", Tree: files(map[string]string{"x.cfg": "six"})}
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skipf("this machine has no IPv6 loopback: %v", err)
	} else {
		l.Close()
	}
	for scheme, get := range getters(t, start(t, o)) {
		if got, err := get("x.cfg"); err != nil || string(got) != "six" {
			t.Errorf("%s: %q, %v", scheme, got, err)
		}
	}
}

// A tree whose files cannot be read says so, and tells nothing of this machine.
func TestUnreadableFile(t *testing.T) {
	s := serve(t, deniedTree{})
	for scheme, get := range getters(t, s) {
		_, err := get("x.cfg")
		if err == nil || strings.Contains(err.Error(), "/srv/") {
			t.Errorf("%s: %v", scheme, err)
		}
		if r := s.next(t); r.Outcome != server.Refused || strings.Contains(r.Detail, "/srv/") {
			t.Errorf("%s in the history: %+v", scheme, r)
		}
	}
}

// deniedTree refuses everything, as a folder does whose files belong to somebody else.
type deniedTree struct{}

func (deniedTree) Open(string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: "/srv/tftp/x.cfg", Err: fs.ErrPermission}
}
