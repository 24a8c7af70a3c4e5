package fip

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/fipsim/fipsim/simulator/server"
)

const free = "127.0.0.1:0"

// A phone is an iteration: what became of it is in its result, and each stage in its metrics.
func TestProvision(t *testing.T) {
	at := serve(t, server.Options{Tree: tree, TFTP: free}).URL("tftp")
	s := newScript(t, new(Root)).begin(7)
	s.eval(fmt.Sprintf(`var r = fip.phone({mac: fip.mac('02:21:f2:00:00:00'), server: '%s', expect: 'account.1.label=seven'}).provision()`, at))
	for code, want := range map[string]string{
		`r.mac`:                            "0221f2000007",
		`r.ok`:                             "true",
		`r.outcome`:                        "provisioned",
		`r.fault + r.error`:                "",
		`r.server`:                         at.String(),
		`r.wrong.length`:                   "0",
		`r.settings['account.1.label']`:    "seven",
		`r.settings['lang.gui']`:           "French",
		`r.settings['lang']`:               "undefined",
		`'lang.gui' in r.settings`:         "true",
		`r.settings['account.1.password']`: "********",
		`Object.keys(r.settings).join()`:   "account.1.label,account.1.password,lang.gui",
		`r.settings['lang.gui'] = 'German'; r.settings['lang.gui']`: "French",
		`r.timings.pass > 0 && r.timings.mac_cfg > 0`:               "true",
		`Object.keys(r.timings).sort().join()`:                      "common_boot,common_cfg,mac_boot,mac_cfg,merge,pass",
		`r.files.map(f => f.name + ' ' + f.stage + ' ' + f.outcome).join()`: "0221f2000007.boot mac_boot missing," +
			"y000000000000.boot common_boot missing,y000000000000.cfg common_cfg done,0221f2000007.cfg mac_cfg done",
		`r.files[3].protocol + r.files[3].bytes + (r.files[3].duration > 0)`: "tftp" + fmt.Sprint(len(tree["0221f2000007.cfg"].Data)) + "true",
		`JSON.stringify(r).includes('` + secret + `')`:                       "false",
	} {
		if got := s.eval(code); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
	names := make(map[string]int)
	for name, values := range s.measured() {
		names[name] = len(values)
	}
	want := map[string]int{"fip_merge_duration{outcome=applied,scenario=storm}": 1, "data_received{scenario=storm}": 1,
		"fip_passes{outcome=provisioned,scenario=storm}": 1}
	for stage, outcome := range map[string]string{"mac_boot": "missing", "common_boot": "missing", "common_cfg": "done", "mac_cfg": "done"} {
		for _, kind := range []string{"duration", "failed", "reqs"} {
			want["fip_"+stage+"_"+kind+"{outcome="+outcome+",protocol=tftp,scenario=storm}"] = 1
		}
	}
	for _, kind := range []string{"duration", "failed"} {
		want["fip_pass_"+kind+"{outcome=provisioned,scenario=storm}"] = 1
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("measured (-want +got):\n%s", diff)
	}
}

// What is the server's fault is in the rates, by why.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		tree                   fstest.MapFS
		option                 string
		outcome, fault, counts string // of the result, and the tags of fip_passes
		wrong                  float64
	}{
		"no files":         {nil, ``, "nothing-found", "nothing-found", "fault=nothing-found,outcome=nothing-found", 0},
		"wrong settings":   {tree, `, expect: 'lang.gui=German'`, "provisioned", "", "outcome=wrong", 1},
		"a file too large": {tree, `, behaviour: {max_cfg: '10'}`, "failed", "too-large", "fault=too-large,outcome=failed", 0},
	} {
		t.Run(name, func(t *testing.T) {
			if c.tree == nil {
				c.tree = fstest.MapFS{}
			}
			at := serve(t, server.Options{Tree: c.tree, HTTP: free}).URL("http")
			s := newScript(t, new(Root)).begin(7)
			s.eval(fmt.Sprintf(`var r = fip.phone({mac: fip.mac(), server: '%s'%s}).provision()`, at, c.option))
			if got := s.eval(`[r.ok, r.outcome, r.fault].join()`); got != "false,"+c.outcome+","+c.fault {
				t.Errorf("result %s", got)
			}
			if c.fault != "" && s.eval(`r.error`) == "" {
				t.Error("no words say why")
			}
			got := s.measured()
			tags := "{" + c.counts + ",scenario=storm}"
			if !slices.Equal(got["fip_passes"+tags], []float64{1}) || !slices.Equal(got["fip_pass_failed"+tags], []float64{1}) {
				t.Errorf("measured %v", got)
			}
			if n := len(got["fip_wrong"+tags]); float64(n) != c.wrong {
				t.Errorf("%d wrong", n)
			}
		})
	}
}

// What this machine fails is no fault of the server's: it is in no rate.
func TestInvalid(t *testing.T) {
	s := newScript(t, new(Root)).begin(0)
	s.eval(`var phone = fip.phone({mac: fip.mac(), server: 'tftp://127.0.0.1:9/'})`)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	none := limit
	none.Cur = 0 // no file, and so no socket, may be opened
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	_, err := s.run(`var r = phone.provision()`)
	if limitErr := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limitErr != nil {
		t.Fatal(err, limitErr)
	}
	if got := s.eval(`[r.ok, r.outcome, r.fault].join()`); got != "false,failed,local" {
		t.Errorf("result %s: %s", got, s.eval(`r.error`))
	}
	want := map[string][]float64{"fip_invalid{fault=local,outcome=failed,scenario=storm}": {1}}
	if diff := cmp.Diff(want, s.measured()); diff != "" {
		t.Errorf("measured (-want +got):\n%s", diff)
	}
}

// A pass that k6 breaks off at the end of a test is nobody's failure.
func TestBrokenOff(t *testing.T) {
	s := newScript(t, new(Root)).begin(0)
	ctx, cancel := context.WithCancel(t.Context())
	s.VU.CtxField = ctx
	cancel()
	s.eval(`var r = fip.phone({mac: fip.mac(), server: 'tftp://127.0.0.1:9/'}).provision()`)
	if got := s.measured(); len(got) > 0 || s.eval(`r.fault`) != "cancelled" {
		t.Errorf("%s, measured %v", s.eval(`r.fault`), got)
	}
}

// A phone that the script keeps, keeps what it holds.
func TestKeptPhone(t *testing.T) {
	at := serve(t, server.Options{Tree: tree, HTTP: free}).URL("http")
	s := newScript(t, new(Root)).begin(7)
	s.eval(fmt.Sprintf(`var phone = fip.phone({mac: fip.mac(), server: '%s', showSecrets: true})`, at))
	got := s.eval(`phone.mac + [phone.provision(), phone.provision({trigger: 'interval'}), phone.provision({trigger: 'check-sync'})].map(r => ' ' + r.outcome)`)
	if got != "0221f2000007 provisioned, unchanged, unchanged" {
		t.Error(got)
	}
	if got := s.eval(`phone.provision().settings['account.1.password']`); got != secret {
		t.Errorf("asked for secrets, and got %q", got)
	}
}

// Credentials and certificates reach the server; the password is in no tag, no result and no error.
func TestCredentials(t *testing.T) {
	srv := serve(t, server.Options{Tree: tree, HTTPS: free, User: "phones", Password: secret, Auth: server.Digest})
	ca, err := srv.CA()
	if err != nil {
		t.Fatal(err)
	}
	at := srv.URL("https")
	at.User = nil
	s := newScript(t, new(Root)).begin(7)
	if err := s.VU.Runtime().Set("ca", string(ca)); err != nil {
		t.Fatal(err)
	}
	for options, want := range map[string]string{
		`ca, user: 'phones', password: '` + secret + `'`:             "provisioned ",
		`insecure: true, user: 'phones', password: '` + secret + `'`: "provisioned ",
		`ca, user: 'phones', password: 'not-` + secret + `'`:         "failed unauthorized",
		`user: 'phones', password: '` + secret + `'`:                 "failed tls",
	} {
		s.eval(fmt.Sprintf(`var r = fip.phone({mac: fip.mac(), server: '%s', %s}).provision()`, at, options))
		if got := s.eval(`r.outcome + ' ' + r.fault`); got != want {
			t.Errorf("%s: %s", got, s.eval(`r.error`))
		}
		if got := s.eval(`JSON.stringify(r)`); strings.Contains(got, secret) {
			t.Errorf("a password is in the result: %s", got)
		}
		for name := range s.measured() {
			if strings.Contains(name, secret) {
				t.Errorf("a password is in a tag: %s", name)
			}
		}
	}
}

// All VUs have one pool, and each their own place in the test.
func TestShared(t *testing.T) {
	root := new(Root)
	a, b := newScript(t, root).begin(3), newScript(t, root).begin(4)
	if got := a.eval(`fip.mac('02-21-F2-00-00-FE')`) + b.eval(`fip.mac('02-21-F2-00-00-FE')`); got != "0221f20001010221f2000102" {
		t.Error(got)
	}
	for _, s := range []*script{a, b} {
		s.eval(`fip.phone({mac: fip.mac(), server: 'tftp://127.0.0.1:9/', expect: 'lang.gui=French'}); 0`)
	}
	if p, e := len(root.shared.pools.byText), len(root.shared.expects.byText); p != 1 || e != 1 {
		t.Errorf("%d pools, %d expect files were made", p, e)
	}
}
