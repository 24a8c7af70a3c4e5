package server

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/icholy/digest"
)

// The example of RFC 7616 §3.9.1, with both algorithms, and that of RFC 2069 §2.4 as
// its erratum 749 has it.
func TestDigestResponse(t *testing.T) {
	mufasa := digest.Credentials{
		Username: "Mufasa", Realm: "http-auth@example.org", URI: "/dir/index.html",
		Nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", Nc: 1, QOP: "auth",
		Cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
	}
	with := func(c digest.Credentials, algorithm string) digest.Credentials {
		c.Algorithm = algorithm
		return c
	}
	withQOP := func(c digest.Credentials, qop string) digest.Credentials {
		c.QOP = qop
		return c
	}
	for _, tt := range []struct {
		name     string
		c        digest.Credentials
		password string
		want     string
	}{
		{"RFC 7616, MD5", with(mufasa, "MD5"), "Circle of Life", "8ca523f5e9506fed4657c9700eebdbec"},
		{"RFC 7616, SHA-256", with(mufasa, "SHA-256"), "Circle of Life",
			"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{"no algorithm is MD5", mufasa, "Circle of Life", "8ca523f5e9506fed4657c9700eebdbec"},
		{"lower case", with(mufasa, "md5"), "Circle of Life", "8ca523f5e9506fed4657c9700eebdbec"},
		{"RFC 2069, no qop", digest.Credentials{
			Username: "Mufasa", Realm: "testrealm@host.com", URI: "/dir/index.html",
			Nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
		}, "CircleOfLife", "1949323746fe6a43ef61f9606e7febea"},
		{"an algorithm that was not offered", with(mufasa, "MD5-sess"), "Circle of Life", ""},
		{"a qop that was not offered", withQOP(mufasa, "auth-int"), "Circle of Life", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := response(&tt.c, http.MethodGet, tt.password)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("%q, %v; want %q", got, ok, tt.want)
			}
		})
	}
}

func TestNonce(t *testing.T) {
	d, other := newDigestAuth("u", "p"), newDigestAuth("u", "p")
	now := time.Date(2021, 3, 1, 14, 29, 6, 0, time.UTC)
	nonce := d.nonce(now)
	for _, tt := range []struct {
		name  string
		nonce string
		at    time.Time
		want  bool
	}{
		{"new", nonce, now, true},
		{"at its end", nonce, now.Add(nonceLife), true},
		{"too old", nonce, now.Add(nonceLife + 1), false},
		{"from the future", nonce, now.Add(-1), false},
		{"another server's", other.nonce(now), now, false},
		{"cut", nonce[:len(nonce)-4], now, false},
		{"empty", "", now, false},
		{"no base64", "!" + nonce[1:], now, false},
	} {
		if got := d.fresh(tt.nonce, tt.at); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// An old nonce with the right password gets "stale", so that nobody is asked to type.
func TestStaleNonce(t *testing.T) {
	d := newDigestAuth("phone", "secret")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/a.cfg", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = "/a.cfg"
	for _, tt := range []struct {
		password string
		age      time.Duration
		allowed  bool
		stale    bool
	}{
		{"secret", time.Second, true, false},
		{"secret", nonceLife + time.Minute, false, true},
		{"guess", nonceLife + time.Minute, false, false},
		{"guess", time.Second, false, false},
	} {
		c := digest.Credentials{Username: "phone", Realm: realm, Nonce: d.nonce(time.Now().Add(-tt.age)),
			URI: "/a.cfg", QOP: "auth", Nc: 1, Cnonce: "x", Algorithm: "SHA-256"}
		c.Response, _ = response(&c, http.MethodGet, tt.password)
		r.Header.Set("Authorization", c.String())
		w := &headers{}
		allowed := d.allow(w, r)
		stale := strings.Contains(fmt.Sprint(w.Header()), "stale=true")
		if allowed != tt.allowed || stale != tt.stale {
			t.Errorf("%+v: allowed %v, stale %v", tt, allowed, stale)
		}
	}
}

type headers struct{ h http.Header }

func (w *headers) Header() http.Header {
	if w.h == nil {
		w.h = make(http.Header)
	}
	return w.h
}
func (*headers) Write(p []byte) (int, error) { return len(p), nil }
func (*headers) WriteHeader(int)             {}

// The history forgets its oldest requests, and says how many.
func TestHistoryIsBounded(t *testing.T) {
	var s Server
	for i := range historyLimit + 3 {
		s.history.add(Request{Status: fmt.Sprint(i)})
	}
	all := s.History()
	if len(all) != historyLimit || s.Dropped() != 3 {
		t.Fatalf("%d kept, %d dropped", len(all), s.Dropped())
	}
	if first, last := all[0].Status, all[len(all)-1].Status; first != "3" || last != fmt.Sprint(historyLimit+2) {
		t.Errorf("from %s to %s", first, last)
	}
}

// No name that a client can send makes clean return one that climbs.
func FuzzClean(f *testing.F) {
	for _, name := range []string{"a.cfg", "/a//b.cfg", "../x", "a/../b", `..\x`, "a\x00b", "\xff", "", ".", "/", "..a/b..", "a/."} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := clean(name)
		if err != nil {
			if !errors.Is(err, errNoFile) {
				t.Errorf("clean(%q): %v", name, err)
			}
			return
		}
		if strings.HasPrefix(got, "/") || strings.ContainsAny(got, "\\\x00") {
			t.Errorf("clean(%q) = %q", name, got)
		}
		for element := range strings.SplitSeq(got, "/") {
			if element == ".." || element == "" {
				t.Errorf("clean(%q) = %q", name, got)
			}
		}
		if again, err := clean(got); err != nil || again != got {
			t.Errorf("clean(%q) = %q, and again %q, %v", name, got, again, err)
		}
	})
}
