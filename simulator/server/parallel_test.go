package server_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jlaffaye/ftp"
	"github.com/pin/tftp/v3"
	"golang.org/x/sync/errgroup"

	"github.com/fipsim/fipsim/simulator/server"
)

// getter fetches one file with a client that is not ours.
type getter func(name string) ([]byte, error)

func getters(t testing.TB, s *running) map[string]getter {
	t.Helper()
	ca, err := s.CA()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	t.Cleanup(web.CloseIdleConnections)
	return map[string]getter{
		"tftp":  func(name string) ([]byte, error) { return getTFTP(s.URL("tftp").Host, name) },
		"ftp":   func(name string) ([]byte, error) { return getFTP(s.URL("ftp").Host, name) },
		"http":  func(name string) ([]byte, error) { return getHTTP(web, s.URL("http").String()+name) },
		"https": func(name string) ([]byte, error) { return getHTTP(web, s.URL("https").String()+name) },
	}
}

func getTFTP(host, name string) ([]byte, error) {
	c, err := tftp.NewClient(host)
	if err != nil {
		return nil, err
	}
	in, err := c.Receive(name, "octet")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = in.WriteTo(&b)
	return b.Bytes(), err
}

func getFTP(host, name string) (body []byte, err error) {
	c, err := ftp.Dial(host, ftp.DialWithTimeout(30*time.Second))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Quit()) }()
	if err := c.Login("anonymous", "anonymous"); err != nil {
		return nil, err
	}
	in, err := c.Retr(name)
	if err != nil {
		return nil, err
	}
	body, err = io.ReadAll(in)
	return body, errors.Join(err, in.Close())
}

func getHTTP(c *http.Client, u string) ([]byte, error) {
	res, err := c.Get(u)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, errors.New(res.Status)
	}
	return io.ReadAll(res.Body)
}

// Fifty phones at once get each its own file, over every protocol.
func TestFiftyAtOnce(t *testing.T) {
	const phones = 50
	contents := make(map[string]string)
	for i := range phones {
		contents[fmt.Sprintf("%012x.cfg", i)] = strings.Repeat(fmt.Sprintf("account.1.label=%d\n", i), 500)
	}
	s := serve(t, files(contents))
	for scheme, get := range getters(t, s) {
		t.Run(scheme, func(t *testing.T) {
			var all errgroup.Group
			for name, want := range contents {
				all.Go(func() error {
					got, err := get(name)
					if err == nil && string(got) != want {
						err = fmt.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
					}
					return err
				})
			}
			if err := all.Wait(); err != nil {
				t.Error(err)
			}
			for range phones {
				if r := s.next(t); r.Outcome != server.Sent || int(r.Bytes) != len(contents[r.Name]) {
					t.Errorf("history: %+v", r)
				}
			}
		})
	}
}

// A tree that is swapped while phones fetch: each gets a file of the one or of the
// other, never a mixture, and never nothing.
func TestSetTreeWhileServing(t *testing.T) {
	bodies := []string{strings.Repeat("a", 100_000), strings.Repeat("b", 100_000)}
	one, two := files(map[string]string{"x.cfg": bodies[0]}), files(map[string]string{"x.cfg": bodies[1]})
	s := serve(t, one)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				s.SetTree(two)
				s.SetTree(one)
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-stopped })
	for scheme, get := range getters(t, s) {
		t.Run(scheme, func(t *testing.T) {
			for range 20 {
				got, err := get("x.cfg")
				if err != nil {
					t.Fatal(err)
				}
				if body := string(got); body != bodies[0] && body != bodies[1] {
					t.Fatalf("%d bytes that are neither file", len(got))
				}
			}
		})
	}
}

// An empty server serves nothing until it is given a tree.
func TestSetTreeFromNothing(t *testing.T) {
	s := serve(t, nil)
	all := getters(t, s)
	for scheme, get := range all {
		if got, err := get("x.cfg"); err == nil {
			t.Errorf("%s: %q from an empty tree", scheme, got)
		}
	}
	s.SetTree(files(map[string]string{"x.cfg": "new"}))
	for scheme, get := range all {
		if got, err := get("x.cfg"); err != nil || string(got) != "new" {
			t.Errorf("%s: %q, %v", scheme, got, err)
		}
	}
	s.SetTree(nil)
	if got, err := all["http"]("x.cfg"); err == nil {
		t.Errorf("%q after the tree was taken away", got)
	}
}
