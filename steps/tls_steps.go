package steps

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// tlsTalk is what the rules about TLS look at.
type tlsTalk struct {
	state    tls.ConnectionState
	err      error // why the handshake failed
	demanded bool  // a certificate of the phone's was asked for
}

// tlsSteps are those about TLS.
func tlsSteps(sc catalogue) {
	sc.When(`^a phone shakes hands over TLS$`, func(ctx context.Context) error { return of(ctx).handshake(ctx, &tls.Config{}) })
	sc.When(`^a phone that knows all versions shakes hands over TLS$`, func(ctx context.Context) error {
		return of(ctx).handshake(ctx, anyVersion(tls.VersionTLS10, tls.VersionTLS13))
	})
	sc.When(`^a phone that knows only TLS 1\.0 and 1\.1 shakes hands over TLS$`, func(ctx context.Context) error {
		return of(ctx).handshake(ctx, anyVersion(tls.VersionTLS10, tls.VersionTLS11))
	})
	sc.When(`^a phone that knows only TLS 1\.2 shakes hands over TLS$`, func(ctx context.Context) error {
		return of(ctx).handshake(ctx, &tls.Config{MaxVersion: tls.VersionTLS12}) //nolint:gosec // what is judged is the server
	})
	sc.When(`^a phone that knows only TLS 1\.2 with RSA key exchange shakes hands over TLS$`, rsaHandshake)
	sc.When(`^it is fetched by a phone that sends no server name$`, fetchNoSNI)
	sc.When(`^a phone without a certificate asks for it over TLS$`, askWithoutCertificate)
	sc.When(`^a phone asks for it over TLS with and without ALPN$`, askWithALPN)
	sc.When(`^a phone asks for it over TLS twice, the second time with the session of the first$`, askWithSession)
	sc.Then(`^the session made no difference$`, sessionHarmless)
	sc.Then(`^each certificate is that of the issuer of the one before it$`, chainInOrder)
	sc.Then(`^no RSA key has less than 2048 bits$`, keysLongEnough)
	sc.When(`^broken handshakes are sent over TLS$`, brokenHandshakes)
	sc.Then(`^each certificate is valid today$`, validToday)
	sc.Then(`^the certificate names the host of the URL$`, namesHost)
	sc.Then(`^the certificate is one for servers$`, isForServers)
	sc.Then(`^the certificate leads to a trusted authority$`, isTrusted)
	sc.Then(`^no certificate is missing in between$`, chainWhole)
	sc.Then(`^the version is 1\.2 or 1\.3$`, versionIsNew)
	sc.Then(`^there is no version in common$`, noVersion)
	sc.Then(`^the handshake succeeded$`, handshakeSucceeded)
	sc.Then(`^the handshake succeeded, if TLS 1\.2 is spoken$`, handshakeSucceededIn12)
	sc.Then(`^it came as it does with a server name$`, cameWithoutSNI)
	sc.Then(`^no certificate was demanded$`, noneDemanded)
	sc.Then(`^ALPN made no difference$`, noALPNNeeded)
}

// anyVersion offers versions with all cipher suites that there are for them.
func anyVersion(least, most uint16) *tls.Config {
	c := &tls.Config{MinVersion: least, MaxVersion: most} //nolint:gosec // what is judged is the server
	for _, suite := range tls.CipherSuites() {
		c.CipherSuites = append(c.CipherSuites, suite.ID)
	}
	for _, suite := range tls.InsecureCipherSuites() {
		c.CipherSuites = append(c.CipherSuites, suite.ID)
	}
	return c
}

// handshake shakes hands without a look at the certificate: rules look at it.
func (w *world) handshake(ctx context.Context, c *tls.Config) error {
	conn, err := w.shake(ctx, c)
	if conn != nil {
		w.talk.tls.state = conn.ConnectionState()
		hangUp(conn)
	}
	return err
}

// shake is handshake with the connection left open; nil where it failed.
func (w *world) shake(ctx context.Context, c *tls.Config) (*tls.Conn, error) {
	u := w.talk.file.url
	within, cancel := context.WithTimeout(ctx, httpWait)
	defer cancel()
	raw, err := w.network().DialContext(within, "tcp", hostPort(u))
	if err != nil {
		return nil, harness("connecting to %s: %v", u.Host, err)
	}
	c.ServerName, c.InsecureSkipVerify, c.KeyLogWriter = u.Hostname(), true, w.tls().KeyLog
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		w.talk.tls.demanded = true
		return new(tls.Certificate), nil // none
	}
	conn := tls.Client(raw, c)
	if w.talk.tls.err = conn.HandshakeContext(within); w.talk.tls.err != nil {
		raw.Close()
		w.record(trace.Event{
			Kind: trace.FetchFailed, Peer: peerOf(raw.RemoteAddr()), Fault: trace.TLSFailure, Detail: w.talk.tls.err.Error(),
		})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, nil
	}
	s := conn.ConnectionState()
	words := tls.VersionName(s.Version) + ", " + tls.CipherSuiteName(s.CipherSuite)
	w.record(trace.Event{Kind: trace.FetchReply, Peer: peerOf(raw.RemoteAddr()), Detail: words})
	return conn, nil
}

// hangUp closes a connection; whether the other side heard of it does not matter.
func hangUp(conn net.Conn) { conn.Close() }

// shaken returns an obstacle where an ordinary handshake fails.
func (t *tlsTalk) shaken() error {
	if t.err != nil {
		return blocked("the handshake fails: %v", t.err)
	}
	if len(t.state.PeerCertificates) == 0 {
		return blocked("the server shows no certificate")
	}
	return nil
}

func versionIsNew(ctx context.Context) error {
	w := of(ctx)
	t := &w.talk.tls
	if why := t.err; why != nil {
		named := anyVersion(tls.VersionTLS12, tls.VersionTLS13)
		named.NextProtos = []string{"http/1.1"}
		if err := w.handshake(ctx, named); err != nil {
			return err
		}
		if t.err == nil {
			return blocked("there is no handshake without ALPN (see FIP-TLS-016)")
		}
		return violated("a handshake in TLS 1.2 or 1.3", "it fails even with all versions and cipher suites: %v", why)
	}
	if t.state.Version < tls.VersionTLS12 {
		return violated("TLS 1.2 or 1.3", "the server chooses %s, though the phone offers 1.3", tls.VersionName(t.state.Version))
	}
	return nil
}

func noVersion(ctx context.Context) error {
	w := of(ctx)
	t := &w.talk.tls
	spoken := t.state.Version // 0: none
	if spoken == 0 {
		return nil
	}
	if err := w.handshake(ctx, anyVersion(tls.VersionTLS12, tls.VersionTLS13)); err != nil {
		return err
	}
	if t.err != nil {
		return blocked("neither TLS 1.2 nor 1.3 is spoken (see FIP-TLS-010)")
	}
	return violated("a refusal", "the server speaks %s", tls.VersionName(spoken))
}

// rsaHandshake tells first whether TLS 1.2 is spoken at all.
func rsaHandshake(ctx context.Context) error {
	w := of(ctx)
	if err := w.handshake(ctx, anyVersion(tls.VersionTLS12, tls.VersionTLS12)); err != nil {
		return err
	}
	if w.talk.tls.err != nil {
		return blocked("TLS 1.2 is not spoken: %v", w.talk.tls.err)
	}
	c := &tls.Config{MaxVersion: tls.VersionTLS12} //nolint:gosec // what is judged is the server
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if usesRSA(suite) {
			c.CipherSuites = append(c.CipherSuites, suite.ID)
		}
	}
	return w.handshake(ctx, c)
}

// usesRSA tells the suites whose keys are exchanged by RSA: "TLS_RSA_WITH_...".
func usesRSA(suite *tls.CipherSuite) bool {
	const rsa = "TLS_RSA_WITH_"
	return len(suite.Name) > len(rsa) && suite.Name[:len(rsa)] == rsa
}

func handshakeSucceeded(ctx context.Context) error {
	w := of(ctx)
	if w.talk.tls.err == nil {
		return nil
	}
	if w.talk.tls.demanded {
		return blocked("a certificate of the phone's is demanded (see FIP-TLS-015)")
	}
	why := w.talk.tls.err
	if err := w.handshake(ctx, anyVersion(tls.VersionTLS10, tls.VersionTLS13)); err != nil {
		return err
	}
	if w.talk.tls.err != nil || w.talk.tls.state.Version < tls.VersionTLS12 {
		return blocked("TLS 1.2 or 1.3 is not spoken at all")
	}
	return violated("a handshake in TLS 1.2", "%v", why)
}

func handshakeSucceededIn12(ctx context.Context) error {
	t := &of(ctx).talk.tls
	if err := t.err; err != nil && !t.demanded {
		return violated("a handshake in TLS 1.2 with RSA key exchange", "%v", err)
	}
	return nil
}

func fetchNoSNI(ctx context.Context) error {
	w := of(ctx)
	if err := w.comesOverHTTP(ctx); err != nil {
		return err
	}
	mute := *w
	mute.behaviour.TLSProfile = "no-sni"
	a, err := mute.request(ctx, w.talk.file.url, patience)
	if err == nil {
		w.note(a)
	}
	return err
}

func cameWithoutSNI(ctx context.Context) error {
	if a := of(ctx).answer; a.fault != nil {
		return violated("the file for a phone that sends no server name", "%s", a)
	}
	return nil
}

// askWithoutCertificate reads on after the handshake: in TLS 1.3 a server says only then
// that it misses a certificate.
func askWithoutCertificate(ctx context.Context) error {
	w := of(ctx)
	t := &w.talk.tls
	conn, err := w.shake(ctx, &tls.Config{})
	if err != nil || conn == nil {
		return err
	}
	defer hangUp(conn)
	_ = conn.SetDeadline(time.Now().Add(httpWait))
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+w.talk.file.url.Host+"\r\nConnection: close\r\n\r\n"); err != nil {
		t.err = err
		return nil
	}
	_, t.err = conn.Read(make([]byte, 1))
	return nil
}

func noneDemanded(ctx context.Context) error {
	t := &of(ctx).talk.tls
	if !t.demanded { // a failure has another reason
		return nil
	}
	if t.err != nil {
		return violated("the file for a phone that has no certificate", "the server asked for one, and then: %v", t.err)
	}
	return nil
}

// askWithALPN fetches as phones do, who name no protocol, and where that fails tries
// whether naming one helps.
func askWithALPN(ctx context.Context) error {
	w := of(ctx)
	conn, err := w.shake(ctx, &tls.Config{NextProtos: []string{"http/1.1"}})
	if err != nil {
		return err
	}
	if conn == nil {
		return blocked("the handshake fails: %v", w.talk.tls.err)
	}
	hangUp(conn)
	if conn, err = w.shake(ctx, &tls.Config{}); err != nil || conn == nil {
		return err
	}
	defer hangUp(conn)
	c := &httpClient{world: w, url: w.talk.file.url, conn: conn, reader: bufio.NewReader(conn)}
	w.talk.http.add(c.get(w.talk.file.url.RequestURI()), nil)
	return nil
}

func noALPNNeeded(ctx context.Context) error {
	w := of(ctx)
	if w.talk.tls.demanded {
		return blocked("a certificate of the phone's is asked for (see FIP-TLS-015)")
	}
	if err := w.talk.tls.err; err != nil {
		return violated("a handshake without ALPN, as there is with it", "%v", err)
	}
	if a := w.talk.http.latest(); a.status == 0 {
		return violated("HTTP/1.1 without ALPN", "%s", a)
	}
	return nil
}
