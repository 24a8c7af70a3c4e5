package pcaps

import (
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// A phone that asks for all that its boot file lists has no limit, whatever the file calls itself there; one that
// stops in the middle, while the capture goes on, has one.
func TestLikeIncludes(t *testing.T) {
	own := "include:config <$(MA).cfg>\n"
	for _, c := range []struct {
		name, boot string
		asks       []string
		want       string
	}{
		{"all, its own by $(MA) last", "include:config <common.cfg>\n" + own, []string{"common.cfg", passCfg}, ""},
		{"all, its own by $(MA) first", own + "include:config <common.cfg>\n", []string{passCfg, "common.cfg"}, ""},
		{"all, its own by its MAC", "include:config <common.cfg>\ninclude:config <" + passCfg + ">\n", []string{"common.cfg", passCfg}, ""},
		{"the first of two", "include:config <common.cfg>\n" + own, []string{"common.cfg"}, "1"},
		{"two of three", "include:config <common.cfg>\n" + own + "include:config <office.cfg>\n", []string{"common.cfg", passCfg}, "2"},
	} {
		w := newWriter(t, layers.LinkTypeEthernet)
		w.serve(40000, passCfg[:12]+".boot", "", false)
		w.serve(40001, "y000000000000.boot", c.boot, true)
		for i, name := range c.asks {
			w.serve(uint16(40002+i), name, account, true)
		}
		w.at = w.at.Add(2 * time.Minute)
		w.serve(40010, passCfg[:12]+".boot", "", false)
		got := ""
		facts := read(t, w.out.Bytes()).Phones[0].Like()
		if i := slices.IndexFunc(facts, func(f Fact) bool { return f.Name == "max_includes" }); i >= 0 {
			got = facts[i].Value
		}
		if got != c.want {
			t.Errorf("%s: max_includes %q, want %q; %v", c.name, got, c.want, facts)
		}
	}
}
