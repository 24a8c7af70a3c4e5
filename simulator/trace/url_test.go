package trace_test

import (
	"net/url"
	"testing"

	"github.com/fipsim/fipsim/simulator/trace"
)

// A URL in an event is that of net/url, but for the user.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{
		"tftp://192.0.2.9/y000000000000.boot", "http://u:secret@host:8080/a%20b/c.cfg?x=1#y", "https://[2001:db8::1]/x", "file:///a/b",
		"tftp://host", "http://host/a b", "HTTP://h/x", "http://h/a/?", "mailto:x", "//host/x", "x", "", "http://h//x", "ftp://h/%2Fx",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil {
			t.Skip()
		}
		bare := *u
		bare.User = nil
		if got, want := trace.URL(u), bare.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
