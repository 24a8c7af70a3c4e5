package server

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// CheckSyncTarget is where a NOTIFY goes.
type CheckSyncTarget struct {
	User      string // of the Request-URI, as a URI has it; empty: none
	Password  string // answers a challenge; never sent in the clear
	Host      string // a name or an address, IPv6 without brackets
	Port      int
	Transport string // udp, tcp
}

// ParseCheckSyncTarget reads HOST, HOST:PORT, or a SIP URI: sip:USER@HOST:PORT with
// ;transport=tcp where it is to go over TCP, and USER:PASSWORD for a phone that asks
// for credentials. Its errors repeat no password.
func ParseCheckSyncTarget(text string) (t CheckSyncTarget, err error) {
	scheme, _, _ := strings.Cut(text, ":")
	if strings.EqualFold(scheme, "sips") {
		return t, errors.New("sips: is for TLS, which this does not speak: want sip:USER@HOST:PORT, or HOST:PORT")
	}
	if !strings.EqualFold(scheme, "sip") {
		if strings.ContainsAny(text, "@;/") {
			return t, errors.New("neither HOST:PORT nor a SIP URI: want 192.0.2.1:5060, or sip:1001@192.0.2.1;transport=tcp")
		}
		text = "sip:" + bracketed(text)
	}
	var uri sip.Uri
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) || sip.ParseUri(text, &uri) != nil {
		return t, errors.New("not a SIP URI: want sip:USER@HOST:PORT")
	}
	user, password, err := userInfo(uri)
	if err != nil {
		return t, err
	}
	t = CheckSyncTarget{User: user, Password: password, Host: strings.Trim(uri.Host, "[]"), Port: uri.Port, Transport: "udp"}
	for _, p := range uri.UriParams {
		if strings.EqualFold(p.K, "transport") {
			t.Transport = strings.ToLower(p.V)
		}
	}
	switch {
	case t.Transport != "udp" && t.Transport != "tcp":
		return t, fmt.Errorf("transport %q is neither udp nor tcp", t.Transport)
	case t.Host == "" || strings.ContainsAny(t.Host, "<>@/[]"):
		return t, errors.New("names no host: want HOST:PORT, or sip:USER@HOST:PORT")
	case t.Port < 0 || t.Port > 65535, t.Port == 0 && zeroPort(text):
		return t, fmt.Errorf("port %d is not a number from 1 to 65535", t.Port)
	case t.Port == 0:
		t.Port = sip.DefaultUdpPort
	}
	return t, nil
}

// zeroPort reports whether a port 0 was written, which package sip takes for none.
func zeroPort(text string) bool {
	address, _, _ := strings.Cut(text, ";")
	return strings.HasSuffix(address, ":0")
}

// userInfo is user and password of a URI. Package sip cuts them at the last colon, and
// a password may hold one.
func userInfo(uri sip.Uri) (user, password string, err error) {
	if uri.Password == "" {
		return uri.User, "", nil
	}
	user, password, _ = strings.Cut(uri.User+":"+uri.Password, ":")
	if password, err = url.PathUnescape(password); err != nil {
		return "", "", errors.New("the password holds a % that escapes nothing: write %25 for it")
	}
	return user, password, nil
}

// bracketed puts brackets around a bare IPv6 address.
func bracketed(text string) string {
	if ip := net.ParseIP(text); ip != nil && strings.Contains(text, ":") {
		return "[" + text + "]"
	}
	return text
}

// Address is HOST:PORT.
func (t CheckSyncTarget) Address() string { return net.JoinHostPort(t.Host, strconv.Itoa(t.Port)) }

// URI is the Request-URI, without the password.
func (t CheckSyncTarget) URI() string {
	uri := "sip:"
	if t.User != "" {
		uri += t.User + "@"
	}
	uri += t.Address()
	if t.Transport != "udp" {
		uri += ";transport=" + t.Transport
	}
	return uri
}
