package scenarios_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

// The same seed gives the same phones, another one other MACs and contents.
func TestRosterIsRepeatable(t *testing.T) {
	macs := func(phones []scenarios.Phone) (all []device.MAC) {
		for _, p := range phones {
			all = append(all, p.Identity.MAC)
		}
		return all
	}
	one, again, other := scenarios.Roster(7, 24), scenarios.Roster(7, 24), scenarios.Roster(8, 24)
	if diff := cmp.Diff(one, again); diff != "" {
		t.Errorf("the same seed: %s", diff)
	}
	if cmp.Diff(macs(one), macs(other)) == "" || one[0].Accounts[0].Password == other[0].Accounts[0].Password {
		t.Error("another seed gives the same phones")
	}
	for _, p := range one {
		if most, known := device.Accounts(p.Identity.Model); !known || len(p.Accounts) == 0 || len(p.Accounts) > most {
			t.Errorf("%s has %d accounts", p.Identity.Model, len(p.Accounts))
		}
	}
}

// The files that are published for a roster make its phones what they must be, without
// a finding; and a phone that was changed is noticed.
func TestRosterTree(t *testing.T) {
	phones := scenarios.Roster(1, 16)
	tree := scenarios.RosterTree(phones)
	for _, p := range phones {
		name := p.Identity.MAC.CfgName()
		body, err := fs.ReadFile(tree, name)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := config.ParseCfg(name, body)
		if err != nil || len(cfg.Findings) > 0 {
			t.Errorf("%v, %v", err, cfg.Findings)
		}
		s := new(config.Settings)
		s.Merge(cfg)
		if d := p.Differences(s); len(d) > 0 {
			t.Errorf("%s: %v", name, d)
		}
		if d := p.Changed(1).Differences(s); len(d) != 2*len(p.Accounts) {
			t.Errorf("%s: a change of name and password of %d accounts shows as %v", name, len(p.Accounts), d)
		}
	}
}

// Servers may use either generation of names, and leave out what is the default.
func TestAccountsByEitherName(t *testing.T) {
	p := scenarios.Phone{Accounts: []scenarios.Account{{
		Index: 1, Label: "L", DisplayName: "D", User: "100", AuthName: "100", Password: "p", Server: "pbx.example.test", Port: 5060,
	}}}
	s := held(t, "account.1.enable=1\naccount.1.label=L\naccount.1.display_name=D\naccount.1.user_name=100\n"+
		"account.1.password=p\naccount.1.sip_server.1.address=pbx.example.test\n")
	if d := p.Differences(s); len(d) > 0 {
		t.Error(d)
	}
}

func TestWriteRoster(t *testing.T) {
	var b bytes.Buffer
	if err := scenarios.WriteRoster(&b, scenarios.Roster(1, 3)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version int
		Phones  []struct {
			MAC      string
			Accounts []scenarios.Account
			Settings map[string]string
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != 1 || len(got.Phones) != 3 || got.Phones[0].Settings["account.1.password"] != got.Phones[0].Accounts[0].Password {
		t.Errorf("%s", &b)
	}
}
