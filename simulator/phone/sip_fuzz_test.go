package phone

import (
	"bufio"
	"bytes"
	"testing"
)

// Whatever comes: no panic, an answer that is SIP and no larger than the request by
// much, and the same answer to the same request.
func FuzzAnswerRequest(f *testing.F) {
	for _, method := range []string{"OPTIONS", "NOTIFY", "INVITE", "ACK", "CANCEL", "REGISTER", "X"} {
		f.Add(sipMessage(method, "Event: check-sync;reboot=true"))
		f.Add(sipMessage(method, "From:-", `Authorization: Digest username="1001", realm="pbx.example", nonce="", uri="", response=""`))
		f.Add(bytes.ReplaceAll(sipMessage(method, "To: x", "v: SIP/2.0/UDP [::1]:1;rport;x=\"", "o: check-sync"), []byte("\r"), nil))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for name, core := range map[string]*sipCore{"open": new(sipCore), "guarded": guarded()} {
			answer, action := core.answerRequest(bytes.Clone(raw), sipSender)
			if answer == nil {
				if action.trigger != "" {
					t.Errorf("%s: obeyed without an answer", name)
				}
				continue
			}
			if name == "guarded" && action.trigger != "" {
				t.Errorf("obeyed without a password: %q", raw)
			}
			if len(answer) > len(raw)+1000 {
				t.Errorf("%d bytes make an answer of %d", len(raw), len(answer))
			}
			if _, err := parseSIPResponse(answer, sipSender); err != nil {
				t.Errorf("%v:\n%q\n%q", err, raw, answer)
			}
			again, action := core.answerRequest(raw, sipSender)
			if !bytes.Equal(answer, again) || action.trigger != "" {
				t.Errorf("not the same answer again:\n%q\n%q", answer, again)
			}
		}
	})
}

// Whatever a stream holds: no message is longer than the limit, and what is framed as a
// message holds a whole one.
func FuzzReadSIPStream(f *testing.F) {
	f.Add(append(sipMessage("OPTIONS"), sipMessage("NOTIFY", "Content-Length: 3")...))
	f.Add([]byte("\r\n\r\nX\nl: 70000\n\n"))
	f.Add([]byte("l: 5\r\n\r\n12"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := bufio.NewReaderSize(bytes.NewReader(raw), maxSIPLine+2)
		left := len(raw)
		for {
			message, err := readSIPStream(in, func(bool) {})
			if err != nil {
				return
			}
			if left -= len(message); left < 0 || len(message) > maxSIPMessage || len(message) == 0 {
				t.Fatalf("a message of %d bytes out of %q", len(message), raw)
			}
		}
	})
}
