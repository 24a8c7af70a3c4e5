package phone_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/testbed"
)

// effective runs one pass and returns the settings that the phone ends with, as
// `--settings -` prints them.
func effective(t *testing.T, o phone.Options, url string) string {
	t.Helper()
	o.Finders = map[string]discover.Finder{discover.SourceStatic: discover.Static{URL: url}}
	p, err := phone.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if outcome, err := p.Provision(t.Context(), device.PowerOn); outcome != device.Provisioned {
		t.Fatalf("%s: %s, %v", url, outcome, err)
	}
	var cfg bytes.Buffer
	if err := p.Settings().WriteCfg(&cfg); err != nil {
		t.Fatal(err)
	}
	return cfg.String()
}

// The same tree gives the same settings, byte for byte, from every real server and
// over every way in as from the disk.
func TestRealServersGiveTheSameSettings(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, testbed.AllNeeds())
	trees := map[string]string{
		"order and override": publish(t, tree{
			"y000000000000.boot":     "include:config <HTTP Directory/sip.cfg>\ninclude:config \"0021f2000005.cfg\"\n",
			"HTTP Directory/sip.cfg": "account.1.label=Common\nlang.gui=Chinese S\n",
			"0021f2000005.cfg":       "account.1.label = Ünit 1001\naccount.1.password=p#w=1001\\x\n",
		})[len("file://"):],
	}
	if shared, err := filepath.Abs("../../../shared/trees/fip14g"); err == nil {
		if _, err := os.Stat(shared); err == nil {
			trees["a vendor's templates"] = shared
		} else {
			t.Log("../shared/trees is absent: without the vendor's templates")
		}
	}
	id := device.Identity{MAC: device.MAC{0x00, 0x21, 0xf2, 0x00, 0x00, 0x05}}
	for name, dir := range trees {
		want := effective(t, phone.Options{Identity: id}, "file://"+dir+"/")
		docroot := tb.Publish(os.DirFS(dir))
		for _, s := range testbed.Servers {
			t.Run(name+"/"+s.Name, func(t *testing.T) {
				running := tb.Start(s, docroot)
				for _, e := range running.Endpoints {
					got := effective(t, phone.Options{
						Identity: id, Network: tb.Phone.Network(), TLS: fetch.TLS{CA: running.CA.PEM},
					}, e.URL.String())
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s (-file +%s):\n%s", e.Name, e.Name, diff)
					}
				}
			})
		}
	}
}
