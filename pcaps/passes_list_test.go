package pcaps

import (
	"net/netip"
	"strings"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/wire"
)

func fault(wrong string, cause Cause, side Side, a acted) badPass {
	how := "faulty server, `" + a.fault + "`"
	if a.fault == "" {
		how = "server that is right, " + a.scheme
	}
	return badPass{wrong: wrong, how: how, cause: cause, side: side, shots: a.make}
}

// with is a good tree with one file changed; an empty text takes it away.
func with(name, body string) map[string]string {
	tree := goodTree()
	if tree[name] = body; body == "" {
		delete(tree, name)
	}
	return tree
}

// badPasses are the labelled ones.
func badPasses() []badPass {
	return append(serverPasses(), ownPasses()...)
}

// serverPasses are of servers that err.
func serverPasses() []badPass {
	lack := with(passBoot, "")
	return []badPass{
		fault("no answer for a file that is not there", NoAnswer, Open, acted{fault: "tftp/miss-silence", tree: lack}),
		fault("no answer for a file that is not there", NoAnswer, Open, acted{fault: "http/miss-silence", tree: lack}),
		fault("access violation for a file that is not there", Forbidden, ByServer,
			acted{fault: "tftp/miss-code-access", tree: map[string]string{"y000000000000.cfg": "lang.gui=French\n"}}),
		fault("undefined error for a file that is not there", ServerFailed, ByServer, acted{fault: "tftp/miss-code", tree: lack}),
		fault("450 for a file that is not there", ServerFailed, ByServer, acted{fault: "ftp/miss-code", tree: lack}),
		fault("500 for a file that is not there", ServerFailed, ByServer, acted{fault: "http/miss-code", tree: lack}),
		fault("403 for a file that is not there", Forbidden, ByServer, acted{fault: "http/miss-code-forbidden",
			tree: map[string]string{"y000000000000.cfg": "lang.gui=French\n"}}),
		fault("a page with status 200 for a file that is not there", Unusable, ByServer, acted{fault: "http/miss-page", tree: lack}),
		fault("a redirect to a login page", Unusable, ByServer, acted{fault: "http/miss-login", tree: lack}),
		fault("less comes than Content-Length says", FileCut, ByServer, acted{fault: "http/length-too-long"}),
		fault("the last chunk never comes", FileCut, ByServer, acted{fault: "http/chunks-unended"}),
		fault("a tsize that is more than the file", FileCut, ByServer, acted{fault: "tftp/oack-tsize-long"}),
		fault("another port goes on after the first block: the server, or a NAT", ServerFailed, Open, acted{fault: "tftp/tid-changes",
			tree: with(passCfg, account+strings.Repeat("# filling\n", 200))}),
		fault("nothing listens at the data port: a firewall, or the server", Refused, Open, acted{fault: "ftp/data-dead-port"}),
		fault("the data connection breaks off, and 226 says it was whole", FileCut, ByServer, acted{fault: "ftp/data-error-confirmed"}),
		fault("every file redirects to itself", ServerFailed, ByServer, acted{fault: "http/redirect-self"}),
		fault("compressed, though nobody asked", Unusable, ByServer, acted{fault: "http/compressed"}),
		fault("cfg files in UTF-16", Unusable, ByFiles, acted{fault: "http/reencoded-utf16", tree: with("office.cfg", "")}),
		fault("the certificate expired; TLS 1.3, which hides it", TLSRefused, ByServer, acted{fault: "https/certificate-expired"}),
		fault("the certificate expired; TLS 1.2", TLSRefused, ByServer, acted{fault: "https/certificate-expired", profile: "tls12-rsa"}),
		fault("the certificate is for another host; TLS 1.2", TLSRefused, Open, acted{fault: "https/certificate-wrong-address", profile: "tls12-rsa"}),
		fault("TLS 1.0 only", TLSRefused, Open, acted{fault: "https/tls-1.0"}),
		fault("a client certificate is demanded", TLSRefused, Open, acted{fault: "https/tls-client-certificate"}),
		fault("the SUBSCRIBE is accepted, and no NOTIFY follows", NoServerNamed, ByDiscovery, acted{fault: "pnp/no-notify"}),
		fault("the NOTIFY has no URL", NotifyIgnored, ByDiscovery, acted{fault: "pnp/empty"}),
		fault("no option 66", NoServerNamed, ByDiscovery, acted{fault: "dhcp/no-66"}),
		fault("no OFFER", NoAnswer, Open, acted{fault: "dhcp/silence"}),
		fault("the DHCP server refuses what it offered", NoServerNamed, ByDiscovery, acted{fault: "dhcp/nak"}),
		fault("option 66 names the wrong port", Refused, Open, acted{fault: "dhcp/other-port"}),
	}
}

// ownPasses are of servers that are right, and of networks and captures that are not.
func ownPasses() []badPass {
	return []badPass{
		fault("credentials are asked for, and the phone has none", LoginRefused, ByPhone, acted{scheme: "http", login: true}),
		fault("the phone's password is wrong", LoginRefused, Open, acted{scheme: "ftp", login: true, wrong: true}),
		fault("the phone does not trust the server's authority", TLSRefused, Open, acted{scheme: "https", foreign: true}),
		fault("the URL in the phone has the wrong port", Refused, Open, acted{scheme: "http", port: true}),
		fault("the tree is empty", NothingThere, ByFiles, acted{scheme: "tftp", tree: map[string]string{"readme": "x"}}),
		fault("the phone's file is named in capitals", NothingThere, ByFiles,
			acted{scheme: "http", tree: map[string]string{strings.ToUpper(passMAC) + ".cfg": account}}),
		fault("the common boot file has 13 zeros, and the common cfg is all there is", OnlyCommon, ByFiles, acted{scheme: "tftp",
			tree: map[string]string{"y0000000000000.boot": "include:config <" + passCfg + ">\n", "y000000000000.cfg": "lang.gui = French\n"}}),
		fault("an include is misspelt", IncludeMissing, ByFiles, acted{scheme: "ftp", tree: with("office.cfg", "")}),
		fault("a conflict marker in the cfg file", Unusable, ByFiles, acted{scheme: "tftp", tree: with(passCfg, account+"<<<<<<< HEAD\n")}),
		fault("the account has no SIP server", Unusable, ByFiles, acted{scheme: "http",
			tree: with(passCfg, "account.1.enable = 1\naccount.1.user_name = 1001\naccount.1.password = x\n")}),
		fault("a firewall drops answers that come from a new port", NoAnswer, Open, acted{scheme: "tftp", lose: func(d wire.Datagram, ours bool) bool {
			return !ours
		}}),
		fault("the network drops what is longer than 300 bytes", NoAnswer, Open, acted{scheme: "tftp",
			tree: with(passCfg, account+strings.Repeat("# filling\n", 200)),
			lose: func(d wire.Datagram, _ bool) bool { return len(d.Payload) > 300 }}),
		{wrong: "the capture ends in the middle of the pass", how: "drawn", cause: Incomplete, side: ByCapture, ends: true,
			shots: drawn(func(w *writer) {
				w.serve(40001, passBoot, "", false)
				w.ask(40002, "y000000000000.boot")
			})},
		{wrong: "the NOTIFY goes to port 5060 of the phone", how: "drawn", cause: NotifyIgnored, side: ByDiscovery, shots: drawn(func(w *writer) {
			w.sip(testPhone, "224.0.1.75:5060", subscribeText)
			w.sip(netip.MustParseAddrPort("192.0.2.1:7777"), testPhone.Addr().String()+":5060", notifyText)
		})},
		{wrong: "the phone keeps an old server, whatever DHCP says", how: "drawn", cause: WrongServer, side: ByPhone, shots: drawn(func(w *writer) {
			w.lease("tftp://192.0.2.200/", "192.0.2.254:67")
			w.serve(40001, passBoot, "", false)
			w.serve(40002, passCfg, account, true)
		})},
		{wrong: "two DHCP servers name two servers", how: "drawn", cause: WrongServer, side: ByDiscovery, shots: drawn(func(w *writer) {
			w.lease("tftp://192.0.2.200/", "192.0.2.254:67")
			w.lease("tftp://192.0.2.1/", "192.0.2.253:67")
			w.serve(40001, passCfg, account, true)
		})},
		{wrong: "the server sends ERROR 3, disk full", how: "drawn", cause: ServerFailed, side: ByServer, shots: drawn(func(w *writer) {
			w.ask(40001, passBoot)
			w.reply(40001, tftp.AppendError(nil, tftp.DiskFull, "disk full"))
		})},
	}
}
