package pcaps

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// elliptic256 is a certificate with an ECDSA key.
func elliptic256(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(7), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

const sealedBody = "account.1.password=hunter2\nlang.gui=French\n"

// fetchTapped asks a TLS server of one version and suite for a file that is not there and
// for one that is; it returns the capture of it, and the key log.
func fetchTapped(t *testing.T, version, suite uint16, inside bool) (capture, keys []byte) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, ".cfg") {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, sealedBody)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{MinVersion: version, MaxVersion: version, CipherSuites: []uint16{suite}} //nolint:gosec // as phones in the field
	if strings.Contains(tls.CipherSuiteName(suite), "ECDSA") {
		s.TLS.Certificates = []tls.Certificate{elliptic256(t)}
	}
	s.StartTLS()
	defer s.Close()
	var out, log bytes.Buffer
	c, err := wire.NewCapture(&out, net.HardwareAddr(device.DefaultMAC[:]))
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, //nolint:gosec // the point is what is captured
		CipherSuites: []uint16{suite}, KeyLogWriter: &log}
	if inside {
		config.KeyLogWriter = c.KeyLog()
	}
	transport := &http.Transport{TLSClientConfig: config, DialContext: (&wire.Tap{Capture: c}).DialContext}
	for _, name := range []string{"/0021f2000001.boot", "/0021f2000001.cfg"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", "Flyingvoice FIP14G V0.5.15 00:21:F2:00:00:01")
		res, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	transport.CloseIdleConnections()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), log.Bytes()
}

// With a key log, or the secrets that a pcapng holds itself, the requests inside TLS are
// read as those of plain HTTP; without, what the handshake tells.
func TestDecrypted(t *testing.T) {
	type choice struct{ version, suite uint16 }
	var all []choice
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		for _, v := range s.SupportedVersions {
			if !strings.Contains(s.Name, "RC4") {
				all = append(all, choice{v, s.ID})
			}
		}
	}
	if len(all) < 25 {
		t.Fatalf("%d choices", len(all))
	}
	for i, c := range all {
		t.Run(tls.VersionName(c.version)+" "+tls.CipherSuiteName(c.suite), func(t *testing.T) {
			inside := i%2 == 0
			b, keys := fetchTapped(t, c.version, c.suite, inside)
			if inside {
				holdDecrypted(t, b, nil)
				return
			}
			k, notes, err := ReadKeyLog("keys", bytes.NewReader(keys))
			if err != nil || len(notes) > 0 {
				t.Fatal(err, notes)
			}
			holdDecrypted(t, b, k)
			sealed := read(t, b)
			if d := Diagnose(sealed.Phones[0]); d[0].Cause != AllWell || !strings.Contains(d[0].Text, "encrypted") || len(sealed.Notes) != 0 {
				t.Errorf("without the key log: %+v, %q", d[0], sealed.Notes)
			}
		})
	}
}

// holdDecrypted reads a capture of fetchTapped.
func holdDecrypted(t *testing.T, b []byte, k *KeyLog) {
	t.Helper()
	c, err := Read("test", bytes.NewReader(b), Options{KeyLog: k})
	if err != nil || len(c.Notes) > 0 {
		t.Fatal(err, c.Notes)
	}
	const hello, missing, done = "tls.hello tls.server tls.certificate ", "fetch.request fetch.missing ", "fetch.request fetch.done"
	// The client may have closed its connection after the first answer.
	if kinds := kindsOf(t, c); kinds != hello+missing+done && kinds != hello+missing+hello+done {
		t.Errorf("%s, want %s", kinds, hello+missing+done)
	}
	p := c.Phones[0]
	if p.Name() != "0021f2000001" || p.Model != "FIP14G" || len(p.Files) != 1 || string(p.Files[0].Body) != sealedBody {
		t.Errorf("%s, %s, %+v", p.Name(), p.Model, p.Files)
	}
	if e := p.Events[len(p.Events)-1]; e.Fault != trace.NoFault || !strings.HasPrefix(e.URL, "https://127.0.0.1:") {
		t.Errorf("%+v", e)
	}
	var text bytes.Buffer
	if err := errors.Join(c.WriteText(&text), c.WriteJSON(&text)); err != nil || strings.Contains(text.String(), "hunter2") {
		t.Error("a password, or", err)
	}
}

// A key log of other connections leaves these sealed, and that is said; one with a
// secret that doesn't fit is no reason to give up what the handshake tells.
func TestKeyLogOfOthers(t *testing.T) {
	b, keys := fetchTapped(t, tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, false)
	words := strings.Fields(string(keys))
	for what, line := range map[string]string{
		"1 TLS connections stay sealed":              words[0] + " " + strings.Repeat("ab", 32) + " " + words[2],
		"4 TLS records do not open with the secrets": words[0] + " " + words[1] + " " + strings.Repeat("ab", 48),
	} {
		k, _, err := ReadKeyLog("keys", strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		c, err := Read("test", bytes.NewReader(b), Options{KeyLog: k})
		if err != nil || !strings.Contains(strings.Join(c.Notes, "\n"), what[2:]) {
			t.Errorf("%v: %q, want %s", err, c.Notes, what)
		}
		if kinds := kindsOf(t, c); kinds != "tls.hello tls.server tls.certificate tls.data" {
			t.Error(kinds)
		}
	}
}

func TestReadKeyLog(t *testing.T) {
	random, secret := strings.Repeat("0a", 32), strings.Repeat("Bc", 48)
	good := "# made by curl\n\nCLIENT_RANDOM " + random + " " + secret + "\r\nEXPORTER_SECRET x y\n"
	k, notes, err := ReadKeyLog("k.log", strings.NewReader(good+"CLIENT_RANDOM "+random+"\nCLIENT_RANDOM xyz "+secret+"\n"))
	if err != nil || k.count != 1 || len(k.find([32]byte(bytes.Repeat([]byte{10}, 32)), labelMaster)) != 48 {
		t.Fatal(err, k)
	}
	want := []string{"k.log:5: 2 words where a key log has three; the line is passed over",
		"k.log:6: the client random is not 64 hexadecimal digits; the line is passed over"}
	if strings.Join(notes, "|") != strings.Join(want, "|") {
		t.Errorf("%q", notes)
	}
	for _, text := range []string{"", "hello\n", "# nothing\n", strings.Repeat("x", maxSecretLine+1)} {
		if _, _, err := ReadKeyLog("k.log", strings.NewReader(text)); !errors.Is(err, ErrNotKeyLog) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if _, _, err := ReadKeyLog("k.log", io.MultiReader(strings.NewReader(good), errReader{})); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, context.Canceled }
