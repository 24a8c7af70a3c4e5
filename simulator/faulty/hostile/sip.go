package hostile

import (
	"fmt"
	"strings"
)

// sipHead is what an answer to a SIP request repeats of it.
type sipHead struct {
	method, via, from, to, callID, cseq, contact string
}

// readSIP reads the head of a request; false for what is none.
func readSIP(raw []byte) (h sipHead, ok bool) {
	first, rest, _ := strings.Cut(string(raw), "\r\n")
	method, _, ok := strings.Cut(first, " ")
	if !ok || strings.HasPrefix(first, "SIP/") {
		return h, false
	}
	h.method = method
	for line := range strings.SplitSeq(rest, "\r\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch strings.ToLower(name) {
		case "via":
			h.via = value
		case "from":
			h.from = value
		case "to":
			h.to = value
		case "call-id":
			h.callID = value
		case "cseq":
			h.cseq = value
		case "contact":
			h.contact = strings.Trim(value, "<>")
		}
	}
	return h, h.callID != ""
}

// response is an answer to the request; more are further headers, each with its end.
func (h sipHead) response(status, more string) string {
	return "SIP/2.0 " + status + "\r\nVia: " + h.via + "\r\nFrom: " + h.from + "\r\nTo: " + h.to + ";tag=x\r\n" +
		"Call-ID: " + h.callID + "\r\nCSeq: " + h.cseq + "\r\n" + more + "Content-Length: 0\r\n\r\n"
}

func (h sipHead) ok() string { return h.response("200 OK", "Expires: 0\r\n") }

// notify is the n-th NOTIFY in the request's dialog.
func (h sipHead) notify(s *Server, n int, more, body string) string {
	if !strings.Contains(more, "Event: ") {
		more += "Event: ua-profile\r\n"
	}
	return fmt.Sprintf("NOTIFY %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d\r\nMax-Forwards: 70\r\nFrom: %s;tag=x\r\nTo: %s\r\n"+
		"Call-ID: %s\r\nCSeq: %d NOTIFY\r\nContact: <sip:%s>\r\nSubscription-State: terminated;reason=timeout\r\n"+
		"Content-Type: application/url\r\n%sContent-Length: %d\r\n\r\n%s",
		h.contact, s.at.Host, n, h.to, h.from, h.callID, n, s.at.Host, more, len(body), body)
}

// routes are headers that lead to the bystander.
func (s *Server) routes() string {
	at := s.bystander.Addr().String()
	return "Record-Route: <sip:" + at + ";lr>\r\nRoute: <sip:" + at + ";lr>\r\nContact: <sip:" + at + ">\r\n" +
		"Reply-To: <sip:" + at + ">\r\n" +
		"Path: <sip:" + at + ";lr>\r\nService-Route: <sip:" + at + ";lr>\r\nRefer-To: <sip:" + at + ">\r\n"
}
