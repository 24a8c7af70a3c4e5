package config

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const deltaBase = "# a\nname=Base\nlang=English\nlang=French\nblank=\nextra=\n"

// A Cfg held against another one says the same as it did whole.
func TestAgainst(t *testing.T) {
	base := parse(t, "base.cfg", deltaBase)
	for name, body := range map[string]string{
		"same":          deltaBase,
		"a value":       "# a\nname=Bob\nlang=English\nlang=French\nblank=\nextra=\n",
		"one goes":      "# a\nname=\nlang=English\nlang=\nblank=\nextra=\n",
		"one comes":     "# b\nname=Base\nlang=English\nlang=French\nblank=1\nextra=2\n",
		"all other":     "# a\nname=B\nlang=E\nlang=F\nblank=b\nextra=x\n",
		"comment other": "# another comment\nname=Base\nlang=English\nlang=French\nblank=\nextra=\n",
	} {
		t.Run(name, func(t *testing.T) {
			whole := parse(t, "mac.cfg", body)
			small, ok := whole.Against(base)
			if !ok {
				t.Fatal("not held against the base")
			}
			sameCfg(t, whole, small)
			sameCfg(t, whole, small.Trimmed())
			sameCfg(t, whole, whole.Trimmed())
			for _, blank := range []string{BlankKeep, BlankDefault} {
				for _, order := range [][]*Cfg{{base, whole}, {whole, base}} {
					var a, b Settings
					a.Blank, b.Blank = blank, blank
					for _, c := range order {
						as := c
						if c == whole {
							as = small
						}
						if diff := cmp.Diff(a.Merge(c), b.Merge(as)); diff != "" {
							t.Error("merging (-whole +small):\n", diff)
						}
					}
					if diff := cmp.Diff(cfgText(t, &a), cfgText(t, &b)); diff != "" {
						t.Error("settings (-whole +small):\n", diff)
					}
					for _, key := range []string{"name", "lang", "blank", "extra"} {
						if diff := cmp.Diff(a.Explain(key), b.Explain(key)); diff != "" {
							t.Error("history (-whole +small):\n", diff)
						}
					}
				}
			}
		})
	}
}

func sameCfg(t *testing.T, a, b *Cfg) {
	t.Helper()
	var as, bs []Entry
	for e := range a.Entries() {
		as = append(as, e)
	}
	for e := range b.Entries() {
		bs = append(bs, e)
	}
	if diff := cmp.Diff(as, bs); diff != "" || a.Name != b.Name {
		t.Errorf("%s and %s (-first +second):\n%s", a.Name, b.Name, diff)
	}
}

// Other keys, other lines, another count: nothing can be shared.
func TestAgainstAnotherShape(t *testing.T) {
	base := parse(t, "base.cfg", "a=1\nb=2\n")
	for _, body := range []string{"a=1\n", "a=1\nc=2\n", "a=1\n\nb=2\n", "a=1\nb=2\nc=3\n", "b=1\na=2\n"} {
		c := parse(t, "c.cfg", body)
		if _, ok := c.Against(base); ok {
			t.Errorf("%q is held against a=1, b=2", body)
		}
		if c.Shape() == base.Shape() {
			t.Errorf("%q has the shape of a=1, b=2", body)
		}
	}
	if parse(t, "x.cfg", "a=7\nb=\n").Shape() != base.Shape() {
		t.Error("other values have another shape")
	}
}

func TestNamed(t *testing.T) {
	c := parse(t, "one.cfg", "a=1 \n")
	d := c.Named("two.cfg")
	if d.Name != "two.cfg" || d.Findings[0].File != "two.cfg" || c.Findings[0].File != "one.cfg" {
		t.Errorf("%+v, made of %+v", d, c)
	}
}

// The whole point: what is kept for a phone does not hold the text of its file.
func TestMap(t *testing.T) {
	base := parse(t, "base.cfg", deltaBase)
	var s Settings
	s.Merge(base)
	s.Merge(parse(t, "mac.cfg", deltaBase+"# "+fmt.Sprintf("%s\n", bytes.Repeat([]byte("x"), 1000))))
	before := cfgText(t, &s)
	held := s.Clone()
	s.Map(func(c *Cfg) *Cfg {
		if small, ok := c.Against(base); ok {
			return small
		}
		return c
	})
	if got := cfgText(t, &s); got != before {
		t.Errorf("%q became %q", before, got)
	}
	if len(s.layers[1].cfg.text) != len(base.text) || len(held.layers[1].cfg.text) == len(base.text) {
		t.Error("the text is still held, or Map changed a clone")
	}
}
