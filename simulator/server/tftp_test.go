package server_test

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/server"
)

// askTFTP sends one packet to the TFTP port from a socket of its own and returns the first
// that comes back.
func askTFTP(t *testing.T, s *running, packet string) string {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to, err := net.ResolveUDPAddr("udp", s.URL("tftp").Host)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.WriteTo([]byte(packet), to); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 2000)
	n, from, err := conn.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	if from.String() == to.String() {
		t.Error("the answer comes from the port of the request; RFC 1350 §4 wants a new one")
	}
	t.Cleanup(func() {
		// Lets go of the transfer (ERROR 0), so that the server need not wait for us.
		_, _ = conn.WriteTo([]byte("\x00\x05\x00\x00enough\x00"), from)
		conn.Close()
	})
	return string(buf[:n])
}

// What the options of a request are answered with (RFC 2347, RFC 2348, RFC 2349). The
// first is the phone's own request; its timeout is neither granted nor refused.
func TestTFTPOptions(t *testing.T) {
	s := serve(t, files(map[string]string{"a.cfg": strings.Repeat("x", 700), "empty.cfg": ""}))
	for _, tt := range []struct {
		name, request string
		want          []string // words of the OACK; nil: DATA
	}{
		{"as the phone asks", "a.cfg\x00octet\x00tsize\x000\x00blksize\x00512\x00timeout\x003\x00", []string{"tsize=700", "blksize=512"}},
		{"larger blocks", "a.cfg\x00octet\x00blksize\x001400\x00", []string{"blksize=1400"}},
		{"blocks larger than the wire", "a.cfg\x00octet\x00blksize\x0065464\x00", []string{"blksize="}},
		{"an unknown option", "a.cfg\x00octet\x00windowsize\x004\x00", nil},
		{"no option", "a.cfg\x00octet\x00", nil},
		{"a leading slash", "/a.cfg\x00octet\x00tsize\x000\x00", []string{"tsize=700"}},
		{"mode in capitals", "a.cfg\x00OCTET\x00", nil},
		{"an empty file", "empty.cfg\x00octet\x00tsize\x000\x00", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := askTFTP(t, s, "\x00\x01"+tt.request)
			if tt.want == nil {
				if !strings.HasPrefix(got, "\x00\x03\x00\x01") {
					t.Fatalf("%.20q, want DATA 1", got)
				}
				return
			}
			if !strings.HasPrefix(got, "\x00\x06") {
				t.Fatalf("%.20q, want OACK", got)
			}
			options := make(map[string]string)
			words := strings.Split(got[2:], "\x00")
			for i := 0; i+1 < len(words); i += 2 {
				options[words[i]] = words[i+1]
			}
			if _, ok := options["blksize"]; ok && slices.Contains(tt.want, "blksize=") {
				options["blksize"] = "" // the interface's own limit
			}
			want := make(map[string]string)
			for _, w := range tt.want {
				key, value, _ := strings.Cut(w, "=")
				want[key] = value
			}
			if diff := cmp.Diff(want, options); diff != "" {
				t.Errorf("OACK (-want +got):\n%s", diff)
			}
		})
	}
}

// A miss is ERROR 1 with words, at once.
func TestTFTPMiss(t *testing.T) {
	s := serve(t, nil)
	if got, want := askTFTP(t, s, "\x00\x01a.cfg\x00octet\x00"), "\x00\x05\x00\x01file not found\x00"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := s.next(t); got.Outcome != server.NotFound || got.Name != "a.cfg" {
		t.Errorf("history: %+v", got)
	}
}

// What no client would send must not stop the server.
func TestTFTPNonsense(t *testing.T) {
	s := serve(t, files(map[string]string{"a.cfg": "x"}))
	conn := dial(t, "udp", s.URL("tftp").Host)
	for _, packet := range []string{
		"", "\x00", "\x00\x01", "\x00\x01a", "\x00\x01a.cfg", "\x00\x01a.cfg\x00", "\x00\x01\x00\x00", "\x00\x07ab", "\xff\xff",
		"\x00\x03\x00\x01data", "\x00\x04\x00\x01", "\x00\x05\x00\x00x\x00", "\x00\x06a\x00b\x00",
		"\x00\x01a.cfg\x00octet\x00blksize\x00-1\x00tsize\x00\xff\x00timeout\x00\x00", strings.Repeat("\x01", 1400),
	} {
		send(t, conn, packet)
	}
	if got, err := getTFTP(s.URL("tftp").Host, "a.cfg"); err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
}
