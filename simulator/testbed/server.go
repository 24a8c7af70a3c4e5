package testbed

import (
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
)

// Account is what the servers with a login accept, and nothing else.
const (
	User     = "fipphone"
	Password = "secret"
)

// Auth is how a server asks who is there.
type Auth string

// The ways of asking.
const (
	NoAuth Auth = ""
	Basic  Auth = "basic"  // RFC 7617
	Digest Auth = "digest" // RFC 7616
	Login  Auth = "login"  // FTP's USER and PASS
)

// Server is a real server that Start can run.
type Server struct {
	Name  string
	Needs Needs // the programs that it is made of
	Ways  []Way // how its files can be had

	start func(s *starting) *process
}

// Way is one way in to a server: a protocol, a port and a login.
type Way struct {
	Scheme string // of the URL: "tftp", "ftp", "http", "https"
	Auth   Auth
	port   uint16
}

// Running is a server that serves.
type Running struct {
	Server
	Addr      netip.Addr // its own, on the cable
	Endpoints []Endpoint // one for each of Ways
	Docroot   string     // the folder that it serves; the test may change it
	CA        CA         // signed its certificate, if it has one

	starting *starting
	process  *process
}

// Endpoint is where a running server's files are.
type Endpoint struct {
	Name string   // "nginx/https+basic", unique among Servers
	URL  *url.URL // ends in "/"; has the user and the password where Auth asks for them
	Auth Auth
}

// Servers is every server there is, in the order of their schemes.
var Servers = []Server{
	TFTPDHPA, ATFTPD, Dnsmasq,
	VSFTPD, VSFTPDLogin, ProFTPD, PureFTPD,
	Nginx, Apache, Lighttpd,
}

// AllNeeds is what Servers need together.
func AllNeeds() Needs {
	var all Needs
	for _, s := range Servers {
		all = append(all, s.Needs...)
	}
	return all
}

// starting is what a server's start function works with.
type starting struct {
	*Testbed
	server  Server
	addr    netip.Addr
	dir     string // its own folder, for configuration and logs
	docroot string
}

// Publish copies tree into a new folder that every user can read, and returns it.
func (tb *Testbed) Publish(tree fs.FS) string {
	tb.t.Helper()
	docroot := tb.folder("docroot")
	tb.must(os.CopyFS(docroot, tree), "publish")
	tb.must(filepath.WalkDir(docroot, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return os.Chmod(path, 0o644)
	}), "publish")
	return docroot
}

// Start runs a server on docroot, a folder of Publish, at an address of its own, and
// returns when it serves. It ends with the test; if the test fails, its log is shown.
func (tb *Testbed) Start(server Server, docroot string) *Running {
	tb.t.Helper()
	if missing := Missing(server.Needs); missing != "" {
		tb.t.Fatalf("testbed: start %s: %s", server.Name, missing)
	}
	addr := tb.nextAddr()
	s := &starting{Testbed: tb, server: server, addr: addr, dir: tb.folder(server.Name), docroot: docroot}
	p := server.start(s)

	running := &Running{Server: server, Addr: addr, Docroot: docroot, CA: authority(tb), starting: s, process: p}
	for _, way := range server.Ways {
		running.Endpoints = append(running.Endpoints, way.endpoint(server.Name, addr))
	}
	tb.wait(p, addr, server.ports())
	return running
}

// ports are those that the server has bound when it is ready.
func (s Server) ports() []port {
	var ports []port
	for _, way := range s.Ways {
		network := "tcp"
		if way.Scheme == "tftp" {
			network = "udp"
		}
		ports = append(ports, port{network, way.port})
	}
	return ports
}

// Kill ends the server without warning; Revive starts it again.
func (r *Running) Kill() { r.process.kill() }

// Revive starts a server that was killed, at the same address, and returns when it
// serves.
func (r *Running) Revive() {
	s := r.starting
	s.t.Helper()
	r.process = s.server.start(s)
	s.wait(r.process, r.Addr, r.Server.ports())
}

// nextAddr gives the servers' side one address more, and returns it.
func (tb *Testbed) nextAddr() netip.Addr {
	tb.t.Helper()
	n := tb.used.addrs.Add(1)
	if n > maxServers {
		tb.t.Fatalf("testbed: more than %d servers", maxServers)
	}
	a := serverAddr.As4()
	a[3] += byte(n)
	addr := netip.AddrFrom4(a)
	tb.ip(tb.Server, "address", "add", addr.String()+"/16", "dev", cable)
	return addr
}

// maxServers is how many a testbed has addresses for: 10.66.0.2 to 10.66.0.254.
const maxServers = 253

// wellKnown are the ports that a URL leaves out.
var wellKnown = map[string]uint16{"tftp": 69, "ftp": 21, "http": 80, "https": 443}

func (w Way) endpoint(server string, addr netip.Addr) Endpoint {
	u := &url.URL{Scheme: w.Scheme, Host: addr.String(), Path: "/"}
	name := server + "/" + w.Scheme
	if w.port != wellKnown[w.Scheme] {
		u.Host = netip.AddrPortFrom(addr, w.port).String()
	}
	if w.Auth != NoAuth {
		u.User = url.UserPassword(User, Password)
		name += "+" + string(w.Auth)
	}
	return Endpoint{Name: name, URL: u, Auth: w.Auth}
}

// write puts a file into the server's folder and returns its path.
func (s *starting) write(name, format string, args ...any) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	s.must(os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o644), "configure "+s.server.Name)
	s.must(os.Chmod(path, 0o644), "configure "+s.server.Name) // whatever the umask
	return path
}

// run starts the server's program, in its folder.
func (s *starting) run(argv ...string) *process {
	s.t.Helper()
	return s.start(s.server.Name, s.dir, nil, argv...)
}
