package fleet

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fipsim/fipsim/simulator/server"
)

// aReport is one of a small load in which some phones fail, and some hold what is another's.
func aReport(t *testing.T) *Report {
	t.Helper()
	specs := phones(t, 60)
	files := tree(specs)
	files[specs[3].MAC.CfgName()] = files[specs[7].MAC.CfgName()]
	s := serve(t, server.Options{Tree: files, HTTP: "127.0.0.1:0"})
	threshold, err := ParseThreshold("p99(pass)<1m")
	if err != nil {
		t.Fatal(err)
	}
	var live *Live
	r := valid(t, func() (*Report, error) {
		live = new(Live)
		return Run(t.Context(), Options{
			Phones: specs, Servers: []string{s.URL("http").String()}, Expect: expect(t, expectTree), Seed: 1, Sample: 10, Live: live,
			Stages: []Stage{{}, {Phones: 5, Protocol: Mix{"http": 1}}}, Thresholds: []Threshold{threshold},
		})
	})
	if live.Report() != r {
		t.Error("a window shows another report when the load has ended")
	}
	return r
}

// A report that was written as JSON can be read back, with all that its histograms hold.
func TestReportJSON(t *testing.T) {
	r := aReport(t)
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(r); err != nil {
		t.Fatal(err)
	}
	back, err := ReadReport(&text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, back, cmpopts.IgnoreUnexported(Latency{}), cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("it came back otherwise (-written +read):\n%s", diff)
	}
	bounds := []time.Duration{time.Millisecond, 100 * time.Millisecond, time.Minute}
	for i := range r.Latencies {
		a, b := &r.Latencies[i], &back.Latencies[i]
		if b.Quantile(99) != a.P99 || b.Quantile(50) != a.P50 || !slices.Equal(a.Below(bounds), b.Below(bounds)) {
			t.Errorf("%s: the histogram came back with p99 %s, was %s", a.Stage, b.Quantile(99), a.P99)
		}
	}
	if r.Judgement.Word != Fails || r.Judgement.Exit != 1 || len(r.Slowest) != maxSlowest || len(r.Slowest[0].Events) == 0 {
		t.Errorf("%+v; %d slowest passes", r.Judgement, len(r.Slowest))
	}
	for _, bad := range []string{``, `{}`, `{"format":"fipsim-check","version":1}`, `{"format":"fipsim-load","version":2}`, `[1]`,
		`{"format":"fipsim-load","version":1,"latencies":[{"histogram":"HISTxx"}]}`} {
		if _, err := ReadReport(strings.NewReader(bad)); err == nil {
			t.Errorf("%s is read as a report", bad)
		}
	}
}

// Each field of the JSON reports is described.
func TestReportDocumented(t *testing.T) {
	body, err := os.ReadFile("../../docs/load.md")
	if err != nil {
		t.Fatal(err)
	}
	described := make(map[string]bool)
	for _, m := range regexp.MustCompile("`([a-z0-9_]+)(?:\\[\\])?`").FindAllStringSubmatch(string(body), -1) {
		described[m[1]] = true
	}
	seen := make(map[reflect.Type]bool)
	var look func(reflect.Type)
	look = func(at reflect.Type) {
		for at.Kind() == reflect.Slice || at.Kind() == reflect.Pointer || at.Kind() == reflect.Map {
			at = at.Elem()
		}
		if at.Kind() != reflect.Struct || seen[at] || !strings.HasSuffix(at.PkgPath(), "simulator/fleet") {
			return // an event is described with the format of a trace
		}
		seen[at] = true
		for i := range at.NumField() {
			name, _, _ := strings.Cut(at.Field(i).Tag.Get("json"), ",")
			if name == "" {
				continue
			}
			if !described[name] {
				t.Errorf("docs/load.md says nothing of `%s` of a %s", name, at.Name())
			}
			look(at.Field(i).Type)
		}
	}
	look(reflect.TypeFor[Report]())
	look(reflect.TypeFor[Found]())
}
