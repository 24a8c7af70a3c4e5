package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
)

// cfgSuffix ends the name of every cfg file. Names are case-sensitive.
const cfgSuffix = ".cfg"

// macroMAC stands for the MAC in a URL.
const macroMAC = "$(MA)"

// schemes are what a phone fetches over, and file for offline use. ("Flyingvoice
// phones support FTP, TFTP, HTTP, and HTTPS protocols"; Guide, "Introduction".)
var schemes = []string{"tftp", "ftp", "http", "https", "file"}

// Expand replaces $(MA) in text by the MAC, twelve lower-case digits.
func Expand(text string, mac device.MAC) string {
	return strings.ReplaceAll(text, macroMAC, mac.String())
}

// ParseURL reads a URL as a phone does, more leniently than RFC 3986: a bare host or
// address, as DHCP option 66 carries it, means tftp://HOST/; blanks and UTF-8 stand for
// themselves; %XX is decoded, and a % that begins no such triple is a %; $(MA) is the
// MAC where macros is set. A ? or # is part of the path but for HTTP. The Path of the
// result is decoded, and does not climb above the root.
//
// Errors name the text, without user name and password.
func ParseURL(text string, mac device.MAC, macros bool) (*url.URL, error) {
	// dnsmasq ends option 66 with a counted NUL.
	text = strings.Trim(text, " \t\r\n\x00")
	if macros {
		text = Expand(text, mac)
	}
	u, err := parseURL(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL a phone can use: %w", quoteURL(text), err)
	}
	return u, nil
}

func parseURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, fmt.Errorf("it is empty")
	}
	scheme, rest, ok := cutScheme(text)
	if !ok {
		return parseBare(text)
	}
	if !slices.Contains(schemes, scheme) {
		return nil, fmt.Errorf("its scheme %q is none of tftp, ftp, http, https", shorten(scheme))
	}
	if scheme == "file" {
		return parseFile(rest)
	}
	rest, ok = strings.CutPrefix(rest, "//")
	if !ok {
		return nil, fmt.Errorf("want %s://HOST/PATH", scheme)
	}
	authority, path := cutAuthority(scheme, rest)
	u := &url.URL{Scheme: scheme}
	host := authority
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		host = authority[at+1:]
		u.User = userinfo(authority[:at])
	}
	var err error
	switch u.Host, err = checkHost(host); {
	case err != nil && strings.Contains(path, "@"):
		return nil, fmt.Errorf("write a / in user name or password as %%2F")
	case err != nil:
		return nil, err
	}
	return u, setPath(u, path)
}

// cutScheme splits text at its scheme; false where it has none. "HOST:PORT" has none.
func cutScheme(text string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(text, ":")
	lower := strings.ToLower(scheme)
	if !ok || strings.ContainsAny(scheme, "/?#@[ ") {
		return "", "", false
	}
	return lower, rest, strings.HasPrefix(rest, "//") || slices.Contains(schemes, lower)
}

// parseBare reads HOST, HOST:PORT or HOST/PATH, as option 66 may hold them.
func parseBare(text string) (*url.URL, error) {
	host, path := text, ""
	if at := strings.IndexByte(text, '/'); at >= 0 {
		host, path = text[:at], text[at:]
	}
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		host = "[" + host + "]"
	}
	u := &url.URL{Scheme: "tftp"}
	if strings.Contains(host, "@") {
		return nil, fmt.Errorf("it has a user name, but no SCHEME:// before it")
	}
	var err error
	if u.Host, err = checkHost(host); err != nil {
		return nil, fmt.Errorf("%w; want SCHEME://HOST/PATH, or a bare host for tftp", err)
	}
	return u, setPath(u, path)
}

// parseFile reads what follows "file:".
func parseFile(rest string) (*url.URL, error) {
	if path, ok := strings.CutPrefix(rest, "//"); ok {
		rest = strings.TrimPrefix(path, "localhost")
	}
	if !strings.HasPrefix(rest, "/") {
		return nil, fmt.Errorf("want file:///ABSOLUTE/PATH")
	}
	u := &url.URL{Scheme: "file"}
	return u, setPath(u, rest)
}

// cutAuthority splits what follows "//" where the path, or HTTP's query, begins. User
// name and password may hold ? and #.
func cutAuthority(scheme, rest string) (authority, path string) {
	end := len(rest)
	if at := strings.IndexByte(rest, '/'); at >= 0 {
		end = at
	}
	if isHTTP(scheme) {
		host := 1 + strings.LastIndexByte(rest[:end], '@')
		if at := strings.IndexAny(rest[host:end], "?#"); at >= 0 {
			end = host + at
		}
	}
	return rest[:end], rest[end:]
}

func isHTTP(scheme string) bool { return scheme == "http" || scheme == "https" }

// userinfo reads user:password.
func userinfo(text string) *url.Userinfo {
	user, password, ok := strings.Cut(text, ":")
	if !ok {
		return url.User(unescape(user))
	}
	return url.UserPassword(unescape(user), unescape(password))
}

// checkHost returns host, or says why no request can go there.
func checkHost(host string) (string, error) {
	name, port := host, ""
	if at := strings.LastIndexByte(host, ':'); at >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:at], host[at+1:]
		if n, err := strconv.ParseUint(port, 10, 16); (err != nil || n == 0) && port != "" {
			return "", fmt.Errorf("its port %q is not a number from 1 to 65535", shorten(port))
		}
		if port == "" {
			host = name
		}
	}
	if v6, ok := strings.CutPrefix(name, "["); ok {
		v6, ok = strings.CutSuffix(v6, "]")
		if a, err := netip.ParseAddr(v6); !ok || err != nil || !a.Is6() || a.Zone() != "" {
			return "", fmt.Errorf("its host %q is not an IPv6 address", shorten(name))
		}
		return host, nil
	}
	if name == "" {
		return "", fmt.Errorf("it has no host")
	}
	if classes(name)&notInKey != 0 {
		return "", fmt.Errorf("its host %q is neither a name nor an address", shorten(name))
	}
	return host, nil
}
