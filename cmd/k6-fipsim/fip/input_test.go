package fip

import (
	"errors"
	"strings"
	"testing"

	"github.com/grafana/sobek"
	"go.k6.io/k6/metrics"
)

// What makes no sense is one exception that says what is wrong, and where. Each case is a call and what
// its exception must say.
func TestBadInput(t *testing.T) {
	for _, c := range []struct{ call, want string }{
		{`fip.phone()`, `fip.phone: want an object, such as {mac: fip.mac(), server: 'tftp://192.0.2.1/'}`},
		{`fip.phone('0021f2000001')`, `fip.phone: want an object, such as`},
		{`fip.phone({server: 'tftp://192.0.2.1/'})`, `fip.phone: mac: which phone?`},
		{`fip.phone({mac: '0221f2'})`, `fip.phone: mac: "0221f2" is not a MAC: want 12 hexadecimal digits, such as 0021f2000001`},
		{`fip.phone({mac: 2})`, `fip.phone: mac: want a text in quotes`},
		{`fip.phone({mac: '0221f2000001'})`, `fip.phone: server: which one?`},
		{`fip.phone({mac: '0221f2000001', server: 'gopher://192.0.2.1/'})`, `gopher`},
		{`fip.phone({mac: '0221f2000001', server: 'http://[::1/'})`, `http://[::1/`},
		{`fip.phone({mac: '0221f2000001', server: ['tftp://192.0.2.1/']})`, `fip.phone: server: want a text in quotes`},
		{`fip.phone({mac: '0221f2000001', sever: 'tftp://192.0.2.1/'})`, `fip.phone: no option is called "sever"; there are: mac, server, `},
		{`fip.phone({mac: '0221f2000001', server: 'tftp://192.0.2.1/', insecure: 'yes'})`, `fip.phone: insecure: want true or false`},
		{`fip.phone({mac: '0221f2000001', server: 'tftp://192.0.2.1/', behaviour: {tftp_send: 2}})`, `fip.phone: behaviour: no option of the phone is called "tftp_send"`},
		{`fip.phone({mac: '0221f2000001', server: 'tftp://192.0.2.1/', behaviour: {tftp_sends: 'two'}})`, `fip.phone: behaviour: option tftp_sends: `},
		{`fip.phone({mac: '0221f2000001', server: 'tftp://192.0.2.1/', behaviour: 'blank=keep'})`, `fip.phone: behaviour: want an object`},
		{`fip.phone({mac: '0221f2000001', server: 'tftp://192.0.2.1/', expect: 'nothing at all'})`, `fip.phone: expect: expect:1: `},
		{`fip.phone({mac: '0221f2000001', server: 'tftp://192.0.2.1/', local: 'eth0'})`, `fip.phone: local: "eth0" is no network`},
		{`fip.phone({mac: '0221f2000001', server: 'https://192.0.2.1/', ca: 'no certificate'})`, `certificate`},
		{`fip.phone({mac: '0221f2000001', server: 'tftp://192.0.2.1/', model: 'FIP\n14G'})`, `can't stand in an HTTP header`},
		{`fip.phone({mac: '0221f2000001', discovery: 'dhcp'})`, `fip.phone: discovery: "dhcp"; there are: static, pnp`},
		{`fip.phone({mac: '0221f2000001', discovery: 'pnp', server: 'tftp://192.0.2.1/'})`, `fip.phone: server: with discovery 'pnp' the server names itself`},
		{`fip.phone({mac: '0221f2000001', server: 'tftp://192.0.2.1/', pnp: '192.0.2.1:5060'})`, `fip.phone: pnp: is for discovery 'pnp' only`},
		{`fip.phone({mac: '0221f2000001', server: 'http://192.0.2.1/', password: 'x'})`, `fip.phone: password: whose?`},

		{`fip.mac('nonsense')`, `fip.mac: "nonsense" is not a MAC`},
		{`fip.mac('0221f2000000', -1)`, `fip.mac: index -1: want a whole number from 0 on`},
		{`fip.mac('0221f2000000', 0.5)`, `fip.mac: index 0.5: want a whole number from 0 on`},
		{`fip.mac('0221f2fffff0', 16)`, `fip.mac: phone 16 from 0221f2fffff0 on: only 16 MACs are left in the range of 0221f2`},

		{`phone.provision('interval')`, `fip.provision: want an object, such as {trigger: 'interval'}`},
		{`phone.provision({tigger: 'interval'})`, `fip.provision: no option is called "tigger"; there is: trigger`},
		{`phone.provision({trigger: 'check'})`, `fip.provision: trigger: "check"; there are: power-on interval save-and-apply check-sync check-sync-reboot`},
	} {
		s := newScript(t, new(Root)).begin(0)
		s.eval(`var phone = fip.phone({mac: '0221f2000001', server: 'tftp://127.0.0.1:9/'}); 0`)
		_, err := s.run(c.call)
		var thrown *sobek.Exception
		if !errors.As(err, &thrown) || !strings.Contains(thrown.Value().String(), c.want) || !strings.HasPrefix(thrown.Value().String(), "TypeError: fip.") {
			t.Errorf("%s\n  threw %v\n   want %s", c.call, err, c.want)
		}
		if got := s.measured(); len(got) > 0 {
			t.Errorf("%s was measured: %v", c.call, got)
		}
	}
}

// A password in a URL that is none, or under a key that is none, is not told.
func TestBadInputKeepsSecrets(t *testing.T) {
	for _, call := range []string{
		`fip.phone({mac: '0221f2000001', server: 'htp://admin:` + secret + `@192.0.2.1/'})`,
		`fip.phone({mac: '0221f2000001', server: 'http://admin:` + secret + `@[::1/'})`,
		`fip.phone({mac: '0221f2000001', server: 'http://192.0.2.1/', password: ['` + secret + `']})`,
	} {
		_, err := newScript(t, new(Root)).begin(0).run(call)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

// In the init context phones can be made, and neither counted nor provisioned.
func TestInitContext(t *testing.T) {
	s := newScript(t, new(Root))
	s.eval(`var phone = fip.phone({mac: fip.mac('0221f2000000', 7), server: 'tftp://127.0.0.1:9/'}); 0`)
	for call, want := range map[string]string{
		`fip.mac('0221f2000000')`: "give the index",
		`phone.provision()`:       "not in the init context",
	} {
		if _, err := s.run(call); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

// A script's own metric of a name that the module needs for another kind is told.
func TestMetricNameTaken(t *testing.T) {
	defer func() {
		if got := recover(); got == nil || !strings.Contains(got.(*sobek.Object).String(), "fip_passes") {
			t.Errorf("got %v", got)
		}
	}()
	s := newScript(t, new(Root))
	s.VU.InitEnvField.Registry = metrics.NewRegistry()
	s.VU.InitEnvField.Registry.MustNewMetric("fip_passes", metrics.Gauge)
	new(Root).NewModuleInstance(s.VU)
}
