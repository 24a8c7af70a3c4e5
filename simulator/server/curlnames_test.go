package server_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/server"
)

// Names that are legal and that servers get wrong. "HTTP Directory/sip.cfg" is the
// guide's ("Editing Common Boot File").
var legalNames = map[string]string{
	"0021f2000001.cfg":                      "plain",
	"HTTP Directory/sip.cfg":                "a space in the folder",
	"two words.cfg":                         "a space in the name",
	"100%.cfg":                              "a percent sign that encodes nothing",
	"100%25.cfg":                            "a percent sign that looks like an encoding",
	"Büro/Müller.cfg":                       "UTF-8",
	"電話.cfg":                                "more UTF-8",
	"line #1.cfg":                           "a number sign, which in a URL begins the fragment",
	"which?.cfg":                            "a question mark, which in a URL begins the query",
	"a+b&c=d;e,f.cfg":                       "signs of a query",
	"it's.cfg":                              "an apostrophe",
	"a:b.cfg":                               "a colon",
	"..hidden..cfg":                         "dots that climb nowhere",
	"deep/er/and/deep/er.cfg":               "folders",
	strings.Repeat("long", 50) + ".cfg":     "a long name",
	"[brackets]{braces}<angles>|pipe^~.cfg": "signs that URLs must encode",
}

// Every protocol finds every legal name, and the history has it as the tree does.
func TestCurlFetchesEveryLegalName(t *testing.T) {
	needCurl(t)
	contents := make(map[string]string)
	for name := range legalNames {
		contents[name] = "in " + name + "\n"
	}
	s := serve(t, files(contents))
	ca := caFile(t, s)
	for _, scheme := range schemes {
		for _, name := range slices.Sorted(maps.Keys(contents)) {
			t.Run(scheme+"/"+legalNames[name], func(t *testing.T) {
				body, exit := curl(t, "--cacert", ca, address(s, scheme, "./"+name))
				if exit != curlOK || body != contents[name] {
					t.Fatalf("exit %d, body %q, want %q", exit, body, contents[name])
				}
				got := s.next(t)
				want := server.Request{Scheme: scheme, Name: name, Outcome: server.Sent, Bytes: int64(len(body))}
				got.Status, got.UserAgent = "", ""
				if diff := cmp.Diff(want, got, ignoreWhenAndWho); diff != "" {
					t.Errorf("history (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// A file that is not there is missing in each protocol's own manner.
func TestCurlFindsNothing(t *testing.T) {
	needCurl(t)
	s := serve(t, files(map[string]string{"y000000000000.cfg": "lang.gui=English\n", "folder/x.cfg": ""}))
	ca := caFile(t, s)
	missing := []string{
		"0021f2000001.boot", // not there
		"Y000000000000.cfg", // names are case-sensitive
		"folder",            // there are no listings
		"y000000000000.cfg/x.cfg",
		"y000000000000.cfg%00",
		`folder\x.cfg`,
		"nowhere/x.cfg",
	}
	for _, tt := range []struct{ scheme, status string }{
		{"tftp", "ERROR 1"}, {"ftp", "550"}, {"http", "404"}, {"https", "404"},
	} {
		exits := map[string][]int{
			"tftp": {curlTFTPNotFound}, "ftp": {curlFTPRetrieve, curlFTPAccess}, "http": {curlHTTPError}, "https": {curlHTTPError},
		}[tt.scheme]
		for _, name := range missing {
			t.Run(tt.scheme+"/"+name, func(t *testing.T) {
				body, exit := curl(t, "--cacert", ca, address(s, tt.scheme, name))
				if !slices.Contains(exits, exit) || body != "" {
					t.Errorf("exit %d, want one of %v; body %q", exit, exits, body)
				}
				if got := s.next(t); got.Scheme != tt.scheme || got.Outcome != server.NotFound || got.Status != tt.status || got.Bytes != 0 {
					t.Errorf("history: %+v", got)
				}
			})
		}
	}
}
