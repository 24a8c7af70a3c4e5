package fleet

import (
	"strings"
	"testing"
	"time"
)

// measured is a run of a hundred passes from 1 to 100 ms, of which 5 failed and 1 was wrong.
func measured() (*merged, totals) {
	a, b := newShard(), newShard()
	for i := 1; i <= 100; i++ {
		s := a
		if i%3 == 0 {
			s = b
		}
		s.observe(series{StagePass, "tftp", "provisioned"}, time.Duration(i)*time.Millisecond)
		s.counts.Passes++
	}
	b.counts.Failed, b.counts.Wrong, b.counts.Requests, a.counts.Timeouts = 5, 1, 500, 2
	m := merge([]*shard{a, b})
	return m, totals{counts: m.counts, meant: 110, shed: 10, phones: 100, provisioned: 94}
}

func TestThresholds(t *testing.T) {
	m, sums := measured()
	for text, want := range map[string]struct {
		held  bool
		shown string
	}{
		"p50(pass)<51ms":       {true, "50ms"},
		"p50(pass)<50ms":       {false, "50ms"},
		"p99(pass) < 1s":       {true, "99ms"},
		"max(pass)<=101ms":     {true, "100ms"},
		"mean(pass)>50ms":      {true, "50.5ms"},
		"p99.9(pass)>1s":       {false, "100ms"},
		"p99(served)<5s":       {false, "nothing was measured"},
		"provisioned>93%":      {true, "94.000% (94 of 100)"},
		"provisioned>=94%":     {true, "94.000% (94 of 100)"},
		"provisioned>99.9%":    {false, "94.000% (94 of 100)"},
		"errors<6%":            {false, "6.000% (6 of 100)"},
		"errors<=6":            {true, "6"},
		"wrong<1":              {false, "1"},
		"shed<10%":             {true, "9.091% (10 of 110)"},
		"timeouts<0.4%":        {false, "0.400% (2 of 500)"},
		"late<1":               {true, "0"},
		"resends<1%":           {true, "0.000% (0 of 500)"},
		"provisioned > 93.5 %": {true, "94.000% (94 of 100)"},
	} {
		th, err := ParseThreshold(text)
		if err != nil {
			t.Error(err)
			continue
		}
		if j := th.judge(m, sums); j.Held != want.held || j.Shown != want.shown {
			t.Errorf("%s: %v, %s, want %v, %s", text, j.Held, j.Shown, want.held, want.shown)
		}
	}
}

func TestThresholdErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                  "is no threshold",
		"fast":              "is no threshold",
		"p99(pass)":         "is no threshold",
		"p99(pass)=5s":      "is no threshold",
		"p99(pass)<5":       `"5" is no duration`,
		"p99(pass)<-5s":     `"-5s" is no duration`,
		"p99(pass)<fast":    `"fast" is no duration`,
		"p(pass)<5s":        "want a percentile",
		"p0(pass)<5s":       "want a percentile",
		"p101(pass)<5s":     "want a percentile",
		"p99(nap)<5s":       `"nap" is no stage of a pass; there are: late, discovery`,
		"p99<5s":            `"" is no stage`,
		"mean9(pass)<5s":    "want mean(STAGE)",
		"median(pass)<5s":   `"median" is nothing that is measured`,
		"errors<200%":       "neither a share",
		"errors<some":       "neither a share",
		"errors<NaN":        "neither a share",
		"errors(pass)<1%":   `"errors" is nothing that is measured`,
		"provisioned>-1%":   "neither a share",
		"P99(pass)<5s":      "is no threshold",
		"p99(pass)<5s;rm -": "is no duration",
	} {
		if _, err := ParseThreshold(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// A window of the last seconds, and none but them.
func TestAbort(t *testing.T) {
	a, err := ParseAbort("errors > 20% / 3s")
	if err != nil || a.String() != "errors>20%/3s" {
		t.Fatal(a, err)
	}
	now := time.Unix(1000, 0)
	w := newAbortWindow(a)
	for i := range 9 {
		w.add(now, i < 5)
	}
	if w.over(now) {
		t.Error("nine passes decide")
	}
	w.add(now, false)
	if !w.over(now) || !w.over(now.Add(2*sec)) {
		t.Error("half of ten passes failed, and nothing is said")
	}
	if w.over(now.Add(3 * sec)) {
		t.Error("what was three seconds ago counts")
	}
	for i := range 100 {
		w.add(now.Add(5*sec), i < 20)
	}
	if w.over(now.Add(5 * sec)) {
		t.Error("20% is more than 20%")
	}
	for _, bad := range []string{"", "errors>20%", "errors>20%/", "errors>20%/fast", "errors>20%/1ms", "errors>20%/10h", "errors<20%/10s",
		"errors>20/10s", "p99(pass)>5s/10s", "wrong>1%/10s"} {
		if _, err := ParseAbort(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func FuzzParseThreshold(f *testing.F) {
	for _, seed := range []string{"p99(pass)<5s", "provisioned>99.9%", "errors<0.1%", "mean(merge)>=1us"} {
		f.Add(seed)
	}
	m, sums := measured()
	f.Fuzz(func(t *testing.T, text string) {
		th, err := ParseThreshold(text)
		if err != nil {
			return
		}
		again, err := ParseThreshold(th.String())
		if err != nil || again != th {
			t.Errorf("%q is read as %+v, and that as %+v: %v", text, th, again, err)
		}
		if j := th.judge(m, sums); j.Shown == "" {
			t.Errorf("%q: %+v", text, j)
		}
	})
}
