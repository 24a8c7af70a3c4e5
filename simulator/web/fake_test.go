package web

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
)

var (
	_ Phone                                 = (*phone.Phone)(nil)
	_ func(*phone.SIP) []phone.Registration = (*phone.SIP).Registrations
)

// fakePhone shows what it is told to and remembers what it is asked for. The zero value
// is the default phone, without settings.
type fakePhone struct {
	id       device.Identity
	settings *config.Settings
	last     phone.Pass
	status   phone.Status
	rule     string // with its password

	mu    sync.Mutex
	asked []string
}

func (f *fakePhone) Identity() device.Identity { return f.id.WithDefaults() }
func (f *fakePhone) Last() phone.Pass          { return f.last }
func (f *fakePhone) Status() phone.Status      { return f.status }
func (f *fakePhone) ProfileRule() string       { return config.Masked("", f.rule) }

func (f *fakePhone) Settings() *config.Settings {
	if f.settings == nil {
		return new(config.Settings)
	}
	return f.settings
}

func (f *fakePhone) ask(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, what)
}

func (f *fakePhone) SetProfileRule(rule string) error {
	if strings.HasPrefix(rule, "gopher:") {
		return errors.New("its scheme is none of tftp, ftp, http, https")
	}
	f.ask("rule " + rule)
	return nil
}

func (f *fakePhone) Trigger(why device.Trigger) { f.ask("trigger " + string(why)) }

func (f *fakePhone) FactoryReset() error {
	f.ask("factory reset")
	return nil
}

// settingsOf merges cfg files, each NAME and its lines.
func settingsOf(t *testing.T, files ...[2]string) *config.Settings {
	t.Helper()
	s := new(config.Settings)
	for _, f := range files {
		c, err := config.ParseCfg(f[0], []byte(f[1]))
		if err != nil {
			t.Fatal(err)
		}
		s.Merge(c)
	}
	return s
}

// loopbackAddr is where the server under test seems to listen.
var loopbackAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}

// request is one to the page of p on loopback, as a browser makes it that is there
// already. edit may change it.
func request(method, target, form string, edit func(*http.Request)) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+target, strings.NewReader(form))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if edit != nil {
		edit(r)
	}
	return r
}

// ask answers one request from the pages that o describes.
func ask(o Options, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	newServer(o, loopbackAddr).handler().ServeHTTP(w, r)
	return w
}

// get returns a page of p.
func get(t *testing.T, p Phone, target string) string {
	t.Helper()
	w := ask(Options{Phone: p}, request(http.MethodGet, target, "", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: status %d: %s", target, w.Code, w.Body)
	}
	return w.Body.String()
}

func formOf(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}
