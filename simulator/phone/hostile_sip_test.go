package phone_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/faulty/hostile"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// A living phone registers with the worst registrars: it still answers when they have
// done what they do, says what was wrong in clean words, and tells its password to
// nobody; nothing goes to the host that they lead to.
func TestHostileRegistrars(t *testing.T) {
	const password = "sunflower" // no other text has it
	for _, attack := range hostile.All() {
		if attack.Scheme != "sip" {
			continue
		}
		t.Run(attack.Name, func(t *testing.T) {
			t.Parallel()
			s, err := hostile.Start(t.Context(), attack)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }() // of sockets
			host, port, _ := net.SplitHostPort(s.URL().Host)
			_, side, events := onLoopback(t, phone.Options{}, fmt.Sprintf("account.1.enable=1\naccount.1.sip_server_host=%s\n"+
				"account.1.sip_server_port=%s\naccount.1.user_name=alice\naccount.1.auth_name=alice\naccount.1.password=%s\n", host, port, password))
			select {
			case <-s.Spent():
			case <-time.After(time.Minute):
				t.Fatal("the phone did not register")
			}
			answersOptions(t, side)
			checkWords(t, events, nil, password)
			for _, r := range side.Registrations() {
				checkWords(t, new(trace.Recorder), &phone.Error{Detail: r.Detail}, password)
			}
			checkBystander(t, s, password)
		})
	}
}

// answersOptions waits until the phone answers, which may be when it has read its way
// through a flood.
func answersOptions(t *testing.T, side *phone.SIP) {
	t.Helper()
	conn, err := net.Dial("udp", side.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer := make([]byte, 2048)
	for try := range 100 {
		fmt.Fprintf(conn, "OPTIONS sip:x@x SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKo%d;rport\r\nFrom: <sip:o@x>;tag=o\r\nTo: <sip:x@x>\r\n"+
			"Call-ID: o\r\nCSeq: %d OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", conn.LocalAddr(), try, try+1)
		_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)) // of a socket that is open
		if n, err := conn.Read(answer); err == nil && strings.HasPrefix(string(answer[:n]), "SIP/2.0 ") {
			return
		}
	}
	t.Error("the phone answers nobody any more")
}
