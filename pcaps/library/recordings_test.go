package library_test

import (
	"net/url"
	"slices"

	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/testbed"
)

// recordings are two captures of each real server.
func recordings() []recorded {
	return slices.Concat(fileServers(), finders())
}

// fileServers are those that serve files.
func fileServers() []recorded {
	var all []recorded
	add := func(s testbed.Server, scheme string, auth testbed.Auth, fault string, change func(string), spoil func(*place, *testbed.Running)) {
		name := s.Name + "_" + scheme
		all = append(all, recorded{name, s.Needs, func(tb *testbed.Testbed) place {
			at, _ := serving(tb, s, scheme, auth, nil)
			return at
		}}, recorded{name + "_" + fault, s.Needs, func(tb *testbed.Testbed) place {
			at, running := serving(tb, s, scheme, auth, change)
			if spoil != nil {
				spoil(&at, running)
			}
			return at
		}})
	}
	gone := func(at *place, r *testbed.Running) { at.before, at.after = r.Kill, r.Revive }
	stranger := func(at *place, _ *testbed.Running) { at.url = wrongPassword(at.url) }
	distrust := func(at *place, _ *testbed.Running) { at.tls = fetch.TLS{} }
	add(testbed.TFTPDHPA, "tftp", testbed.NoAuth, "unreadable", unreadable("common.cfg"), nil)
	add(testbed.ATFTPD, "tftp", testbed.NoAuth, "misspelt", misspelt, nil)
	add(testbed.Dnsmasq, "tftp", testbed.NoAuth, "gone", nil, gone)
	add(testbed.VSFTPDLogin, "ftp", testbed.Login, "wrong_password", nil, stranger)
	add(testbed.ProFTPD, "ftp", testbed.NoAuth, "unreadable", unreadable("0021f2000001.cfg"), nil)
	add(testbed.PureFTPD, "ftp", testbed.NoAuth, "gone", nil, gone)
	add(testbed.Nginx, "http", testbed.NoAuth, "unreadable", unreadable("common.cfg"), nil)
	add(testbed.Apache, "http", testbed.Digest, "wrong_password", nil, stranger)
	add(testbed.Lighttpd, "https", testbed.NoAuth, "not_trusted", nil, distrust)
	return all
}

// wrongPassword is a URL with another password than the server's.
func wrongPassword(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	u.User = url.UserPassword(testbed.User, "not-it")
	return u.String()
}

// finders are those that tell phones of a server; the files come from dnsmasq.
func finders() []recorded {
	again := func() {} // the capture goes on: nothing answered in the first pass
	dhcp := func(s testbed.DHCPServer, option66 func(files string) string, after func()) recorded {
		return recorded{needs: append(slices.Clone(s.Needs), testbed.Dnsmasq.Needs...), set: func(tb *testbed.Testbed) place {
			_, files := serving(tb, testbed.Dnsmasq, "tftp", testbed.NoAuth, nil)
			tb.StartDHCP(s, testbed.DHCPOptions{Option66: option66(files.Addr.String())})
			return place{dhcp: true, after: after}
		}}
	}
	pnp := func(change func(string)) recorded {
		return recorded{needs: append(slices.Clone(testbed.KamailioNeeds), testbed.Dnsmasq.Needs...), set: func(tb *testbed.Testbed) place {
			at, _ := serving(tb, testbed.Dnsmasq, "tftp", testbed.NoAuth, change)
			tb.StartKamailio(at.url)
			return place{pnp: true}
		}}
	}
	right := func(files string) string { return files }
	all := []recorded{
		dhcp(testbed.Kea, right, nil), dhcp(testbed.Kea, func(string) string { return "10.66.0.1" }, again),
		dhcp(testbed.ISC, right, nil), dhcp(testbed.ISC, func(string) string { return "" }, nil),
		pnp(nil), pnp(misspelt),
	}
	for i, name := range []string{"kea-dhcp4_option66", "kea-dhcp4_wrong_server", "isc-dhcpd_option66", "isc-dhcpd_no_option66",
		"kamailio_pnp", "kamailio_pnp_misspelt"} {
		all[i].name = name
	}
	return all
}
