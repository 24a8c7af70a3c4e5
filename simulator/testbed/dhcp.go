package testbed

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// DHCPServer is a real DHCP server that StartDHCP can run.
type DHCPServer struct {
	Name  string
	Needs Needs

	start func(s *starting, o DHCPOptions) *process
}

// DHCPOptions is what a DHCP server gives to phones. They get addresses from
// 10.66.16.1 to 10.66.16.250.
type DHCPOptions struct {
	Option66 string        // the text of option 66; empty: none
	Lease    time.Duration // 0: an hour
	Many     bool          // sixty thousand addresses, and a log of errors alone; kea only
	TFTP     string        // a folder of Publish that the server serves too; dnsmasq only
}

// Pool is where the addresses that a DHCP server gives out come from.
var Pool = netip.MustParsePrefix("10.66.16.0/24")

// DHCPServers is every DHCP server there is.
var DHCPServers = []DHCPServer{DnsmasqDHCP, Kea, ISC, Udhcpd}

// DnsmasqDHCP is dnsmasq's DHCP side. It ends option 66 with a counted NUL.
var DnsmasqDHCP = DHCPServer{Name: "dnsmasq", Needs: Needs{"dnsmasq"}, start: func(s *starting, o DHCPOptions) *process {
	args := []string{"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--log-facility=-",
		"--pid-file=", "--interface=" + cable, "--bind-interfaces", "--no-ping", "--dhcp-authoritative", "--log-dhcp",
		"--dhcp-leasefile=" + s.dir + "/leases", "--dhcp-range=10.66.16.1,10.66.16.250,255.255.0.0," + o.seconds() + "s"}
	if o.Option66 != "" {
		args = append(args, "--dhcp-option-force=66,"+o.Option66)
	}
	if o.TFTP != "" {
		args = append(args, "--enable-tftp", "--tftp-root="+o.TFTP)
	}
	return s.run(args...)
}}

// Kea is ISC's present server. It needs a raw socket for clients without an address.
var Kea = DHCPServer{Name: "kea-dhcp4", Needs: Needs{"kea-dhcp4", "env"}, start: func(s *starting, o DHCPOptions) *process {
	option, last, severity := "", "10.66.16.250", "INFO"
	if o.Many {
		last, severity = "10.66.255.250", "ERROR"
	}
	if o.Option66 != "" {
		option = `{"name": "tftp-server-name", "data": "` + o.Option66 + `", "always-send": true}`
	}
	conf := s.write("kea.conf", `{"Dhcp4": {
	"interfaces-config": {"interfaces": [%q], "dhcp-socket-type": "raw"},
	"lease-database": {"type": "memfile", "persist": false},
	"valid-lifetime": %s,
	"subnet4": [{"id": 1, "subnet": "10.66.0.0/16", "pools": [{"pool": "10.66.16.1 - %s"}], "option-data": [%s]}],
	"loggers": [{"name": "kea-dhcp4", "severity": %q, "output_options": [{"output": "stderr"}]}]
}}
`, cable+"/"+s.addr.String(), o.seconds(), last, option, severity)
	return s.run("env", "KEA_PIDFILE_DIR="+s.dir, "KEA_LOCKFILE_DIR="+s.dir, "kea-dhcp4", "-c", conf)
}}

// ISC is isc-dhcp-server. It sends option 66 only to who asks for it in option 55.
var ISC = DHCPServer{Name: "isc-dhcpd", Needs: Needs{"dhcpd"}, start: func(s *starting, o DHCPOptions) *process {
	option := ""
	if o.Option66 != "" {
		option = `option tftp-server-name "` + o.Option66 + `";`
	}
	conf := s.write("dhcpd.conf", `authoritative; default-lease-time %s; max-lease-time %[1]s; min-lease-time 1;
ddns-update-style none; ping-check false; one-lease-per-client true;
subnet 10.66.0.0 netmask 255.255.0.0 { range 10.66.16.1 10.66.16.250; %s }
`, o.seconds(), option)
	leases := s.write("leases", "")
	return s.run("dhcpd", "-4", "-f", "-user", "root", "-group", "root", "-cf", conf, "-lf", leases, "-pf", s.dir+"/pid", cable)
}}

// Udhcpd is busybox's.
var Udhcpd = DHCPServer{Name: "udhcpd", Needs: Needs{"busybox"}, start: func(s *starting, o DHCPOptions) *process {
	lines := []string{"start 10.66.16.1", "end 10.66.16.250", "max_leases 250", "interface " + cable, "lease_file " + s.write("leases", ""),
		"pidfile " + s.dir + "/pid", "opt subnet 255.255.0.0", "opt lease " + o.seconds()}
	if o.Option66 != "" {
		lines = append(lines, "opt tftp "+o.Option66)
	}
	conf := s.write("udhcpd.conf", "%s\n", strings.Join(lines, "\n"))
	return s.run("busybox", "udhcpd", "-f", "-a", "0", conf) // -a: or it probes each address by ARP for 2 s
}}

func (o DHCPOptions) seconds() string {
	lease := o.Lease
	if lease == 0 {
		lease = time.Hour
	}
	return strconv.FormatInt(int64(lease/time.Second), 10)
}

// StartDHCP runs a DHCP server at the servers' side of the cable, and returns its
// address when it serves. It ends with the test; if the test fails, its log is shown.
func (tb *Testbed) StartDHCP(server DHCPServer, o DHCPOptions) netip.Addr {
	tb.t.Helper()
	if missing := Missing(server.Needs); missing != "" {
		tb.t.Fatalf("testbed: start %s: %s", server.Name, missing)
	}
	addr := tb.Server.Addr // they answer from the interface's first address
	s := &starting{Testbed: tb, server: Server{Name: server.Name}, addr: addr, dir: tb.folder(server.Name)}
	tb.wait(server.start(s, o), addr, []port{{"udp", 67}})
	return addr
}
