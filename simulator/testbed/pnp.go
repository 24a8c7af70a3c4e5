package testbed

import (
	"net"
	"net/netip"
	"path/filepath"
	"time"

	"golang.org/x/net/ipv4"

	"github.com/fipsim/fipsim/simulator/wire"
)

// What StartSIPp and StartKamailio run.
var (
	SIPpNeeds     = Needs{"sipp"}
	KamailioNeeds = Needs{"kamailio"}
)

// pnpGroup is where phones subscribe (Guide, "Plug and Play (PnP) Server").
var pnpGroup = netip.MustParseAddr("224.0.1.75")

// sipPort is where SIP responders listen.
const sipPort = 5060

// SIPp is a SIPp that plays a scenario once, at UDP port 5060 of the servers' side.
type SIPp struct {
	tb *Testbed
	*process
}

// StartSIPp plays a SIPp scenario file as a PnP responder, and returns when it listens,
// to the group 224.0.1.75 too. In the scenario [lip] is its address, and [url] what url
// says.
func (tb *Testbed) StartSIPp(scenario, url string) *SIPp {
	tb.t.Helper()
	if missing := Missing(SIPpNeeds); missing != "" {
		tb.t.Fatalf("testbed: start sipp: %s", missing)
	}
	file, err := filepath.Abs(scenario)
	tb.must(err, "find "+scenario)
	tb.joinPnPGroup()
	addr := tb.Server.Addr
	s := &starting{Testbed: tb, server: Server{Name: "sipp"}, addr: addr, dir: tb.folder("sipp")}
	// Without -i it binds all addresses: a socket that is bound to one hears no group.
	p := s.run("sipp", "-sf", file, "-p", "5060", "-key", "lip", addr.String(), "-key", "url", url, "-m", "1",
		"-nostdin", "-trace_err", "-error_file", s.dir+"/errors.log", "-timeout", "30s", "-timeout_error")
	tb.wait(p, addr, []port{{"udp", sipPort}})
	return &SIPp{tb, p}
}

// Wait returns when the scenario is over, and fails the test when it did not go as it
// is written.
func (s *SIPp) Wait() {
	s.tb.t.Helper()
	select {
	case <-s.gone:
		if s.err != nil {
			s.tb.t.Errorf("testbed: sipp: the scenario went wrong: %v", s.err)
		}
	case <-time.After(startLimit):
		s.tb.t.Errorf("testbed: sipp: the scenario is not over within %v", startLimit)
	}
}

// joinPnPGroup makes the servers' side hear 224.0.1.75, for programs that cannot join a
// group: every socket that is bound to all addresses hears what any socket joined
// (IP_MULTICAST_ALL, ip(7)).
func (tb *Testbed) joinPnPGroup() {
	tb.t.Helper()
	var err error
	var conn net.PacketConn
	runErr := tb.Server.Run(func() {
		if conn, err = (wire.OS{}).ListenPacket(tb.t.Context(), "udp4", ":0"); err != nil {
			return
		}
		var cable *net.Interface
		if cable, err = net.InterfaceByName(tb.Server.Interface); err == nil {
			err = ipv4.NewPacketConn(conn).JoinGroup(cable, &net.UDPAddr{IP: pnpGroup.AsSlice()})
		}
	})
	tb.must(runErr, "join "+pnpGroup.String())
	tb.must(err, "join "+pnpGroup.String())
	tb.t.Cleanup(func() { _ = conn.Close() })
}

// StartKamailio runs kamailio as a PnP responder that names url, at UDP port 5060 of
// the servers' side and in the group, and returns its address. Its NOTIFY comes from
// its uac module, which makes a dialog of its own: the From tag is not the 200's To
// tag, and the CSeq is 10.
func (tb *Testbed) StartKamailio(url string) netip.Addr {
	tb.t.Helper()
	if missing := Missing(KamailioNeeds); missing != "" {
		tb.t.Fatalf("testbed: start kamailio: %s", missing)
	}
	addr := tb.Server.Addr
	s := &starting{Testbed: tb, server: Server{Name: "kamailio"}, addr: addr, dir: tb.folder("kamailio")}
	conf := s.write("kamailio.cfg", kamailioConf, addr, pnpGroup, url)
	p := s.run("kamailio", "-DD", "-E", "-f", conf, "-P", s.dir+"/pid", "-Y", s.dir, "-m", "64", "-M", "8")
	tb.wait(p, addr, []port{{"udp", sipPort}})
	tb.wait(p, pnpGroup, []port{{"udp", sipPort}})
	return addr
}

const kamailioConf = `#!KAMAILIO
debug=1
log_stderror=yes
children=1
auto_aliases=no
dns=no
rev_dns=no
disable_tcp=yes
listen=udp:%[1]s:5060
listen=udp:%[2]s:5060
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "uac.so"
modparam("uac", "restore_mode", "none")
request_route {
	if (!is_method("SUBSCRIBE") || !($hdr(Event) =~ "^ua-profile")) {
		sl_send_reply("489", "Bad Event");
		exit;
	}
	append_to_reply("Contact: <sip:%[1]s:5060>\r\nExpires: 0\r\n");
	sl_send_reply("200", "OK");
	$uac_req(method) = "NOTIFY";
	$uac_req(ruri) = $(ct{nameaddr.uri});
	$uac_req(furi) = $tu;
	$uac_req(turi) = $fu;
	$uac_req(callid) = $ci;
	$uac_req(sock) = "udp:%[1]s:5060";
	$uac_req(hdrs) = "Event: ua-profile\r\nSubscription-State: terminated;reason=timeout\r\n" +
		"Contact: <sip:%[1]s:5060>\r\nContent-Type: application/url\r\n";
	$uac_req(body) = "%[3]s";
	uac_req_send();
}
`
