package pcaps

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/wire"
)

// forward passes one connection on through a tap, which records it.
func forward(t *testing.T, tap *wire.Tap, to string) (address string, done chan struct{}) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done = make(chan struct{})
	go func() {
		defer close(done)
		defer l.Close()
		in, err := l.Accept()
		if err != nil {
			return
		}
		defer in.Close()
		out, err := tap.DialContext(t.Context(), "tcp", to)
		if err != nil {
			return
		}
		defer out.Close()
		go func() {
			_, _ = io.Copy(out, in)
		}()
		_, _ = io.Copy(in, out)
	}()
	return l.Addr().String(), done
}

// opensslServer serves a folder with openssl s_server, on a free port.
func opensslServer(t *testing.T, folder string) (address string) {
	t.Helper()
	key := filepath.Join(folder, "key.pem")
	run := func(args ...string) {
		if out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
	}
	run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", key+".crt", "-subj", "/CN=prov", "-days", "2")
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "openssl", "s_server", "-WWW", "-accept", "127.0.0.1:0", "-key", key, "-cert", key+".crt",
		"-cipher", "ALL:@SECLEVEL=0", "-num_tickets", "1")
	cmd.Dir = folder
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	for b := []byte{}; ; {
		more := make([]byte, 256)
		n, err := out.Read(more)
		if b = append(b, more[:n]...); bytes.Contains(b, []byte("ACCEPT ")) && bytes.HasSuffix(b, []byte("\n")) {
			_, rest, _ := strings.Cut(string(b), "ACCEPT ")
			return strings.Fields(rest)[0]
		}
		if err != nil {
			t.Fatalf("openssl s_server: %v, %q", err, b)
		}
	}
}

// What Go's TLS does not speak, and other programs do: MACs outside the encryption, DHE,
// CBC with SHA-384, padding, keys changed on the way.
func TestDecryptedOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "0021f2000001.cfg"), []byte(sealedBody), 0o600); err != nil {
		t.Fatal(err)
	}
	server := opensslServer(t, folder)
	for _, args := range []string{"-tls1_2 -cipher AES128-SHA", "-tls1_2 -cipher ECDHE-RSA-AES256-SHA384", "-tls1_2 -cipher DHE-RSA-AES256-SHA256",
		"-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256", "-tls1_2 -cipher DHE-RSA-CHACHA20-POLY1305", "-tls1_2 -cipher AES256-SHA256",
		"-tls1_1 -cipher AES256-SHA:@SECLEVEL=0", "-tls1 -cipher AES128-SHA:@SECLEVEL=0",
		"-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384 -record_padding 512", "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256 -groups P-521"} {
		t.Run(args, func(t *testing.T) { holdOpenSSL(t, server, args) })
	}
}

func holdOpenSSL(t *testing.T, server, args string) {
	var out bytes.Buffer
	c, err := wire.NewCapture(&out, net.HardwareAddr(device.DefaultMAC[:]))
	if err != nil {
		t.Fatal(err)
	}
	at, done := forward(t, &wire.Tap{Capture: c}, server)
	log := filepath.Join(t.TempDir(), "keys")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "openssl", append([]string{"s_client", "-connect", at, "-keylogfile", log, "-quiet"},
		strings.Fields(args)...)...)
	cmd.Stdin = strings.NewReader("GET /0021f2000001.cfg HTTP/1.0\r\n\r\n")
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl s_client: %v\n%s", err, said)
	}
	<-done
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	keys, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	k, _, err := ReadKeyLog(log, keys)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read("test", &out, Options{KeyLog: k})
	if err != nil {
		t.Fatal(err)
	}
	kinds := kindsOf(t, got)
	if !strings.HasSuffix(kinds, "fetch.request fetch.done") || string(got.Phones[0].Files[0].Body) != sealedBody {
		t.Errorf("%s, %q, %q, %s", kinds, got.Notes, said, got.Phones[0].Events[1].Detail)
	}
}
