package phone_test

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// An account over TLS registers where the certificate is trusted, and hears its
// check-sync over that connection; elsewhere it says why not.
func TestRegisterTLS(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil) // for its certificate
	web.Close()
	certificate, ca := web.TLS.Certificates[0], pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := fmt.Sprintf("account.1.enable=1\naccount.1.user_name=1001\naccount.1.sip_server_host=127.0.0.1\naccount.1.transport=2\n"+
		"account.1.sip_server_port=%d\n", l.Addr().(*net.TCPAddr).Port)
	contacts := make(chan string, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveTLSRegistrar(conn, contacts)
		}
	}()

	_, side, events := onLoopback(t, phone.Options{TLS: fetch.TLS{CA: ca}}, cfg)
	if _, err := events.Wait(t.Context(), trace.OfKind(trace.RegisterDone)); err != nil {
		t.Fatal(err)
	}
	if contact := <-contacts; !strings.HasSuffix(contact, ";transport=tls>") || strings.Contains(contact, side.Addr().String()) {
		t.Errorf("Contact %s", contact)
	}
	if _, err := events.Wait(t.Context(), func(e trace.Event) bool { return e.Kind == trace.PassStart && e.Detail == "check-sync" }); err != nil {
		t.Error(err)
	}

	_, side, events = onLoopback(t, phone.Options{}, cfg)
	if e, err := events.Wait(t.Context(), trace.OfKind(trace.RegisterFailed)); err != nil || e.Fault != trace.TLSFailure {
		t.Errorf("%+v, %v", e, err)
	}
	if got := side.Registrations()[0].Detail; !strings.Contains(got, "signed by an authority that is not trusted") {
		t.Error(got)
	}
}

// serveTLSRegistrar accepts every REGISTER, and sends a check-sync after the first.
func serveTLSRegistrar(conn net.Conn, contacts chan<- string) {
	defer conn.Close()
	in := textproto.NewReader(bufio.NewReader(conn))
	for first := true; ; first = false {
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		header, err := in.ReadMIMEHeader()
		if err != nil {
			return
		}
		if !strings.HasPrefix(line, "REGISTER ") {
			continue
		}
		fmt.Fprintf(conn, "SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=r\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: %s;expires=%s\r\nContent-Length: 0\r\n\r\n",
			header.Get("Via"), header.Get("From"), header.Get("To"), header.Get("Call-ID"), header.Get("Cseq"), header.Get("Contact"), header.Get("Expires"))
		if first {
			contacts <- header.Get("Contact")
			fmt.Fprintf(conn, "NOTIFY sip:1001@phone SIP/2.0\r\nVia: SIP/2.0/TLS pbx;branch=z9hG4bKtls\r\nFrom: <sip:pbx>;tag=1\r\nTo: <sip:1001@phone>\r\n"+
				"Call-ID: tls\r\nCSeq: 1 NOTIFY\r\nEvent: check-sync\r\nContent-Length: 0\r\n\r\n")
		}
	}
}
