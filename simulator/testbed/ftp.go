package testbed

import "strings"

// VSFTPD is vsftpd with anonymous login; it answers USER with 230 at once. AUTH TLS
// (RFC 4217) is offered, not asked for.
var VSFTPD = Server{
	Name: "vsftpd", Needs: Needs{"vsftpd"}, Ways: []Way{{"ftp", NoAuth, 21}},
	start: func(s *starting) *process {
		return s.vsftpd("anonymous_enable=YES\nno_anon_password=YES\nlocal_enable=NO\nallow_anon_ssl=YES\nanon_root=" + s.docroot)
	},
}

// VSFTPDLogin is vsftpd that knows one user. A wrong password is answered with 530.
var VSFTPDLogin = Server{
	Name: "vsftpd-login", Needs: Needs{"vsftpd"}, Ways: []Way{{"ftp", Login, 21}},
	start: func(s *starting) *process {
		return s.vsftpd("anonymous_enable=NO\nlocal_enable=YES\nchroot_local_user=YES\nlocal_root=" + s.docroot)
	},
}

// vsftpd wants a root that its user can't write, and on some kernels its own system
// call filter stops it.
func (s *starting) vsftpd(who string) *process {
	cert := s.certificate()
	// That the data connection resume the control connection's TLS session is a wish
	// that few clients fulfil.
	conf := s.write("conf", `%s
listen=YES
listen_address=%s
background=NO
secure_chroot_dir=%s
xferlog_enable=NO
pasv_min_port=40000
pasv_max_port=49999
connect_from_port_20=NO
max_per_ip=0
max_clients=0
seccomp_sandbox=NO
pam_service_name=vsftpd
ssl_enable=YES
force_local_logins_ssl=NO
force_local_data_ssl=NO
require_ssl_reuse=NO
rsa_cert_file=%s
rsa_private_key_file=%s
`, who, s.addr, s.folder("empty"), cert.chain, cert.key)
	passwd := s.passwd(s.docroot)
	pam := s.write("pam", "auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_permit.so\n")
	return s.start(s.server.Name, s.dir, []string{passwd, "/etc/passwd", pam, "/etc/pam.d/vsftpd"}, "vsftpd", conf)
}

// ProFTPD is proftpd with anonymous login. It says 226 only when the client has
// closed the data connection.
var ProFTPD = Server{
	Name: "proftpd", Needs: Needs{"proftpd"}, Ways: []Way{{"ftp", NoAuth, 21}},
	start: func(s *starting) *process {
		conf := s.write("conf", `ServerType standalone
DefaultAddress %[1]s
Port 21
SocketBindTight on
ServerName test
UseReverseDNS off
UseIPv6 off
UseFtpUsers off
DelayEngine off
PidFile %[2]s/pid
ScoreboardFile %[2]s/scoreboard
SystemLog %[2]s/system.log
TransferLog none
WtmpLog off
User nobody
Group nogroup
MaxInstances 2000
PassivePorts 40000 49999
RequireValidShell off
AuthOrder mod_auth_unix.c
<Anonymous %[3]s>
  User nobody
  Group nogroup
  UserAlias anonymous nobody
  UserAlias ftp nobody
  <Limit WRITE>
    DenyAll
  </Limit>
</Anonymous>
`, s.addr, s.dir, s.docroot)
		return s.run("proftpd", "-n", "-c", conf)
	},
}

// PureFTPD is pure-ftpd with anonymous login. Its anonymous root is always the home
// of the user "ftp", so it gets a list of users where that is the docroot.
var PureFTPD = Server{
	Name: "pure-ftpd", Needs: Needs{"pure-ftpd"}, Ways: []Way{{"ftp", NoAuth, 21}},
	start: func(s *starting) *process {
		return s.start(s.server.Name, s.dir, []string{s.passwd(s.docroot), "/etc/passwd"},
			"pure-ftpd", "-S", s.addr.String()+",21", "-e", "-H", "-i", "-A", "-k", "100",
			"-p", "40000:49999", "-c", "2000", "-C", "2000", "-g", s.dir+"/pid")
	},
}

// secretHash is Password as crypt(3) keeps it, SHA-512.
const secretHash = "$6$fipsim$OdABmeeEIv2/m9lkpl2BBo5LIVctzvsdnODMhsB8xSU7MT29DIrILF2DkZJT9mID/qPXAYGtHsEwFcRhKAgA40"

// passwd writes a list of users like Debian's, with User and "ftp" at home.
func (s *starting) passwd(home string) string {
	s.t.Helper()
	return s.write("passwd", "%s\n", strings.Join([]string{
		"root:x:0:0:root:/root:/bin/bash",
		"www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin",
		"ftp:x:106:65534:ftp daemon:" + home + ":/usr/sbin/nologin",
		"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
		User + ":" + secretHash + ":64000:65534:a phone:" + home + ":/bin/sh",
	}, "\n"))
}
