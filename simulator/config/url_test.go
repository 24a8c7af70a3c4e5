package config

import (
	"net/url"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/device"
)

// The URLs of the guide, of option 66, and of people.
func TestParseURL(t *testing.T) {
	for _, tt := range []struct{ text, want, path string }{
		// Guide, "Configuring TFTP Server"
		{"tftp://10.20.0.92/", "tftp://10.20.0.92/", "/"},
		// Guide, "Configuring an HTTP Server"
		{"http://10.2.11.101:8088/ProvisioningDir", "http://10.2.11.101:8088/ProvisioningDir", "/ProvisioningDir"},
		// Guide, "Configuring an FTP Server"
		{"ftp://test1:123456@10.3.6.234/", "ftp://test1:123456@10.3.6.234/", "/"},
		{"http://10.20.0.88/HTTP Directory/sip.cfg", "http://10.20.0.88/HTTP%20Directory/sip.cfg", "/HTTP Directory/sip.cfg"},
		{"192.168.50.92", "tftp://192.168.50.92/", "/"}, // the guide's capture of option 66
		{"192.168.50.92\x00", "tftp://192.168.50.92/", "/"},
		{"prov.example.net:6969", "tftp://prov.example.net:6969/", "/"},
		{"prov.example.net/sub dir/", "tftp://prov.example.net/sub%20dir/", "/sub dir/"},
		{"fe80::1", "tftp://[fe80::1]/", "/"},
		{"http://[::1]:8080/x", "http://[::1]:8080/x", "/x"},
		{" https://h \r\n", "https://h/", "/"},
		{"HTTPS://Host/A", "https://Host/A", "/A"},
		{"http://h/$(MA)/x", "http://h/0021f2000001/x", "/0021f2000001/x"},
		{"http://h/a%20b%C3%9C", "http://h/a%20b%C3%9C", "/a bÜ"},
		{"http://h/Ünit/100%", "http://h/%C3%9Cnit/100%25", "/Ünit/100%"},
		{"http://h/a%2Fb/50%zz", "http://h/a%2Fb/50%25zz", "/a/b/50%zz"},
		{"http://h/a%2Fb", "http://h/a%2Fb", "/a/b"},
		{"http://h/p.php?m=$(MA)&n=a b", "http://h/p.php?m=0021f2000001&n=a%20b", "/p.php"},
		{"http://h?x=1", "http://h/?x=1", "/"},
		{"http://h/a#b", "http://h/a", "/a"},
		{"tftp://h/a#b?c", "tftp://h/a%23b%3Fc", "/a#b?c"},
		{"ftp://u:p@ss#1?@h/x", "ftp://u:p%40ss%231%3F@h/x", "/x"},
		{"http://prov:Pr0v!s1on@h/x", "http://prov:Pr0v%21s1on@h/x", "/x"},
		{"http://h/a/../../../b/./c", "http://h/b/c", "/b/c"},
		{"http://h/a/%2e%2e/..", "http://h/", "/"},
		{"file:///srv/tree/", "file:///srv/tree/", "/srv/tree/"},
		{"file:/srv/a b", "file:///srv/a%20b", "/srv/a b"},
		{"file://localhost/srv", "file:///srv", "/srv"},
	} {
		u, err := ParseURL(tt.text, device.DefaultMAC, true)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		if u.String() != tt.want || u.Path != tt.path {
			t.Errorf("%q is %s with path %q, want %s with %q", tt.text, u, u.Path, tt.want, tt.path)
		}
		again, err := ParseURL(u.String(), device.DefaultMAC, true)
		if err != nil || again.String() != u.String() || again.Path != u.Path {
			t.Errorf("%s read again is %v, %v", u, again, err)
		}
	}
}

func TestParseURLMacrosOff(t *testing.T) {
	u, err := ParseURL("http://h/$(MA)", device.DefaultMAC, false)
	if err != nil || u.Path != "/$(MA)" {
		t.Error(u, err)
	}
}

// One clear error, which shows no password.
func TestParseURLErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                   `"" is not a URL a phone can use: it is empty`,
		"gopher://h/":        `scheme "gopher" is none of tftp, ftp, http, https`,
		"http:h":             "want http://HOST/PATH",
		"http:///x":          "it has no host",
		"http://{$server}/":  `host "{$server}" is neither a name nor an address`,
		"http://a b/":        `host "a b" is neither`,
		"http://h:70000/":    `port "70000" is not a number from 1 to 65535`,
		"http://h:0/":        `port "0" is not`,
		"http://[::1/":       "is not an IPv6 address",
		"http://u:hush@h:x/": `"http://********@h:x/" is not a URL a phone can use: its port "x"`,
		"ftp://u:hu/sh@h/": `"ftp://********@h/" is not a URL a phone can use: ` +
			`write a / in user name or password as %2F`,
		"u:hush@h":                             `"********@h" is not a URL a phone can use: it has a user name, but no SCHEME://`,
		`D:\TFTPD Directory`:                   "want SCHEME://HOST/PATH, or a bare host for tftp",
		"file:relative":                        "want file:///ABSOLUTE/PATH",
		"ftp://h/a%0d%0aDELE%20b":              "its path has a control character",
		"http://u:hush@h/a\x01":                "its path has a control character",
		"ftp://u:hush@{host}/":                 "neither a name nor an address",
		"u:hush@h/" + strings.Repeat("x", 500): "it has a user name",
	} {
		u, err := ParseURL(text, device.DefaultMAC, true)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want an error with %q", text, u, err, want)
			continue
		}
		if s := err.Error(); strings.Contains(s, "hu") && strings.Contains(text, "hu") || strings.ContainsAny(s,
			"\n\r") || len(s) > 300 {
			t.Errorf("%q: shows too much: %s", text, s)
		}
	}
}

// "The URL in <> or "" supports the following two forms: Relative URL (relative to the
// boot file) … Absolute URL" (Guide, "Editing Common Boot File").
func TestResolve(t *testing.T) {
	for _, tt := range []struct{ base, ref, want string }{
		{"tftp://h/y000000000000.boot", "sip.cfg", "tftp://h/sip.cfg"},
		{"tftp://h/dir/0021f2000001.boot", "HTTP Directory/sip.cfg", "tftp://h/dir/HTTP%20Directory/sip.cfg"},
		{"tftp://h/dir/y000000000000.boot", "/sip.cfg", "tftp://h/sip.cfg"},
		{"tftp://h/dir/y000000000000.boot", "../sip.cfg", "tftp://h/sip.cfg"},
		{"tftp://h/dir/y000000000000.boot", "../../../../etc/sip.cfg", "tftp://h/etc/sip.cfg"},
		{"tftp://h/dir", "sip.cfg", "tftp://h/dir/sip.cfg"},
		{"tftp://h/dir/", "sip.cfg", "tftp://h/dir/sip.cfg"},
		{"ftp://u:p@h/a b/y.boot", "100%/Ü.cfg", "ftp://u:p@h/a%20b/100%25/%C3%9C.cfg"},
		{"http://h:8080/a%2Fb/y.boot?x=1", "c%20d.cfg", "http://h:8080/a%2Fb/c%20d.cfg"},
		{"http://h/y.boot", "get.php?f=a b.cfg", "http://h/get.php?f=a%20b.cfg"},
		{"tftp://h/y.boot", "10:30.cfg", "tftp://h/10:30.cfg"},
		{"tftp://u:p@h/y.boot", "http://10.20.0.88/HTTP Directory/sip.cfg", "http://10.20.0.88/HTTP%20Directory/sip.cfg"},
		{"https://h/y.boot", "ftp://u:p@g/sip.cfg", "ftp://u:p@g/sip.cfg"},
		{"file:///srv/y.boot", "file:///etc/x.cfg", "file:///etc/x.cfg"},
		{"file:///srv/y.boot", "../../x.cfg", "file:///x.cfg"},
		{"file:///srv/y.boot", "tftp://h/x.cfg", "tftp://h/x.cfg"},
	} {
		base, err := url.Parse(tt.base)
		if err != nil {
			t.Fatal(err)
		}
		u, err := Resolve(base, tt.ref)
		if err != nil || u.String() != tt.want {
			t.Errorf("%s, %q: %v, %v; want %s", tt.base, tt.ref, u, err, tt.want)
		}
	}
	base := &url.URL{Scheme: "tftp", Host: "h", Path: "/y.boot"}
	for ref, want := range map[string]string{
		"file:///etc/passwd.cfg": "is refused",
		"FILE:/etc/passwd.cfg":   "is refused",
		"sip://h/x.cfg":          `scheme "sip"`,
		"http://u:hush@/x.cfg":   "it has no host",
		"a%00.cfg":               "control character",
	} {
		if u, err := Resolve(base, ref); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v, %v; want an error with %q", ref, u, err, want)
		}
	}
}

func TestJoinAndKind(t *testing.T) {
	for _, tt := range []struct{ dir, name, want string }{
		{"tftp://h", "0021f2000001", "tftp://h/0021f2000001"},
		{"tftp://h/", "0021f2000001", "tftp://h/0021f2000001"},
		{"http://u:p@h/a%2Fb c?x", "100% Ü.cfg", "http://u:p@h/a%2Fb%20c/100%25%20%C3%9C.cfg"},
	} {
		dir, err := ParseURL(tt.dir, device.MAC{}, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := Join(dir, tt.name).String(); got != tt.want {
			t.Errorf("Join(%s, %q) is %s, want %s", tt.dir, tt.name, got, tt.want)
		}
	}
	for _, tt := range []struct {
		path, option string
		want         URLKind
	}{
		{"/", "auto", Folder}, {"/dir", "", Folder}, {"/a.cfg", "auto", File}, {"/a.cfg", "", File},
		{"/a.cfg/", "auto", Folder}, {"/a.CFG", "auto", Folder}, {"/a.cfg", "dir", Folder}, {"/dir", "file", File},
	} {
		if got := KindOf(&url.URL{Path: tt.path}, tt.option); got != tt.want {
			t.Errorf("KindOf(%s, %s) is %s, want %s", tt.path, tt.option, got, tt.want)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{"192.168.50.92", "http://u:p@[::1]:80/a%2F../%zz?q#f", "file:/x", "tftp://h/ä b",
		"D:\\x", "a@b", "::%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURL(text, device.DefaultMAC, true)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: more than one line: %v", text, err)
			}
			return
		}
		if u.Path == "" || u.Path[0] != '/' || u.Scheme != "file" && u.Host == "" {
			t.Errorf("%q: %#v", text, u)
		}
		// What net/url makes of the printed form is the same file on the same server.
		std, err := url.Parse(u.String())
		if err != nil || std.Path != u.Path || std.Host != u.Host {
			t.Errorf("%q is %s, which net/url reads as %v, %v", text, u, std, err)
		}
		if joined := Join(u, "a b.cfg"); !strings.HasSuffix(joined.Path, "/a b.cfg") {
			t.Errorf("%q joined: %s", text, joined)
		}
		if r, err := Resolve(u, "x.cfg"); err != nil || r.Host != u.Host || !strings.HasSuffix(r.Path, "/x.cfg") {
			t.Errorf("%q resolved: %v, %v", text, r, err)
		}
	})
}
