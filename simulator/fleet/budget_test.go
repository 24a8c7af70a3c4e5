package fleet

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestBudget(t *testing.T) {
	usual := machine{files: 20_000, inUse: 10, ports: 28_232, memory: 8 << 30}
	small := machine{files: 300, inUse: 10, ports: 28_232, memory: 8 << 30}
	for name, c := range map[string]struct {
		machine              machine
		phones, asked, paths int
		conns                int
		shared               bool
		want                 int
		err                  string
	}{
		"a few phones":                {usual, 5, 0, 1, 0, false, 5, ""},
		"many":                        {usual, 10_000, 0, 1, 10_000, false, DefaultInFlight, ""},
		"as asked for":                {usual, 10_000, 5000, 1, 10_000, false, 5000, ""},
		"as many as there are files":  {small, 10_000, 0, 1, 0, false, 113, ""},
		"asked for more than files":   {small, 10_000, 200, 1, 0, false, 0, "200 passes at once need 474 open files, and only 300 are allowed: raise ulimit -n"},
		"hardly any files":            {machine{files: 20, inUse: 10, ports: 28_232}, 10, 0, 1, 0, false, 0, "raise ulimit -n"},
		"TCP without enough ports":    {usual, 30_000, 0, 1, 30_000, false, 0, "give more addresses with --local"},
		"TCP from two addresses":      {usual, 30_000, 0, 2, 30_000, false, DefaultInFlight, ""},
		"UDP uses ports again":        {usual, 30_000, 0, 1, 0, false, DefaultInFlight, ""},
		"more at once than ports":     {machine{files: 20_000, ports: 100}, 200, 150, 1, 0, false, 0, "widen net.ipv4.ip_local_port_range"},
		"more phones than memory":     {machine{files: 20_000, ports: 28_232, memory: 100 << 20}, 1 << 20, 0, 1, 0, false, 0, "MB are free: take fewer"},
		"discovery by shared sockets": {small, 10_000, 3000, 1, 0, true, 3000, ""},
		"shared, and nobody says":     {small, 10_000, 0, 1, 10_000, true, discoverInFlight, ""},
		"shared, and no file at all":  {machine{files: 20, inUse: 10, ports: 28_232}, 10, 0, 1, 0, true, 0, "raise ulimit -n"},
		"more at once than any sense": {usual, 10, 1_000_000, 1, 0, false, 0, "want 1 to 100000"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.machine.budget(c.phones, c.asked, c.paths, c.conns, c.shared)
			if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%d, %v, want %d, %s", got, err, c.want, c.err)
			}
		})
	}
	if m := thisMachine(); m.files == 0 || m.ports == 0 {
		t.Errorf("%+v", m)
	}
}

func TestLocalAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"127.0.0.8/30": "[127.0.0.9 127.0.0.10 127.0.0.11]",
		"127.0.0.5":    "[127.0.0.5]",
		"203.0.113.77": "this machine has no address in 203.0.113.77",
		"10.1.0.0/99":  "is no network",
	} {
		got, err := LocalAddresses(text)
		if err != nil && !strings.Contains(err.Error(), want) || err == nil && fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v, want %s", text, got, err, want)
		}
	}
	many, err := LocalAddresses("127.0.0.0/8")
	if err != nil || len(many) != maxPaths || many[0] != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("%d addresses, %v", len(many), err)
	}
}

func TestSNMP(t *testing.T) {
	const text = "Ip: A B\nIp: 1 2\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors\nUdp: 5 4 3 2 77\nUdpLite: RcvbufErrors\nUdpLite: 9\n"
	if got := readBufferErrors(text); got != 77 {
		t.Errorf("%d, want 77", got)
	}
	if got := readBufferErrors("Udp: RcvbufErrors\nUdp: x\n") + readBufferErrors(""); got != 0 {
		t.Errorf("%d, want 0", got)
	}
}

// Credentials go where they belong, whatever they are made of.
func TestWithUser(t *testing.T) {
	for _, c := range []struct{ server, user, password, want string }{
		{"http://h/a", "", "", "http://h/a"},
		{"http://h/a/$(MA)", "bob", "p@ss:/?", "http://bob:p%40ss%3A%2F%3F@h/a/$(MA)"},
		{"http://old:secret@h:81/a@b", "bob", "x", "http://bob:x@h:81/a@b"},
		{"h", "bob", "x", "tftp://bob:x@h"},
	} {
		if got := withUser(c.server, &Spec{User: c.user, Password: c.password}); got != c.want {
			t.Errorf("%s: %s, want %s", c.server, got, c.want)
		}
	}
	if got := withoutUser("http://bob:geheim@h/a@b"); got != "http://h/a@b" {
		t.Error(got)
	}
}

// A port rests for a minute: what counts is how many phones start within one.
func TestPhonesInAMinute(t *testing.T) {
	for name, c := range map[string]struct {
		stage Stage
		sip   string
		want  int
	}{
		"a storm at once":            {Stage{Arrival: "storm"}, "", 6000},
		"over five minutes":          {Stage{Arrival: "poisson", Over: 5 * time.Minute}, "", 1200},
		"a ramp's end":               {Stage{Arrival: "ramp", Over: 5 * time.Minute}, "", 2400},
		"an hour's interval":         {Stage{Arrival: "interval", Every: time.Hour, Over: 5 * time.Minute}, "", 100},
		"an interval and check-sync": {Stage{Arrival: "interval", Every: time.Hour, Over: 5 * time.Minute}, ":5060", 1300},
		"a short interval":           {Stage{Arrival: "interval", Every: time.Second, Over: 5 * time.Minute}, "", 6000},
	} {
		c.stage.Phones = 6000
		if got := c.stage.within(portRest, &Options{SIP: c.sip}); got != c.want {
			t.Errorf("%s: %d phones, want %d", name, got, c.want)
		}
	}
}
