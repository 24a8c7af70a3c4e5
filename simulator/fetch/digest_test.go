package fetch

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/trace"
)

// guard is a server that asks for credentials and checks them by its own arithmetic.
// It notes the Authorization scheme of each request.
type guard struct {
	challenges []string
	check      func(r *http.Request, authorization string) bool

	mu   sync.Mutex
	came []string
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := r.Header.Get("Authorization")
	scheme, _, _ := strings.Cut(a, " ")
	g.mu.Lock()
	g.came = append(g.came, scheme)
	g.mu.Unlock()
	if a == "" || !g.check(r, a) {
		for _, c := range g.challenges {
			w.Header().Add("WWW-Authenticate", c)
		}
		http.Error(w, "who is there?", http.StatusUnauthorized)
		return
	}
	io.WriteString(w, "a = 1")
}

func basicOK(r *http.Request, _ string) bool {
	user, password, ok := r.BasicAuth()
	return ok && user == "test1" && password == secret
}

// digestOK checks a response by RFC 7616 §3.4.1, and RFC 2069 where there is no qop.
func digestOK(newHash func() hash.Hash) func(*http.Request, string) bool {
	sum := func(parts ...string) string {
		h := newHash()
		io.WriteString(h, strings.Join(parts, ":"))
		return hex.EncodeToString(h.Sum(nil))
	}
	return func(r *http.Request, authorization string) bool {
		p := make(map[string]string)
		for _, part := range splitQuoted(strings.TrimPrefix(authorization, "Digest ")) {
			name, value, _ := strings.Cut(part, "=")
			p[name] = strings.Trim(value, `"`)
		}
		a1 := sum("test1", p["realm"], secret)
		a2 := sum(r.Method, r.URL.RequestURI())
		want := sum(a1, p["nonce"], p["nc"], p["cnonce"], p["qop"], a2)
		if p["qop"] == "" {
			want = sum(a1, p["nonce"], a2)
		}
		return p["response"] == want && p["uri"] == r.URL.RequestURI() && p["username"] == "test1"
	}
}

func TestHTTPCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		challenges []string
		check      func(*http.Request, string) bool
		reply      string
		came       []string
	}{
		"Basic": {[]string{`Basic realm="phones"`}, basicOK, "HTTP 401 Unauthorized: Basic", []string{"", "Basic"}},
		"Digest MD5": {
			[]string{`Digest realm="phones", nonce="n1", qop="auth", opaque="o"`}, digestOK(md5.New),
			`HTTP 401 Unauthorized: Digest MD5, realm "phones"`, []string{"", "Digest"},
		},
		"Digest without qop": {
			[]string{`Digest realm="phones", nonce="n1"`}, digestOK(md5.New),
			`HTTP 401 Unauthorized: Digest MD5, realm "phones"`, []string{"", "Digest"},
		},
		"Digest SHA-256": {
			[]string{`Digest realm="a, b", nonce="n1", qop="auth-int, auth", algorithm=SHA-256`}, digestOK(sha256.New),
			`HTTP 401 Unauthorized: Digest SHA-256, realm "a, b"`, []string{"", "Digest"},
		},
		"Digest before Basic": {
			[]string{`Basic realm="phones"`, `Digest realm="p", nonce="n1", qop="auth"`}, digestOK(md5.New),
			`HTTP 401 Unauthorized: Digest MD5, realm "p"`, []string{"", "Digest"},
		},
		"two in one line": {
			[]string{`Basic realm="x", Digest realm="p", nonce="n1", qop="auth"`}, digestOK(md5.New),
			`HTTP 401 Unauthorized: Digest MD5, realm "p"`, []string{"", "Digest"},
		},
		"unknown Digest, Basic": {
			[]string{`Digest realm="p", nonce="n", algorithm=SHA3`, `Basic realm="x"`}, basicOK,
			"HTTP 401 Unauthorized: Basic", []string{"", "Basic"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := &guard{challenges: test.challenges, check: test.check}
			server := httptest.NewServer(g)
			defer server.Close()
			const path = "/HTTP%20Directory/B%C3%BCro%25.cfg?a=b"

			k := new(kit)
			k.body(t, Request{URL: withUser(t, server.URL+path)}, "a = 1")
			if diff := cmp.Diff(test.came, g.came); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{test.reply}, k.said(trace.FetchReply)); diff != "" {
				t.Errorf("replies (-want +got):\n%s", diff)
			}

			// The same from the request's own fields.
			k.body(t, Request{URL: mustURL(t, server.URL+path), User: "test1", Password: secret}, "a = 1")

			// User info in the URL goes before them.
			u := mustURL(t, server.URL+path)
			u.User = mustURL(t, "http://test1:wrong@x").User
			_, err := k.request(t, Request{URL: u, User: "test1", Password: secret})
			fails(t, err, ErrUnauthorized, "HTTP 401 with the credentials given")

			_, err = k.fetch(t, server.URL+path)
			fails(t, err, ErrUnauthorized, "asks for credentials", "none are set")
		})
	}
}

// A nonce may go stale between two requests: it is answered once more, and not for
// ever. Two files with one nonce have two counts.
func TestHTTPDigestNonces(t *testing.T) {
	var mu sync.Mutex
	seen := make(map[string]bool)
	fresh := 0
	right := digestOK(md5.New)
	stale := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			a := r.Header.Get("Authorization")
			if strings.Contains(a, fmt.Sprintf(`nonce="n%d"`, n)) && right(r, a) && !seen[a[strings.Index(a, "nc="):][:11]] {
				seen[a[strings.Index(a, "nc="):][:11]] = true
				io.WriteString(w, "a = 1")
				return
			}
			if fresh < n {
				fresh++
			}
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Digest realm="p", nonce="n%d", qop="auth", stale=%t`, fresh, a != ""))
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
	t.Run("stale once", func(t *testing.T) {
		server := httptest.NewServer(stale(2))
		defer server.Close()
		k := new(kit)
		s := k.schemes(t)
		defer s.Close()
		for range 2 {
			if _, err := k.over(t, s, Request{URL: withUser(t, server.URL)}); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(map[string]bool{"nc=00000001": true, "nc=00000002": true}, seen); diff != "" {
			t.Errorf("nonce counts (-want +got):\n%s", diff)
		}
	})
	t.Run("stale for ever", func(t *testing.T) {
		server := httptest.NewServer(stale(1000))
		defer server.Close()
		_, err := new(kit).request(t, Request{URL: withUser(t, server.URL)})
		fails(t, err, ErrUnauthorized, "with the credentials given")
	})
}

// Credentials go only to the host that they are for, and only after a challenge.
func TestHTTPCredentialsStayHome(t *testing.T) {
	thief := &guard{challenges: []string{`Basic realm="give"`}, check: basicOK}
	away := httptest.NewServer(thief)
	defer away.Close()
	elsewhere := strings.Replace(away.URL, "127.0.0.1", "localhost", 1)
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !basicOK(r, "") {
			w.Header().Set("WWW-Authenticate", "Basic realm=home")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, elsewhere+"/x.cfg", http.StatusFound)
	}))
	defer home.Close()
	_, err := new(kit).request(t, Request{URL: withUser(t, home.URL)})
	fails(t, err, ErrUnauthorized, "are not sent there")
	if diff := cmp.Diff([]string{""}, thief.came); diff != "" {
		t.Errorf("the other host got (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(err.URL, elsewhere) {
		t.Errorf("error is about %s, want %s", err.URL, elsewhere)
	}
}

func TestHTTPCredentialsMayGo(t *testing.T) {
	for _, test := range []struct {
		first, now string
		want       bool
	}{
		{"http://a/x", "http://a/y", true},
		{"http://a/x", "http://A:8080/y", true},
		{"http://a/x", "https://a/y", true},
		{"https://a/x", "https://a:444/y", true},
		{"https://a/x", "http://a/y", false},
		{"http://a/x", "http://b/x", false},
		{"http://a/x", "http://a.b/x", false},
		{"http://a.b/x", "http://c.a.b/x", false},
	} {
		if got := mayHaveCredentials(mustURL(t, test.first), mustURL(t, test.now)); got != test.want {
			t.Errorf("from %s to %s: %v, want %v", test.first, test.now, got, test.want)
		}
	}
}

func TestDigestChallenges(t *testing.T) {
	for _, test := range []struct {
		line string
		want []string
	}{
		{``, nil},
		{`Basic`, []string{`Basic`}},
		{`Basic realm="a, b"`, []string{`Basic realm="a, b"`}},
		{`Digest realm="x", nonce = "y", Basic realm="z"`, []string{`Digest realm="x", nonce = "y"`, `Basic realm="z"`}},
		{`Negotiate, Basic realm="q\", Digest"`, []string{`Negotiate`, `Basic realm="q\", Digest"`}},
		{`Bearer abc==, Basic realm=x`, []string{`Bearer abc==`, `Basic realm=x`}},
		{`, ,Basic realm="unclosed`, []string{`Basic realm="unclosed`}},
	} {
		if diff := cmp.Diff(test.want, challenges(test.line)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.line, diff)
		}
	}
}

func FuzzDigestChallenges(f *testing.F) {
	f.Add(`Basic realm="x", Digest realm="p", nonce="n1", qop="auth"`)
	f.Add(`Digest realm="\"`)
	f.Fuzz(func(t *testing.T, line string) {
		if c, err := choose(http.Header{"Www-Authenticate": {line}}); err == nil && c.scheme == "" {
			t.Errorf("%q: neither a challenge nor an error", line)
		}
	})
}
