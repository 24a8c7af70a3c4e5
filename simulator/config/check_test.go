package config

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
)

const goodAccount = "account.1.enable=1\naccount.1.user_name=1001\naccount.1.password=x\n"

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name, model, body string
		options           device.Behaviour
		want              []string
	}{
		{"the guide's names", "FIP14G", goodAccount + "account.1.sip_server_host=h\n", device.Behaviour{}, nil},
		{"the vendor templates' names", "FIP14G", goodAccount + "account.1.sip_server.1.address=h\n", device.Behaviour{}, nil},
		{"disabled", "FIP14G", "account.1.enable=0\naccount.2.label=x\n", device.Behaviour{}, nil},
		{"enabled and nothing else", "FIP14G", "# x\naccount.3.enable=1\n", device.Behaviour{}, []string{
			"x.cfg:2: account 3 is enabled, but has no SIP server (account.3.sip_server.1.address or account.3.sip_server_host), " +
				"no user name (account.3.user_name), no password (account.3.password)"}},
		{"a template that counts wrong", "FIP14G",
			"account.1.sip_server.1.address=h\naccount.1.sip_server.1.address=h\n" +
				"account.2.enable=1\naccount.2.user_name=a\naccount.2.password=b\n",
			device.Behaviour{}, []string{"x.cfg:3: account 2 is enabled, but has no SIP server (account.2.sip_server.1.address or " +
				"account.2.sip_server_host); " +
				"account.1.sip_server.1.address is set more than once in this file: was one of those meant?"}},
		{"account range", "FIP10",
			"account.2.label=a\naccount.3.label=b\naccount.3.enable=1\naccount.0.label=c\naccount.x.label=d\naccount.4.label=\n",
			device.Behaviour{}, []string{
				"x.cfg:2: account.3.* has no effect: a FIP10 has accounts 1 to 2 (2 times: lines 2, 3)",
				"x.cfg:4: account.0.* has no effect: a FIP10 has accounts 1 to 2"}},
		{"account range by option", "FIP10", "account.3.label=b\n", device.Behaviour{Accounts: 3}, nil},
		{"unknown model", "P99", "account.30.label=b\n", device.Behaviour{}, []string{
			"model P99: not a model that the guide lists, so that its accounts are not checked against a range: set the option accounts"}},
		{"URLs", "FIP14G",
			"ringtone.url=http://h:x/\nlocal_contact.data.url=$(MA).xml\nremote_phonebook.data.2.url=ftp://u:hush@/x\n" +
				"firmware.url=http://h/$(MA)\naction_url.mute=x y\n",
			device.Behaviour{}, []string{
				`x.cfg:1: ringtone.url: "http://h:x/" is not a URL a phone can use: its port "x" is not a number from 1 to 65535`,
				`x.cfg:3: remote_phonebook.data.2.url: "ftp://********@/x" is not a URL a phone can use: it has no host`}},
		{"macros off", "FIP14G", "ringtone.url=http://$(MA)/\n", device.Behaviour{Macros: "off"}, []string{
			`x.cfg:1: ringtone.url: "http://$(MA)/" is not a URL a phone can use: its host "$(MA)" is neither a name nor an address`}},
		{"ports", "FIP14G",
			"sip.listen_port=5060\nldap.port=70000\naccount.1.sip_server.1.port=5060x\n" +
				"account.1.sip_server.2.port=0\nsip.tls_listen_port=-1\n", device.Behaviour{}, []string{
				`x.cfg:2: ldap.port: "70000" is not a port, a number up to 65535`,
				`x.cfg:3: account.1.sip_server.1.port: "5060x" is not a port, a number up to 65535`,
				`x.cfg:5: sip.tls_listen_port: "-1" is not a port, a number up to 65535`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s Settings
			s.Merge(parse(t, "x.cfg", tt.body))
			var got []string
			for _, f := range s.Check(device.Identity{Model: tt.model}, tt.options) {
				got = append(got, f.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error("(-want +got):\n", diff)
			}
		})
	}
}

// A finding of merged settings stands where the value that won stands.
func TestCheckNamesTheWinningFile(t *testing.T) {
	var s Settings
	s.Merge(parse(t, "one.cfg", "ringtone.url=http://h:x/\nldap.port=x\n"))
	s.Merge(parse(t, "two.cfg", "ringtone.url=http://h/\n\nldap.port=y\n"))
	found := s.Check(device.Identity{}, device.Behaviour{})
	if len(found) != 1 || found[0].File != "two.cfg" || found[0].Line != 3 || found[0].Kind != BadPort {
		t.Error(found)
	}
}

func TestAccount(t *testing.T) {
	var s Settings
	s.Merge(parse(t, "x.cfg", `
account.1.enable=1
account.1.sip_server.1.address=old.example.net
account.1.user_name=1001
account.1.password=p#w=1\x
account.1.outbound_host=proxy.example.net
account.1.sip_server.1.transport_type=2
account.1.sip_server.1.expires=600
account.2.outbound_proxy_enable=0
account.2.outbound_proxy.1.address=192.0.2.1
account.2.sip_server.1.port=5070
`))
	s.Merge(parse(t, "y.cfg", "account.1.sip_server_host=new.example.net\n"))
	want := []Account{
		{Index: 1, Enabled: true, Server: "new.example.net", Port: 5060, User: "1001", AuthName: "1001", Password: `p#w=1\x`,
			Transport: "tls", Expires: 600, OutboundProxy: "proxy.example.net", OutboundPort: 5060},
		{Index: 2, Port: 5070, Transport: "udp", OutboundPort: 5060},
	}
	if diff := cmp.Diff(want, []Account{s.Account(1), s.Account(2)}); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
}

func TestKnown(t *testing.T) {
	for key, want := range map[string]bool{
		"static.network.internet_port.type": true, "network.vlan.enable": true, "static.network": false,
		"static.wui.http_enable": false, "wui.http_enable": false, "static.networks.x": false,
	} {
		if got := NeedsReboot(key); got != want {
			t.Errorf("NeedsReboot(%s) is %v", key, got)
		}
	}
	var s Settings
	s.Merge(parse(t, "x.cfg",
		"remote_phonebook.data.3.url=http://h/b.xml\nremote_phonebook.data.3.name=B\n"+
			"local_contact.data.url=http://h/a.xml\nringtone.url=\n"+
			"static.firmware.url=http://h/f.bin\nremote_phonebook.data.url=http://h/\n"))
	want := []Resource{
		{"local_contact.data.url", "http://h/a.xml", "x.cfg", 3, Phonebook},
		{"remote_phonebook.data.3.url", "http://h/b.xml", "x.cfg", 1, Phonebook},
		{"static.firmware.url", "http://h/f.bin", "x.cfg", 5, Firmware},
	}
	if diff := cmp.Diff(want, Resources(&s)); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
}

func TestMasked(t *testing.T) {
	for _, tt := range []struct{ key, value, want string }{
		{"account.1.password", "hush", Mask}, {"account.1.password", "", ""}, {"password", "hush", Mask},
		{"static.network.802_1x.md5_password", "hush", Mask}, {"static.wifi.1.psk", "hush", Mask}, {"phone_setting.lock_pin",
			"1234", Mask},
		{"features.password_dial.length", "3", "3"}, {"features.spin", "3", "3"}, {"account.1.user_name", "1001", "1001"},
		{"remote_phonebook.data.1.url", "https://prov:hush@h/x", "https://********@h/x"}, {"account.1.label", "bob@example.net",
			"bob@example.net"},
		{"account.1.enable", "1account.1.password = hush", Mask},
	} {
		if got := Masked(tt.key, tt.value); got != tt.want {
			t.Errorf("Masked(%s, %s) is %s, want %s", tt.key, tt.value, got, tt.want)
		}
	}
}

func TestCheckTree(t *testing.T) {
	tree := fstest.MapFS{}
	for _, name := range []string{
		"y000000000000.boot", "y000000000000.cfg", "0021f2000001.cfg", "0021f2000001.boot", "sip.cfg", "directory.xml",
		"HTTP Directory/sip.cfg", "notes.txt", "0021f2000001",
		"y00000000000.boot", "y0000000000000.cfg", "a/y000000000000000.cfg", "Y000000000000.cfg", "y000000000000.CFG",
		"0021F2000002.cfg", "00-21-f2-00-00-03.boot", "0021f2000004.BOOT", "y000000000000.boot.txt", "0021F2000005.cfg.txt",
	} {
		tree[name] = &fstest.MapFile{}
	}
	found, err := CheckTree(tree)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, f := range found {
		got[f.File] = f.Text
	}
	want := make(map[string]string)
	for name, right := range map[string]string{
		"y00000000000.boot": "y000000000000.boot", "y0000000000000.cfg": "y000000000000.cfg",
		"a/y000000000000000.cfg": "y000000000000.cfg",
		"Y000000000000.cfg":      "y000000000000.cfg", "y000000000000.CFG": "y000000000000.cfg", "0021F2000002.cfg": "0021f2000002.cfg",
		"00-21-f2-00-00-03.boot": "0021f2000003.boot", "0021f2000004.BOOT": "0021f2000004.boot",
		"y000000000000.boot.txt": "y000000000000.boot", "0021F2000005.cfg.txt": "0021f2000005.cfg",
	} {
		want[name] = "no phone asks for this name; phones ask for " + right + ": rename it"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
}
