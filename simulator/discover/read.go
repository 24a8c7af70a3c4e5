package discover

import (
	"errors"
	"fmt"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// SIPMessage is a SIP message read with the phone's lenience, for those who look at
// what others said to each other.
type SIPMessage struct {
	Method string // of a request, in capitals; empty: a response
	URI    string // of a request
	Status int    // of a response, 100 to 699
	Reason string // of a response
	Body   []byte // part of the bytes that were read
	m      *sipMessage
}

// ReadSIP reads one datagram as the phone does. Its errors say in one line what is
// wrong with it, without quoting it.
func ReadSIP(raw []byte) (*SIPMessage, error) {
	m, err := parseSIP(raw)
	if err != nil {
		return nil, err
	}
	return &SIPMessage{m.method, m.uri, m.status, m.reason, m.body, m}, nil
}

// Header returns the first header of that name, which is in lower case and in full.
func (s *SIPMessage) Header(name string) string {
	v, _ := s.m.header(name)
	return v
}

// Headers returns the names of all headers, in lower case and in full, in their order.
func (s *SIPMessage) Headers() []string {
	names := make([]string, len(s.m.headers))
	for i, h := range s.m.headers {
		names[i] = h.name
	}
	return names
}

// Tag returns the tag of header from or to; empty: it has none.
func (s *SIPMessage) Tag(header string) string { return s.m.tag(header) }

// CSeq returns the method of the CSeq header.
func (s *SIPMessage) CSeq() string {
	_, method, _ := s.m.cseq()
	return method
}

// URL returns the URL in the body of a NOTIFY, read as the phone reads it; why says
// what is wrong where there is none.
func (s *SIPMessage) URL() (url, why string) {
	r := received{sipMessage: s.m}
	return r.readURL(false)
}

// ReadDHCP reads a DHCP message with the phone's lenience: one without its End option
// is forgiven, and the options in overloaded file and sname fields are among the others
// (RFC 2131 §4.1).
func ReadDHCP(message []byte) (*dhcpv4.DHCPv4, error) {
	if len(message) < bootpOptions {
		return nil, errors.New("too short for a DHCP message")
	}
	m, err := readEnded(message)
	if err != nil {
		return nil, err
	}
	return m, readOverload(message, m.Options)
}

// readEnded reads a message as if it had its End option. Its error says what is
// malformed.
func readEnded(message []byte) (*dhcpv4.DHCPv4, error) {
	ended := append(make([]byte, 0, len(message)+1), message...)
	m, err := dhcpv4.FromBytes(append(ended, dhcpv4.OptionEnd.Code()))
	if err != nil {
		return nil, fmt.Errorf("malformed: %w", err)
	}
	return m, nil
}

// ServerText returns what the first of codes that is in o says about the provisioning
// server, without padding; empty: none of them says anything. Its error says which
// option is unusable, and why. It may hold a password: see WithoutUserInfo.
func ServerText(o dhcpv4.Options, codes []int) (text string, code int, err error) {
	return serverText(o, codes)
}

// WithoutUserInfo returns an offered URL or host without user name and password.
func WithoutUserInfo(offered string) string { return withoutUserInfo(offered) }
