package testbed

// Nginx serves HTTP and HTTPS, from TLS 1.0 with every cipher, as servers for old
// phones do; on two further ports it asks for Basic credentials.
var Nginx = Server{
	Name: "nginx", Needs: Needs{"nginx"},
	Ways: []Way{{"http", NoAuth, 80}, {"https", NoAuth, 443}, {"http", Basic, 8080}, {"https", Basic, 8443}},
	start: func(s *starting) *process {
		cert := s.certificate()
		users := s.write("users", "%s:{PLAIN}%s\n", User, Password)
		conf := s.write("conf", `daemon off; pid %[1]s/pid; error_log stderr warn; worker_processes 2;
events { worker_connections 10000; }
http {
 access_log off; default_type application/octet-stream; keepalive_requests 1000000;
 client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
 ssl_certificate %[2]s; ssl_certificate_key %[3]s; ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL@SECLEVEL=0;
 root %[4]s;
 server { listen %[5]s:80; listen %[5]s:443 ssl; }
 server { listen %[5]s:8080; listen %[5]s:8443 ssl; auth_basic "phones"; auth_basic_user_file %[6]s; }
}
`, s.dir, cert.chain, cert.key, s.docroot, s.addr, users)
		return s.run("nginx", "-p", s.dir, "-c", conf, "-e", "stderr")
	},
}

// apacheModules is what the configuration of Apache uses.
var apacheModules = []string{
	"mpm_event", "authz_core", "authn_core", "authn_file", "authz_user", "auth_basic", "auth_digest", "socache_shmcb", "mime", "ssl",
}

// Apache is apache2 with HTTP and HTTPS; on two further ports it asks for Digest
// (MD5, qop auth) and for Basic credentials.
var Apache = Server{
	Name: "apache2", Needs: Needs{"apache2"},
	Ways: []Way{{"http", NoAuth, 80}, {"https", NoAuth, 443}, {"http", Digest, 8080}, {"http", Basic, 8081}},
	start: func(s *starting) *process {
		cert := s.certificate()
		digests := s.write("digests", "%s:phones:%x\n", User, md5Sum(User+":phones:"+Password))
		users := s.write("users", "%s:%s\n", User, secretHash)
		var modules string
		for _, m := range apacheModules {
			modules += "LoadModule " + m + "_module /usr/lib/apache2/modules/mod_" + m + ".so\n"
		}
		conf := s.write("conf", `ServerRoot %[1]s
ServerName %[2]s
PidFile %[1]s/pid
ErrorLog %[1]s/error.log
DefaultRuntimeDir %[1]s
%[3]s
Listen %[2]s:80
Listen %[2]s:443
Listen %[2]s:8080
Listen %[2]s:8081
TypesConfig /dev/null
User www-data
Group www-data
MaxKeepAliveRequests 0
DocumentRoot %[4]s
<Directory %[4]s>
 Require all granted
</Directory>
<VirtualHost %[2]s:443>
 SSLEngine on
 SSLCertificateFile %[5]s
 SSLCertificateKeyFile %[6]s
</VirtualHost>
<VirtualHost %[2]s:8080>
 <Location "/">
  AuthType Digest
  AuthName phones
  AuthUserFile %[7]s
  Require valid-user
 </Location>
</VirtualHost>
<VirtualHost %[2]s:8081>
 <Location "/">
  AuthType Basic
  AuthName phones
  AuthUserFile %[8]s
  Require valid-user
 </Location>
</VirtualHost>
`, s.dir, s.addr, modules, s.docroot, cert.chain, cert.key, digests, users)
		return s.run("apache2", "-D", "FOREGROUND", "-f", conf)
	},
}

// Lighttpd serves HTTP, and HTTPS from TLS 1.2.
var Lighttpd = Server{
	Name: "lighttpd", Needs: Needs{"lighttpd"},
	Ways: []Way{{"http", NoAuth, 80}, {"https", NoAuth, 443}},
	start: func(s *starting) *process {
		cert := s.certificate()
		conf := s.write("conf", `server.modules = ("mod_openssl")
server.document-root = "%[1]s"
server.bind = "%[2]s"
server.port = 80
server.max-fds = 16384
server.errorlog = "%[3]s/error.log"
$SERVER["socket"] == "%[2]s:443" {
 ssl.engine = "enable"
 ssl.pemfile = "%[4]s"
 ssl.privkey = "%[5]s"
 ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2")
}
`, s.docroot, s.addr, s.dir, cert.chain, cert.key)
		return s.run("lighttpd", "-D", "-f", conf)
	},
}
