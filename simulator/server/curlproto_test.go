package server_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fipsim/fipsim/simulator/server"
)

// ignoreWhenAndWho leaves out what differs from run to run.
var ignoreWhenAndWho = cmp.Options{
	cmpopts.IgnoreFields(server.Request{}, "At", "Took", "Peer"),
	cmpopts.EquateComparable(netip.AddrPort{}),
}

// Sizes around the TFTP block and beyond what one buffer holds arrive whole.
func TestCurlFetchesEverySize(t *testing.T) {
	needCurl(t)
	contents := map[string]string{"firmware.bin": strings.Repeat("0123456789abcdef", 1<<16)}
	for name, size := range map[string]int{"empty": 0, "one": 1, "511": 511, "512": 512, "513": 513, "1024": 1024} {
		contents[name+".cfg"] = strings.Repeat("x", size)
	}
	s := serve(t, files(contents))
	ca := caFile(t, s)
	for _, tt := range []struct {
		name, scheme string
		args         []string
	}{
		{"TFTP", "tftp", nil},
		{"TFTP without options (RFC 1350)", "tftp", []string{"--tftp-no-options"}},
		{"TFTP blksize 1428 (RFC 2348)", "tftp", []string{"--tftp-blksize", "1428"}},
		{"TFTP blksize of an odd phone", "tftp", []string{"--tftp-blksize", "8"}},
		{"FTP EPSV", "ftp", []string{"--ftp-method", "nocwd"}},
		{"FTP PASV", "ftp", []string{"--disable-epsv"}},
		{"FTP as another user", "ftp", []string{"--user", "phone:anything"}},
		{"FTP explicit TLS", "ftp", []string{"--ssl-reqd"}},
		{"HTTP/1.0", "http", []string{"--http1.0"}},
		{"HTTP/1.1", "http", nil},
		{"HTTPS, TLS 1.3", "https", []string{"--tlsv1.3"}},
		{"HTTPS, TLS 1.2 with RSA key exchange", "https", []string{"--tls-max", "1.2", "--ciphers", "AES128-SHA"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, want := range contents {
				body, exit := curl(t, append(tt.args, "--cacert", ca, address(s, tt.scheme, name))...)
				if exit != curlOK || body != want {
					t.Errorf("%s: exit %d, %d bytes, want %d", name, exit, len(body), len(want))
				}
			}
		})
	}
}

// TFTP block numbers wrap after 65,535 blocks; the transfer goes on.
func TestCurlFetchesMoreThan65535Blocks(t *testing.T) {
	needCurl(t)
	if testing.Short() {
		t.Skip("33 MB in blocks of 512 bytes takes seconds")
	}
	want := strings.Repeat("0123456789abcdef", (65536*512+700)/16)
	s := serve(t, files(map[string]string{"big.bin": want}))
	if body, exit := curl(t, address(s, "tftp", "big.bin")); exit != curlOK || body != want {
		t.Errorf("exit %d, %d bytes, want %d", exit, len(body), len(want))
	}
}

func TestCurlAsksForAPart(t *testing.T) {
	needCurl(t)
	s := serve(t, files(map[string]string{"a.cfg": "0123456789"}))
	for _, scheme := range []string{"http", "ftp"} {
		if body, exit := curl(t, "--range", "3-5", address(s, scheme, "a.cfg")); exit != curlOK || body != "345" {
			t.Errorf("%s: exit %d, %q", scheme, exit, body)
		}
	}
	head, exit := curl(t, "--head", address(s, "http", "a.cfg"))
	if exit != curlOK || !strings.Contains(head, "Content-Length: 10\r\n") || strings.Contains(head, "Content-Encoding") {
		t.Errorf("HEAD: exit %d\n%s", exit, head)
	}
	for range 2 {
		s.next(t) // the two above
	}
	if got := s.next(t); got.Outcome != server.Sent || got.Bytes != 0 {
		t.Errorf("HEAD in the history: %+v", got)
	}
}

// A conditional request costs no bytes.
func TestCurlHoldsTheFileAlready(t *testing.T) {
	needCurl(t)
	tree := files(map[string]string{"a.cfg": "lang.gui=English\n"})
	tree["a.cfg"].ModTime = time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC)
	s := serve(t, tree)
	if _, exit := curl(t, "--time-cond", "Tue, 02 Mar 2021 00:00:00 GMT", address(s, "http", "a.cfg")); exit != curlOK {
		t.Errorf("exit %d", exit)
	}
	if got := s.next(t); got.Outcome != server.NotModified || got.Status != "304" {
		t.Errorf("history: %+v", got)
	}
}

// The tree is only read.
func TestCurlMayNotWrite(t *testing.T) {
	needCurl(t)
	s := serve(t, files(map[string]string{"a.cfg": "mine"}))
	upload := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(upload, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"tftp", "ftp", "http"} {
		if _, exit := curl(t, "--upload-file", upload, address(s, scheme, "a.cfg")); exit == curlOK {
			t.Errorf("%s: uploaded", scheme)
		}
		if got := s.next(t); got.Outcome != server.Refused || got.Scheme != scheme {
			t.Errorf("%s in the history: %+v", scheme, got)
		}
	}
	for _, command := range []string{"DELE a.cfg", "MKD new", "RNFR a.cfg", "SITE CHMOD 777 a.cfg"} {
		// RNFR alone only looks; the RNTO after it must fail.
		args := []string{"--quote", command, address(s, "ftp", "")}
		if command == "RNFR a.cfg" {
			args = append([]string{"--quote", command, "--quote", "RNTO b.cfg"}, args[2])
		}
		if _, exit := curl(t, args...); exit == curlOK {
			t.Errorf("FTP %s was carried out", command)
		}
	}
	if body, _ := curl(t, address(s, "http", "a.cfg")); body != "mine" {
		t.Errorf("the file is now %q", body)
	}
}
