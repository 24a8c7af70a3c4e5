package web

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Who is answered, and who isn't.
func TestGuard(t *testing.T) {
	header := func(pairs ...string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			for i := 0; i < len(pairs); i += 2 {
				r.Header.Set(pairs[i], pairs[i+1])
			}
		}
	}
	host := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Host = name }
	}
	const get, post = http.MethodGet, http.MethodPost
	for _, c := range []struct {
		name   string
		method string
		path   string
		edit   func(*http.Request)
		want   int
	}{
		{"own page", get, "/", nil, 200},
		{"curl", get, "/", header(), 200},
		{"localhost", get, "/", host("localhost:8080"), 200},
		{"LOCALHOST without a port", get, "/", host("LocalHost"), 200},
		{"IPv6", get, "/", host("[::1]:8080"), 200},
		{"127.0.0.2", get, "/", host("127.0.0.2:8080"), 200},
		{"rebound name", get, "/", host("phone.evil.example:8080"), 421},
		{"name that only begins well", get, "/", host("localhost.evil.example"), 421},
		{"address of another machine", get, "/", host("10.0.0.1:8080"), 421},
		{"no host", get, "/", host(""), 421},
		{"followed a link from elsewhere", get, "/", header("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"), 200},
		{"embedded by another site", get, "/", header("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"), 403},
		{"stream to another site", get, "/events", header("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"), 403},
		{"stream to another port of this machine", get, "/events", header("Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors"), 403},

		{"own form", post, provisionPath, nil, 303},
		{"curl's form", post, provisionPath, header(), 303},
		{"own form, old browser", post, provisionPath, header("Origin", "http://127.0.0.1:8080"), 303},
		{"foreign form", post, provisionPath, header("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"), 403},
		{"form of another port", post, provisionPath, header("Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate"), 403},
		{"foreign form, old browser", post, provisionPath, header("Origin", "https://evil.example"), 403},
		{"foreign form without an origin", post, provisionPath, header("Origin", "null"), 403},
		{"foreign factory reset", post, resetPath, header("Sec-Fetch-Site", "cross-site"), 403},

		{"no such page", get, "/nothing", nil, 404},
		{"an asset", get, "/assets/live.js", nil, 200},
		{"no listing of assets", get, "/assets/", nil, 404},
		{"no way out of assets", get, "/assets/..%2Fpages%2Fframe.html", nil, 400},
		{"no template as it is", get, "/pages/frame.html", nil, 404},
		{"no other methods", http.MethodDelete, provisionPath, nil, 405},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := new(fakePhone)
			w := ask(Options{Phone: p}, request(c.method, c.path, formOf("profile_rule", "tftp://10.20.0.92/", "sure", "yes"), c.edit))
			if w.Code != c.want {
				t.Errorf("status %d, want %d: %s", w.Code, c.want, w.Body)
			}
			if w.Code >= 400 && len(p.asked) > 0 {
				t.Errorf("refused, but the phone was asked for %q", p.asked)
			}
			if got := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'self';") {
				t.Errorf("Content-Security-Policy: %q", got)
			}
		})
	}
}

// The password stands before everything, and is compared whole.
func TestPassword(t *testing.T) {
	for _, c := range []struct {
		name, given string
		want        int
	}{
		{"right", "sesame", 200},
		{"none", "", 401},
		{"wrong", "sesamf", 401},
		{"beginning", "sesam", 401},
		{"longer", "sesame ", 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, path := range []string{"/", "/events", "/assets/style.css"} {
					ctx, cancel := context.WithCancel(t.Context())
					cancel() // so that a stream ends at once
					start := time.Now()
					r := request(http.MethodGet, path, "", func(r *http.Request) { r.SetBasicAuth("admin", c.given) })
					if c.name == "none" {
						r.Header.Del("Authorization")
					}
					if c.want == 200 {
						r = r.WithContext(ctx)
					}
					w := ask(Options{Phone: new(fakePhone), Password: "sesame"}, r)
					if w.Code != c.want {
						t.Errorf("%s: status %d, want %d", path, w.Code, c.want)
					}
					if c.want == 401 && w.Header().Get("WWW-Authenticate") == "" {
						t.Errorf("%s: no challenge", path)
					}
					if late := time.Since(start) >= wrongPasswordWait; late != (c.want == 401 && c.name != "none") {
						t.Errorf("%s: answered after %s", path, time.Since(start))
					}
				}
			})
		})
	}
}

// On loopback nobody needs a password; elsewhere there is always one.
func TestPasswordIsDemanded(t *testing.T) {
	local, anywhere := net.IPv4(127, 0, 0, 1), net.IPv4zero
	for _, c := range []struct {
		name     string
		at       net.IP
		password string
		demanded bool
		madeUp   bool
	}{
		{"loopback", local, "", false, false},
		{"IPv6 loopback", net.IPv6loopback, "", false, false},
		{"loopback with a password", local, "sesame", true, false},
		{"all addresses", anywhere, "", true, true},
		{"one address", net.IPv4(10, 0, 0, 1), "", true, true},
		{"all addresses with a password", anywhere, "sesame", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(Options{Phone: new(fakePhone), Password: c.password}, &net.TCPAddr{IP: c.at, Port: 80})
			if got := s.MadeUpPassword() != ""; got != c.madeUp {
				t.Errorf("made up: %t, want %t", got, c.madeUp)
			}
			w := httptest.NewRecorder()
			s.handler().ServeHTTP(w, request(http.MethodGet, "/", "", nil))
			if got := w.Code == http.StatusUnauthorized; got != c.demanded {
				t.Errorf("status %d, want demanded: %t", w.Code, c.demanded)
			}
		})
	}
	a := newServer(Options{}, &net.TCPAddr{IP: anywhere})
	b := newServer(Options{}, &net.TCPAddr{IP: anywhere})
	if a.MadeUpPassword() == b.MadeUpPassword() || len(a.MadeUpPassword()) < 26 {
		t.Errorf("passwords that can be guessed: %q, %q", a.MadeUpPassword(), b.MadeUpPassword())
	}
}

// A form has a limit, and says so.
func TestBodyLimit(t *testing.T) {
	p := new(fakePhone)
	w := ask(Options{Phone: p}, request(http.MethodPost, provisionPath, formOf("profile_rule", strings.Repeat("x", maxBody)), nil))
	if w.Code != http.StatusRequestEntityTooLarge || len(p.asked) > 0 {
		t.Errorf("status %d, asked %q", w.Code, p.asked)
	}
}
