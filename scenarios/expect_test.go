package scenarios_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

func held(t *testing.T, text string) *config.Settings {
	t.Helper()
	cfg, err := config.ParseCfg("held.cfg", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s := new(config.Settings)
	s.Merge(cfg)
	return s
}

// Each listed key must be equal; one with no value must not be held; what is not listed
// may be anything.
func TestExpect(t *testing.T) {
	e, err := scenarios.ParseExpect("e.cfg", []byte("# French\nlang.gui=French\naccount.1.label=phone $(MA)\nwui.http_enable=\naccount.1.password=geheim\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, held string
		want       []string
	}{
		{"as expected", "lang.gui=French\naccount.1.label=phone 0021f2000001\naccount.1.password=geheim\nvoice.vad=1\n", nil},
		{"otherwise", "lang.gui=German\nwui.http_enable=1\naccount.1.password=anders\n", []string{
			"lang.gui: want French, the phone holds German (e.cfg:2)",
			"account.1.label: want phone 0021f2000001, the phone holds nothing (e.cfg:3)",
			"wui.http_enable: want nothing, the phone holds 1 (e.cfg:4)",
			"account.1.password: want ********, the phone holds ******** (e.cfg:5)",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, d := range e.Compare(held(t, tt.held), device.DefaultMAC) {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is recorded is expected, and holds no secret.
func TestRecord(t *testing.T) {
	settings := held(t, "lang.gui=French\naccount.1.password=geheim\nremote_phonebook.data.1.url=http://u:geheim@host/a.xml\n")
	var b bytes.Buffer
	if err := scenarios.Record(&b, settings); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "geheim") {
		t.Errorf("a secret was recorded:\n%s", &b)
	}
	e, err := scenarios.ParseExpect("r.cfg", b.Bytes())
	if err != nil || e.Len() != 3 {
		t.Fatalf("%d keys, %v", e.Len(), err)
	}
	if d := e.Compare(settings, device.DefaultMAC); len(d) > 0 {
		t.Errorf("what was recorded is not what is expected: %v", d)
	}
	changed := held(t, "lang.gui=French\naccount.1.password=geheim2\nremote_phonebook.data.1.url=http://u:geheim@host/a.xml\n")
	d := e.Compare(changed, device.DefaultMAC)
	if len(d) != 1 || d[0].Key != "account.1.password" || strings.Contains(d[0].String(), "geheim") {
		t.Errorf("another password: %v", d)
	}
}

func TestWrongExpectFiles(t *testing.T) {
	for body, want := range map[string]string{
		"":                                  "e.cfg:1: nothing is expected",
		"lang.gui=French\nno setting\n":     "e.cfg:2: ",
		"a.password={pbkdf2-sha256}1$x\n":   "e.cfg:1: a.password: want {pbkdf2-sha256}ROUNDS$SALT$HASH",
		"a.password={pbkdf2-sha256}0$aa$aa": "want {pbkdf2-sha256}ROUNDS$SALT$HASH",
		"a.password={pbkdf2-sha256}999999999$aa$aa": "want {pbkdf2-sha256}ROUNDS$SALT$HASH",
	} {
		if _, err := scenarios.ParseExpect("e.cfg", []byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", body, err, want)
		}
	}
}

func FuzzExpect(f *testing.F) {
	for _, seed := range []string{"lang.gui=French\n", "a.password={pbkdf2-sha256}1$$\n", "=\n", "\xff\xfe", "x=$(MA)"} {
		f.Add([]byte(seed))
	}
	nothing := new(config.Settings)
	f.Fuzz(func(t *testing.T, body []byte) {
		if e, err := scenarios.ParseExpect("e.cfg", body); err == nil {
			e.Compare(nothing, device.DefaultMAC)
		}
	})
}
