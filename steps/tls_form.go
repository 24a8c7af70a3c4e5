package steps

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/tls"
)

// chainInOrder goes by names, as a phone does that looks for the next issuer at the next
// place.
func chainInOrder(ctx context.Context) error {
	t := &of(ctx).talk.tls
	if err := t.shaken(); err != nil {
		return err
	}
	sent := t.state.PeerCertificates
	for i, c := range sent[1:] {
		if before := sent[i]; !bytes.Equal(before.RawIssuer, c.RawSubject) {
			return violated("the certificate of "+excerpt([]byte(before.Issuer.String()))+" after that of "+name(before),
				"that of %s follows", name(c))
		}
	}
	return nil
}

// leastRSA is the shortest RSA key, in bits (RFC 9325 §4.5).
const leastRSA = 2048

func keysLongEnough(ctx context.Context) error {
	t := &of(ctx).talk.tls
	if err := t.shaken(); err != nil {
		return err
	}
	for _, c := range t.state.PeerCertificates {
		if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < leastRSA {
			return violated("RSA keys of at least 2048 bits", "that of %s has %d", name(c), key.N.BitLen())
		}
	}
	return nil
}

// askWithSession reads an answer each time: in TLS 1.3 a session comes after the
// handshake.
func askWithSession(ctx context.Context) error {
	w := of(ctx)
	sessions := tls.NewLRUClientSessionCache(1)
	for n := range 2 {
		conn, err := w.shake(ctx, &tls.Config{ClientSessionCache: sessions})
		if err != nil {
			return err
		}
		if conn == nil {
			if n == 0 {
				return blocked("the handshake fails: %v", w.talk.tls.err)
			}
			return nil
		}
		c := &httpClient{world: w, url: w.talk.file.url, conn: conn, reader: bufio.NewReader(conn)}
		a := c.get(w.talk.file.url.RequestURI())
		hangUp(conn)
		if n == 0 && a.status == 0 {
			return blocked("%s", a)
		}
		w.talk.http.add(a, nil)
	}
	return nil
}

func sessionHarmless(ctx context.Context) error {
	w := of(ctx)
	if err := w.talk.tls.err; err != nil {
		return violated("a handshake with the session that the server gave, or a full one", "%v", err)
	}
	if a := w.talk.http.latest(); a.status == 0 {
		return violated("an answer over a connection that takes a session up again, as over a fresh one", "%s", a)
	}
	return nil
}
