package fetch

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
)

// asked is what a server of TestSharedTellsNothing saw of one request.
type asked struct {
	Agent   string
	Conn    string // which connection, from 1
	Resumed bool   // its TLS session
	User    string // of Digest; empty: no credentials
	Count   string // nc
}

// Phones that share what fetchers may share tell a server nothing of each other: each has a connection, a
// TLS session, credentials and a count of nonces of its own, whoever came before.
func TestSharedTellsNothing(t *testing.T) {
	var mu sync.Mutex
	var all []asked
	conns := make(map[string]string)
	word := regexp.MustCompile(`(username="?|nc=)([^",]+)`)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if conns[r.RemoteAddr] == "" {
			conns[r.RemoteAddr] = fmt.Sprint(len(conns) + 1)
		}
		a := asked{Agent: r.UserAgent(), Conn: conns[r.RemoteAddr], Resumed: r.TLS.DidResume}
		for _, found := range word.FindAllStringSubmatch(r.Header.Get("Authorization"), -1) {
			if found[1] == "nc=" {
				a.Count = found[2]
			} else {
				a.User = found[2]
			}
		}
		all = append(all, a)
		if a.User == "" {
			w.Header().Set("WWW-Authenticate", `Digest realm="phones", nonce="one and the same", qop="auth"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer s.Close()

	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	shared, err := NewShared(device.Behaviour{UserAgent: "{mac}"}, TLS{CA: ca})
	if err != nil {
		t.Fatal(err)
	}
	var want []asked
	for i, user := range []string{"anna", "bert", "anna"} {
		id := device.Identity{MAC: device.DefaultMAC.Add(uint64(i))}
		f, err := New(Options{Identity: id, Shared: shared})
		if err != nil {
			t.Fatal(err)
		}
		for n := range 2 {
			if _, err := f.Fetch(t.Context(), Request{URL: mustURL(t, s.URL+"/x.cfg"), Name: "x.cfg", User: user, Password: "secret " + user}); err != nil {
				t.Fatal(err)
			}
			one := asked{Agent: id.MAC.String(), Conn: fmt.Sprint(i + 1)}
			want = append(want, one)
			one.User, one.Count = user, fmt.Sprintf("%08x", n+1)
			want = append(want, one)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("the server was asked (-want +got):\n%s", diff)
	}
}

// What is shared decides, and options beside it do not.
func TestSharedDecides(t *testing.T) {
	shared, err := NewShared(device.Behaviour{UserAgent: "shared"}, TLS{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := New(Options{Shared: shared, Behaviour: device.Behaviour{UserAgent: "own"}, TLS: TLS{CA: []byte("no certificate")}})
	if err != nil {
		t.Fatal(err)
	}
	if f.agent != "shared" {
		t.Errorf("User-Agent %q", f.agent)
	}
	if got := shared.Behaviour().TFTPBlksize; got != 512 {
		t.Errorf("a block size of %d, want the default", got)
	}
	if _, err := NewShared(device.Behaviour{}, TLS{CA: []byte("no certificate")}); err == nil {
		t.Error("a CA file without a certificate is taken")
	}
}
