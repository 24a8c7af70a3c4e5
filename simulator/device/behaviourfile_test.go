package device_test

import (
	"testing"

	"github.com/fipsim/fipsim/simulator/device"
)

// A value is what YAML means by it, quotes and escapes included.
func TestBehaviourFileQuotes(t *testing.T) {
	for text, want := range map[string]string{
		`'ua-profile;model="{model}"'`: "ua-profile;model=\"{model}\"",
		`ua-profile;model="{model}"`:   "ua-profile;model=\"{model}\"",
		`"a \"b\" \u00e9"`:             `a "b" é`,
		"|-\n  ua-profile;model=\"x\"": `ua-profile;model="x"`,
		"''":                           `ua-profile;profile-type="device";vendor="{vendor}";model="{model}";version="{firmware}"`, // the default
	} {
		var b device.Behaviour
		if err := b.ReadFile("b.yaml", []byte("version: 1\npnp_event: "+text+"\n")); err != nil || b.Get("pnp_event") != want {
			t.Errorf("%s: %q, %v, want %q", text, b.Get("pnp_event"), err, want)
		}
	}
	var b device.Behaviour
	if err := b.ReadFile("b.yaml", []byte("version: 1\nmacros: off\nprobe_bare_mac: \"never\"\nsource_order: [static, pnp]\ntftp_sends: 4\n")); err != nil {
		t.Fatal(err)
	}
	if b.Macros != "off" || b.ProbeBareMAC != "never" || b.Get("source_order") != "static,pnp" || b.TFTPSends != 4 {
		t.Errorf("%+v", b)
	}
}

// What a user wrote never brings the program down.
func FuzzBehaviourFile(f *testing.F) {
	for _, seed := range []string{"version: 1\nblank: keep\n", "version: 1\npnp_event: |\n  x\n", "version: 1\nsource_order: !x [a]\n", "", "- a", "a: &b *b", "!0 [", "? "} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var b device.Behaviour
		if err := b.ReadFile("b.yaml", body); err == nil {
			b.WithDefaults()
		}
	})
}
