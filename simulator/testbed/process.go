package testbed

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// startLimit is how long a server may take until its port is bound.
const startLimit = 20 * time.Second

// shownLog is how much of a server's log a failed test shows, in bytes.
const shownLog = 8 << 10

// port is where a server listens once it is ready.
type port struct {
	network string // "udp" or "tcp"
	number  uint16
}

// process is a real server that runs, in the server's namespace and in a process
// namespace of its own: when its first process ends, the kernel ends the rest.
type process struct {
	*child
	name string
	dir  string // has its logs, their names ending in "log"
}

// supervise keeps a shell as the first process, which stays root: a parent-death
// signal does not survive a server's giving up root, and orphans need a reaper.
const supervise = `"$@"; exit $?`

// inPrivate is supervise with files of the test's laid over files of the system's,
// pair by pair up to "--", seen by this server alone.
const inPrivate = `while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 1; shift 2; done; shift; ` + supervise

// start runs a server until the test ends. overlay holds pairs: a file, and the
// system's file that it covers for this server.
func (tb *Testbed) start(name, dir string, overlay []string, argv ...string) *process {
	tb.t.Helper()
	logFile, err := os.Create(filepath.Join(dir, "log"))
	tb.must(err, "make a log file")
	defer logFile.Close()

	path, err := lookPath(argv[0])
	tb.must(err, "start "+name)
	argv[0] = path
	script := []string{"-c", supervise, "sh"}
	if len(overlay) > 0 {
		script = append([]string{"-c", inPrivate, "sh"}, append(overlay, "--")...)
	}
	cmd := tb.command(tb.Server, "sh", append(script, argv...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = dir, logFile, logFile, ownProcesses(len(overlay) > 0)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + dir, "LC_ALL=C"}
	p := &process{tb.launch(cmd), name, dir}
	tb.t.Cleanup(func() {
		p.kill()
		if tb.t.Failed() {
			tb.showLogs(p)
		}
	})
	return p
}

func (tb *Testbed) showLogs(p *process) {
	logs, err := filepath.Glob(filepath.Join(p.dir, "*log"))
	tb.must(err, "find logs")
	for _, name := range logs {
		if text := tail(name); text != "" {
			tb.t.Logf("%s, %s:\n%s", p.name, filepath.Base(name), text)
		}
	}
}

// wait returns when all ports are bound at addr, and fails the test when the server
// ends before, or takes too long.
func (tb *Testbed) wait(p *process, addr netip.Addr, ports []port) {
	tb.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(startLimit)
	for len(ports) > 0 {
		bound, err := tb.Server.bound(ports[0].network, netip.AddrPortFrom(addr, ports[0].number))
		tb.must(err, "look for "+p.name+"'s port")
		if bound {
			ports = ports[1:]
			continue
		}
		select {
		case <-p.gone:
			tb.t.Fatalf("testbed: %s ended before it was ready: %v", p.name, p.err)
		case <-limit:
			tb.t.Fatalf("testbed: %s has not bound %s port %d within %v", p.name, ports[0].network, ports[0].number, startLimit)
		case <-tick.C:
		}
	}
}

// bound tells whether a UDP socket is bound to at, or a TCP socket listens there, by
// the namespace's table of sockets (proc(5), /proc/net/tcp).
func (ns *Namespace) bound(network string, at netip.AddrPort) (bool, error) {
	var table []byte
	var err error
	if runErr := ns.Run(func() { table, err = os.ReadFile("/proc/thread-self/net/" + network) }); runErr != nil {
		return false, runErr
	}
	if err != nil {
		return false, err
	}
	const listening = "0A"
	b := at.Addr().As4()
	local := fmt.Sprintf("%02X%02X%02X%02X:%04X", b[3], b[2], b[1], b[0], at.Port()) // little-endian, as the kernel prints it
	anywhere := fmt.Sprintf("00000000:%04X", at.Port())
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 3 && (f[1] == local || f[1] == anywhere) && (network == "udp" || f[3] == listening) {
			return true, nil
		}
	}
	return false, nil
}

// tail returns the end of a text file, "" if there is none.
func tail(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	if len(text) > shownLog {
		text = append([]byte("…"), text[len(text)-shownLog:]...)
	}
	return strings.TrimSpace(string(text))
}
