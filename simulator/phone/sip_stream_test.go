package phone_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/phone"
)

// Over TCP messages come one after another, in pieces, with keep-alives between them;
// one that is too large ends the connection.
func TestSIPStream(t *testing.T) {
	t.Parallel()
	_, side, _ := onLoopback(t, phone.Options{}, "account.1.label=x\n")
	conn, err := net.Dial("tcp", side.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	options := func(i int) string {
		return fmt.Sprintf("OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP pbx;branch=z9hG4bK%d\r\nFrom: <sip:pbx>;tag=1\r\nTo: <sip:x>\r\n"+
			"Call-ID: %[1]d\r\nCSeq: 1 OPTIONS\r\nl: 5\r\n\r\n\r\n\r\n!", i)
	}
	text := "\r\n\r\n" + options(1) + "\r\n\r\n" + options(2) + options(3)
	go func() {
		for i := range len(text) {
			if _, err := conn.Write([]byte{text[i]}); err != nil {
				return
			}
		}
	}()
	in := textproto.NewReader(bufio.NewReader(conn))
	for i := 1; i <= 3; i++ {
		status, err := in.ReadLine()
		if err != nil || status != "SIP/2.0 200 OK" {
			t.Fatalf("%q, %v", status, err)
		}
		header, err := in.ReadMIMEHeader()
		if err != nil || header.Get("Call-ID") != fmt.Sprint(i) {
			t.Fatalf("%v, %v; want Call-ID %d", header, err, i)
		}
	}
	if _, err := fmt.Fprintf(conn, "OPTIONS sip:x SIP/2.0\r\nX: %s", strings.Repeat("x", 4096)); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(in.R); len(rest) > 0 {
		t.Errorf("%q, %v after a line without end", rest, err)
	}
}

// Others may open 64 connections; one more is closed at once.
func TestSIPConnections(t *testing.T) {
	t.Parallel()
	_, side, _ := onLoopback(t, phone.Options{}, "account.1.label=x\n")
	ended := make(chan struct{}, 100)
	for range 70 {
		conn, err := net.Dial("tcp", side.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go func() {
			_, _ = conn.Read(make([]byte, 1))
			ended <- struct{}{}
		}()
	}
	for range 6 {
		<-ended
	}
}
