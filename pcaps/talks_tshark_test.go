package pcaps

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/trace"
)

// exchangeText is a piece of a TCP connection: what one side says, in segments of so many
// bytes; 0: in one.
type exchangeText struct {
	phone bool
	text  string
	size  int
}

// ask is a request of a phone.
func ask(line, more string) string {
	return line + " HTTP/1.1\r\nHost: prov.example.test\r\nUser-Agent: Flyingvoice FIP14G V0.5.15 00:21:F2:00:00:01\r\n" + more + "\r\n"
}

// httpTalks are connections of HTTP as phones, servers and proxies make them.
func httpTalks() map[string][]exchangeText {
	get := func(name string) string { return ask("GET /"+name, "") }
	body := strings.Repeat("lang.gui=French\n", 100)
	ok := func(more, body string) string { return "HTTP/1.1 200 OK\r\n" + more + "\r\n" + body }
	length := func(body string) string { return fmt.Sprintf("Content-Length: %d\r\n", len(body)) }
	chunked := "Transfer-Encoding: chunked\r\n"
	return map[string][]exchangeText{
		"keep-alive": {{true, get("a.boot"), 0}, {false, ok(length(body), body), 100}, {true, get("a.cfg"), 7}, {false, ok(length("x=y\n"), "x=y\n"), 0}},
		"pipelined": {{true, get("a.boot") + get("b.cfg") + get("c.cfg"), 0}, {false, ok(length("1"), "1") + ok(length("2"), "2"), 0},
			{false, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", 0}},
		"chunked, with an extension and a trailer": {{true, get("a.cfg"), 0}, {false, ok(chunked, "5;name=x\r\nlang.\r\n00b\r\ngui=French\n\r\n"), 3},
			{false, "0\r\nX-Sum: 1\r\n\r\n", 0},
			{true, get("b.cfg"), 0}, {false, ok(length("k=v"), "k=v"), 0}},
		"HEAD before GET": {{true, ask("HEAD /a.cfg", ""), 0}, {false, ok("Content-Length: 3\r\n", ""), 0}, {true, get("a.cfg"), 0},
			{false, ok("Content-Length: 3\r\n", "k=v"), 0}},
		"100-continue": {{true, ask("PUT /log/a.cfg", "Expect: 100-continue\r\nContent-Length: 5\r\n"), 0}, {false, "HTTP/1.1 100 Continue\r\n\r\n", 0},
			{true, "hello", 0}, {false, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", 0}, {true, get("a.cfg"), 0},
			{false, ok(length("k=v"), "k=v"), 0}},
		"a part": {{true, ask("GET /a.cfg", "Range: bytes=0-2\r\n"), 0},
			{false, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-2/9\r\nContent-Length: 3\r\n\r\nk=v", 0}},
		"not modified, no content": {{true, get("a.cfg"), 0}, {false, "HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\n\r\n", 0}, {true, get("b.cfg"), 0},
			{false, "HTTP/1.1 204 No Content\r\n\r\n", 0}},
		"redirect": {{true, get("a.cfg"), 0}, {false, "HTTP/1.1 302 Found\r\nLocation: /b/a.cfg\r\nContent-Length: 0\r\n\r\n", 0}, {true, get("b/a.cfg"), 0},
			{false, ok(length("k=v"), "k=v"), 0}},
		"Digest": {{true, get("a.cfg"), 0}, {false, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\nContent-Length: 2\r\n\r\nno", 0},
			{true, ask("GET /a.cfg", "Authorization: Digest username=\"u\", realm=\"x\", nonce=\"1\", uri=\"/a.cfg\", response=\"5\"\r\n"), 0},
			{false, ok(length("k=v"), "k=v"), 0}},
		"by a proxy":          {{true, ask("GET http://prov.example.test/a.cfg", ""), 0}, {false, ok(length("k=v"), "k=v"), 0}},
		"gzip":                {{true, get("a.cfg"), 0}, {false, ok("Content-Encoding: gzip\r\nContent-Length: 4\r\n", "\x1f\x8b\x08\x00"), 0}},
		"until the end":       {{true, get("a.cfg"), 0}, {false, "HTTP/1.0 200 OK\r\n\r\n" + body, 200}},
		"LF alone, no reason": {{true, get("a.cfg"), 0}, {false, "HTTP/1.1 200\nContent-Length: 3\n\nk=v", 0}},
		"503":                 {{true, get("a.cfg"), 0}, {false, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 1\r\n\r\n.", 0}},
		"a query":             {{true, ask("GET /prov?mac=0021f2000001&x=1", ""), 0}, {false, ok(length("k=v"), "k=v"), 0}},
	}
}

// HTTP of all kinds tells what tshark tells: which request is in which frame, which
// answer, and how long its body is.
func TestHTTPAsTshark(t *testing.T) {
	needTshark(t)
	w := newWriter(t, layers.LinkTypeEthernet)
	port := uint16(40000)
	talks := httpTalks()
	for _, name := range slices.Sorted(maps.Keys(talks)) {
		port++
		c := w.dial(netip.AddrPortFrom(testPhone.Addr(), port), netip.MustParseAddrPort("192.0.2.1:80"))
		for _, x := range talks[name] {
			c.send(x.phone, x.text, x.size)
		}
		c.hangup()
	}
	file := written(t, w.out.Bytes())
	var want, got []string
	for _, r := range testbed.TsharkFields(t, file, nil, "http", "frame.number", "http.request.method", "http.request.uri", "http.response.code") {
		methods, uris := split(r[1]), split(r[2])
		for i := range methods {
			if uris[i] = strings.TrimPrefix(uris[i], "http://prov.example.test"); methods[i] == "PUT" {
				continue // tshark shows it where its body ends, we where it begins
			}
			uris[i], _, _ = strings.Cut(uris[i], "?") // a query is in the URL
			want = append(want, fmt.Sprint(r[0], " ", methods[i], " ", uris[i]))
		}
		for _, code := range split(r[3]) {
			if code >= "200" {
				want = append(want, r[0]+" "+code)
			}
		}
	}
	c := read(t, w.out.Bytes())
	for _, p := range c.Phones {
		for _, e := range p.Events {
			switch {
			case e.Fact("http.method") == "PUT":
			case e.Kind == trace.FetchRequest:
				got = append(got, fmt.Sprint(e.Frame, " ", e.Fact("http.method"), " ", e.Fact("http.path")))
			case e.Fact("http.status") != "":
				got = append(got, fmt.Sprint(e.Frame, " ", e.Fact("http.status")))
			default:
				t.Errorf("frame %d: %s %s", e.Frame, e.Kind, e.Detail)
			}
		}
	}
	slices.SortFunc(want, byFrame)
	slices.SortFunc(got, byFrame)
	if diff := gocmp.Diff(want, got); diff != "" || len(want) < 40 {
		t.Errorf("%d compared (-tshark +got):\n%s", len(want), diff)
	}
}

func byFrame(a, b string) int {
	n := func(s string) int {
		head, _, _ := strings.Cut(s, " ")
		i, _ := strconv.Atoi(head)
		return i
	}
	return cmp.Or(cmp.Compare(n(a), n(b)), cmp.Compare(a, b))
}
