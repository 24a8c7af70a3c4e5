package testbed

// TFTPDHPA is H. Peter Anvin's tftpd, the usual one. It answers options, and forks a
// process for each request.
var TFTPDHPA = Server{
	Name: "tftpd-hpa", Needs: Needs{"in.tftpd"}, Ways: []Way{{"tftp", NoAuth, 69}},
	start: func(s *starting) *process {
		return s.run("in.tftpd", "--foreground", "--listen", "--user", "nobody",
			"--address", s.addr.String()+":69", "--secure", s.docroot)
	},
}

// ATFTPD is the multi-threaded one. It binds a fresh port for each transfer.
var ATFTPD = Server{
	Name: "atftpd", Needs: Needs{"atftpd"}, Ways: []Way{{"tftp", NoAuth, 69}},
	start: func(s *starting) *process {
		return s.run("atftpd", "--daemon", "--no-fork", "--logfile", "-", "--verbose=3",
			"--bind-address", s.addr.String(), "--port", "69", "--maxthread", "1000", s.docroot)
	},
}

// Dnsmasq is the one in routers and on LTSP servers. It ignores the timeout option
// (RFC 2349) and resends on its own timer of about 1.75 s. A transfer whose last ACK was
// lost holds its place for minutes: with the default of 50 places, a site on a lossy
// network starves.
var Dnsmasq = Server{
	Name: "dnsmasq", Needs: Needs{"dnsmasq"}, Ways: []Way{{"tftp", NoAuth, 69}},
	start: func(s *starting) *process {
		return s.run("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root",
			"--log-facility=-", "--pid-file=", "--bind-interfaces", "--listen-address="+s.addr.String(),
			"--enable-tftp", "--tftp-root="+s.docroot, "--tftp-max=1000")
	},
}
