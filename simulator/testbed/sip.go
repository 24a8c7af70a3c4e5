package testbed

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// RegistrarNeeds is what StartRegistrar runs.
var RegistrarNeeds = Needs{"kamailio", "kamcmd"}

// Listen implements wire.Listener.
func (n network) Listen(ctx context.Context, networkName, address string) (net.Listener, error) {
	return n.ns.Listen(ctx, networkName, address)
}

// Registrar is a kamailio that registers phones at port 5060 of the servers' side, over
// UDP and TCP, and wants Password from everybody.
type Registrar struct {
	Addr  netip.Addr
	Realm string // of its challenges

	tb     *Testbed
	socket string // where it takes remote procedure calls
}

// StartRegistrar starts a registrar that challenges with algorithm, MD5 or SHA-256.
func (tb *Testbed) StartRegistrar(algorithm string) *Registrar {
	tb.t.Helper()
	if missing := Missing(RegistrarNeeds); missing != "" {
		tb.t.Fatalf("testbed: start kamailio: %s", missing)
	}
	addr := tb.nextAddr()
	s := &starting{Testbed: tb, server: Server{Name: "kamailio"}, addr: addr, dir: tb.folder("registrar")}
	r := &Registrar{Addr: addr, Realm: "pbx.example", tb: tb, socket: "unix:" + s.dir + "/ctl"}
	conf := s.write("kamailio.cfg", registrarConf, addr, r.socket, algorithm, r.Realm, Password)
	p := s.run("kamailio", "-DD", "-E", "-f", conf, "-P", s.dir+"/pid", "-Y", s.dir, "-m", "64", "-M", "8")
	tb.wait(p, addr, []port{{"udp", sipPort}, {"tcp", sipPort}})
	return r
}

// The registrar's usrloc holds contacts in memory; www_challenge's flag 1 offers
// qop="auth".
const registrarConf = `#!KAMAILIO
debug=1
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
dns=no
rev_dns=no
listen=udp:%[1]s:5060
listen=tcp:%[1]s:5060
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "uac.so"
loadmodule "kex.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "%[2]s")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 5)
modparam("auth", "algorithm", "%[3]s")
modparam("uac", "restore_mode", "none")
request_route {
	if (!is_method("REGISTER")) {
		sl_send_reply("405", "Method Not Allowed");
		exit;
	}
	if (!pv_www_authenticate("%[4]s", "%[5]s", "0")) {
		www_challenge("%[4]s", "1");
		exit;
	}
	save("location");
}
`

// Contact returns where a user is registered; empty: nowhere.
func (r *Registrar) Contact(user string) string {
	r.tb.t.Helper()
	out, err := r.call("ul.lookup", "location", "s:"+user)
	if err != nil {
		return "" // 404: AOR not found
	}
	for line := range strings.Lines(out) {
		if _, contact, ok := strings.Cut(line, "Address: "); ok {
			return strings.TrimSpace(contact)
		}
	}
	return ""
}

// Notify sends a NOTIFY with that Event to where a user is registered, and returns the
// status of the answer.
func (r *Registrar) Notify(user, event string) (status int) {
	r.tb.t.Helper()
	contact := r.Contact(user)
	if contact == "" {
		r.tb.t.Fatalf("testbed: kamailio has no contact of %s", user)
	}
	// Without a body and its type kamailio answers 400 to the call.
	headers := fmt.Sprintf("From: <sip:pbx@%s>\r\nTo: <%s>\r\nContact: <sip:pbx@%[1]s>\r\nEvent: %[3]s\r\n"+
		"Subscription-State: active\r\nContent-Type: text/plain\r\n", r.Addr, contact, event)
	out, err := r.call("tm.t_uac_wait_block", "NOTIFY", contact, ".", ".", headers, "s:"+event)
	r.tb.must(err, "NOTIFY through kamailio: "+out)
	for line := range strings.Lines(out) {
		if _, text, ok := strings.Cut(line, "code: "); ok {
			status, err = strconv.Atoi(strings.TrimSpace(text))
			r.tb.must(err, "read kamailio's word on the NOTIFY: "+out)
			return status
		}
	}
	r.tb.t.Fatalf("testbed: kamailio says of the NOTIFY: %s", out)
	return 0
}

// call is a remote procedure call of kamailio's.
func (r *Registrar) call(args ...string) (string, error) {
	cmd := r.tb.command(r.tb.Server, "kamcmd", append([]string{"-s", r.socket}, args...)...)
	out, err := cmd.CombinedOutput()
	if bytes.HasPrefix(out, []byte("error:")) {
		err = fmt.Errorf("kamcmd: %s", bytes.TrimSpace(out))
	}
	return string(out), err
}

// PlaySIPp plays a SIPp scenario from the servers' side to a phone, once, and returns
// when it is over; the test fails where it did not go as it is written. keys are pairs:
// what [NAME] stands for in the scenario. Over TCP where tcp is set.
func (tb *Testbed) PlaySIPp(scenario string, to netip.AddrPort, tcp bool, keys ...string) {
	tb.t.Helper()
	if missing := Missing(SIPpNeeds); missing != "" {
		tb.t.Fatalf("testbed: start sipp: %s", missing)
	}
	file, err := filepath.Abs(scenario)
	tb.must(err, "find "+scenario)
	dir := tb.folder("sipp-call")
	transport := "u1"
	if tcp {
		transport = "t1"
	}
	args := []string{to.String(), "-sf", file, "-i", tb.Server.Addr.String(), "-m", "1", "-t", transport, "-nostdin",
		"-recv_timeout", "5000", "-timeout", "20s", "-timeout_error", "-trace_err", "-error_file", dir + "/errors.log"}
	for i := 0; i+1 < len(keys); i += 2 {
		args = append(args, "-key", keys[i], keys[i+1])
	}
	ctx, cancel := context.WithTimeout(tb.t.Context(), startLimit+10*time.Second)
	defer cancel()
	cmd := tb.Server.Command(ctx, "sipp", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.t.Errorf("testbed: sipp %s %v: %v\n%s\n%s", filepath.Base(scenario), keys, err, tail(dir+"/errors.log"), lastLines(out))
	}
}

// lastLines is the end of a program's output.
func lastLines(out []byte) string {
	return string(out[max(0, len(out)-2048):])
}
