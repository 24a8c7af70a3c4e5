package main

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// proxy is where everything goes that leaves over HTTPS. It lets nothing through, and remembers what was
// asked for.
type proxy struct {
	addr string
	mu   sync.Mutex
	asks []string
}

func newProxy(t *testing.T) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: "http://" + l.Addr().String()}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					p.mu.Lock()
					p.asks = append(p.asks, r.Host)
					p.mu.Unlock()
				}
				_, _ = conn.Write([]byte("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return p
}

// asked returns what was asked for since the last call.
func (p *proxy) asked() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	asks := strings.Join(p.asks, " ")
	p.asks = nil
	return asks
}

// k6 by itself reports its usage, and asks a service to build it anew for a script with an extension that it
// has not. This one does neither, whatever it is told.
func TestSendsNothingHome(t *testing.T) {
	p := newProxy(t)
	dir := t.TempDir()
	script := func(name, body string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := script("plain.js", "export default function () {}\n")
	other := script("other.js", "import x from 'k6/x/nosuch';\nexport default function () {}\n")
	config := script("config.json", `{"noUsageReport": false}`)
	env := []string{"HTTPS_PROXY=" + p.addr, "HTTP_PROXY=" + p.addr, "NO_PROXY="}
	for _, c := range []struct {
		name, script string
		env, args    []string
		want         string // what k6 by itself asks for
		status       int    // of this one
	}{
		{"report", plain, nil, nil, "stats.grafana.org:443", 0},
		{"report, flag", plain, nil, []string{"--no-usage-report=false"}, "stats.grafana.org:443", 0},
		{"report, variable", plain, []string{"K6_NO_USAGE_REPORT=false"}, nil, "stats.grafana.org:443", 0},
		{"report, file", plain, nil, []string{"--config", config}, "stats.grafana.org:443", 0},
		{"extension", other, nil, nil, "ingest.k6.io:443", 107},
		{"extension, variable", other, []string{"K6_AUTO_EXTENSION_RESOLUTION=true"}, nil, "ingest.k6.io:443", 107},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"run", "--quiet", c.script}, c.args...)
			loud := k6(t, append(env, c.env...), "k6-talks", args...)
			if got := p.asked(); !strings.Contains(got, c.want) {
				t.Errorf("k6 by itself asked for %q, want %s: this test shows nothing\n%s", got, c.want, loud.out)
			}
			r := k6(t, append(env, c.env...), "k6-fipsim", args...)
			if got := p.asked(); got != "" || r.status != c.status {
				t.Errorf("asked for %q; exit status %d, want %d\n%s", got, r.status, c.status, r.out)
			}
		})
	}
}
