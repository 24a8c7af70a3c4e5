package phone_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// registrarAt is where the office's registrar is, phoneAt where its phone hears SIP.
var (
	registrarAt = netip.MustParseAddrPort("192.0.2.30:5060")
	phoneAt     = netip.MustParseAddrPort("192.0.2.1:5060")

	phoneAtField = netip.MustParseAddrPort("10.66.1.1:5060") // in a testbed
)

// registrar is a scripted registrar. answer returns the lines of an answer, the status
// line's rest first; none: silence.
type registrar struct {
	mu       sync.Mutex
	answer   func(r *sip.Request) []string
	requests []*sip.Request
	answers  []*sip.Response // to what notify sent
	send     func([]byte)    // to the phone
	conn     net.Conn        // the latest over TCP
}

// hangUp ends the latest connection over TCP.
func (reg *registrar) hangUp() {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	reg.conn.Close()
}

// register puts a registrar into the office, on UDP and TCP.
func (o *office) register(answer func(r *sip.Request) []string) *registrar {
	reg := &registrar{answer: answer}
	o.net.HandleUDP(registrarAt, func(d wire.Datagram, send func(wire.Datagram)) {
		reply := func(b []byte) { send(wire.Datagram{From: d.To, To: d.From, Payload: b}) }
		reg.take(d.Payload, reply)
	})
	o.net.HandleTCP(registrarAt, func(conn net.Conn) {
		defer conn.Close()
		reg.mu.Lock()
		reg.conn = conn
		reg.mu.Unlock()
		buf := make([]byte, 4096) // the phone writes one message at a time, and net.Pipe keeps them apart
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			reg.take(buf[:n], func(b []byte) { go conn.Write(b) }) // a net.Pipe takes what somebody reads
		}
	})
	return reg
}

// behave gives it another script.
func (reg *registrar) behave(answer func(r *sip.Request) []string) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	reg.answer = answer
}

func (reg *registrar) take(raw []byte, reply func([]byte)) {
	message, err := sip.ParseMessage(append([]byte(nil), raw...))
	if err != nil {
		panic(fmt.Sprintf("the phone sent %q: %v", raw, err))
	}
	reg.mu.Lock()
	defer reg.mu.Unlock()
	reg.send = reply
	switch m := message.(type) {
	case *sip.Response:
		reg.answers = append(reg.answers, m)
	case *sip.Request:
		reg.requests = append(reg.requests, m)
		lines := reg.answer(m)
		if len(lines) == 0 {
			return
		}
		code := 0
		_, _ = fmt.Sscan(lines[0], &code)
		response := sip.NewResponseFromRequest(m, code, strings.TrimPrefix(lines[0], fmt.Sprint(code)+" "), nil)
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(line, ": ")
			response.AppendHeader(sip.NewHeader(name, value))
		}
		reply([]byte(response.String()))
	}
}

// notify sends the phone a NOTIFY the way its latest request came.
func (reg *registrar) notify(event string, number int) {
	reg.mu.Lock()
	send := reg.send
	reg.mu.Unlock()
	send(fmt.Appendf(nil, "NOTIFY sip:1001@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKn%d;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:pbx@pbx.example>;tag=n\r\nTo: <sip:1001@pbx.example>\r\nCall-ID: n%[3]d@pbx\r\nCSeq: 1 NOTIFY\r\n"+
		"Event: %[4]s\r\nContent-Length: 0\r\n\r\n", phoneAt, registrarAt, number, event))
}

// asked are the values of a header in all requests, - where there is none.
func (reg *registrar) asked(name string) (values []string) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	for _, r := range reg.requests {
		value := "-"
		if h := r.GetHeader(name); h != nil {
			value = h.Value()
		}
		values = append(values, value)
	}
	return values
}

// answered are the phone's answers to the NOTIFYs, by their codes.
func (reg *registrar) answered() (codes []int) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	for _, r := range reg.answers {
		codes = append(codes, r.StatusCode)
	}
	return codes
}

// accepts answers 200 to everybody, for as long as it is asked, or so many seconds.
func accepts(most ...int) func(*sip.Request) []string {
	return func(r *sip.Request) []string {
		expires := r.GetHeader("Expires").Value()
		if len(most) > 0 && expires != "0" {
			expires = fmt.Sprint(most[0])
		}
		return []string{"200 OK", "Contact: " + r.Contact().Value() + ";expires=" + expires}
	}
}

// challenges wants a user and a password, with an algorithm of RFC 7616, by 401 or 407.
// Each nonce is good for life.
func challenges(code int, user, password, algorithm string, then func(*sip.Request) []string) func(*sip.Request) []string {
	ask, answer, status := "WWW-Authenticate", "Authorization", "401 Unauthorized"
	if code == 407 {
		ask, answer, status = "Proxy-Authenticate", "Proxy-Authorization", "407 Proxy Authentication Required"
	}
	return func(r *sip.Request) []string {
		c := &digest.Challenge{Realm: "pbx.example", Nonce: fmt.Sprintf("n%d", code), QOP: []string{"auth"}, Algorithm: algorithm}
		if h := r.GetHeader(answer); h != nil {
			got, err := digest.ParseCredentials(h.Value())
			if err == nil && got.Username == user {
				want, err := digest.Digest(c, digest.Options{
					Method: "REGISTER", URI: r.Recipient.String(), Username: user, Password: password, Count: got.Nc, Cnonce: got.Cnonce,
				})
				if err == nil && want.Response == got.Response && want.URI == got.URI {
					return then(r)
				}
			}
		}
		return []string{status, ask + ": " + c.String()}
	}
}

// registerStory are the events of registering.
func (l *living) registerStory() []string {
	return l.story(trace.RegisterRequest, trace.RegisterAnswer, trace.RegisterDone, trace.RegisterFailed, trace.RegisterOff)
}

// calls gives a living phone a SIP side.
func (o *office) calls(t *testing.T, cfg string, set ...string) (*living, *phone.SIP) {
	t.Helper()
	o.serve(serverA, "0021f2000001.cfg", cfg)
	side := phone.NewSIP(phone.SIPOptions{Listen: phoneAt.String()})
	return o.live(t, phone.Options{Attach: []phone.Attachment{side}}, set...), side
}

// account is the cfg of account 1 at the office's registrar.
func account(more ...string) string {
	lines := append([]string{
		"account.1.enable=1", "account.1.sip_server_host=" + registrarAt.Addr().String(), "account.1.user_name=1001",
		"account.1.auth_name=auth1001", "account.1.password=p#w=1", "account.1.sip_server.1.expires=60",
	}, more...)
	return strings.Join(lines, "\n") + "\n"
}

// states are the states of all registrations.
func states(side *phone.SIP) string {
	var list []string
	for _, r := range side.Registrations() {
		list = append(list, fmt.Sprintf("%d %s %s", r.Account, r.AOR, r.State))
	}
	return strings.Join(list, ", ")
}

// expiresIn is for how long an account is registered.
func expiresIn(side *phone.SIP, i int) time.Duration {
	for _, r := range side.Registrations() {
		if r.Account == i && !r.Expires.IsZero() {
			return time.Until(r.Expires)
		}
	}
	return 0
}
