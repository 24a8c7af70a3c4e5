package fip

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/grafana/sobek"
	"go.k6.io/k6/js/modulestest"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"

	"github.com/fipsim/fipsim/simulator/server"
)

// script is a VU of its own, with k6/x/fip as fip.
type script struct {
	*modulestest.Runtime
	t       *testing.T
	samples chan metrics.SampleContainer
}

// newScript returns a VU in the init context.
func newScript(t *testing.T, root *Root) *script {
	t.Helper()
	s := &script{Runtime: modulestest.NewRuntime(t), t: t, samples: make(chan metrics.SampleContainer, 1000)}
	fip := s.VU.Runtime().NewObject()
	for name, value := range root.NewModuleInstance(s.VU).Exports().Named {
		if err := fip.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.VU.Runtime().Set("fip", fip); err != nil {
		t.Fatal(err)
	}
	return s
}

// begin is the beginning of iteration n of the test: the function of a scenario.
func (s *script) begin(n uint64) *script {
	tags := lib.NewVUStateTags(s.VU.InitEnvField.Registry.RootTagSet().With("scenario", "storm"))
	s.MoveToVUContext(&lib.State{
		Tags: tags, Samples: s.samples, BuiltinMetrics: s.BuiltinMetrics,
		GetScenarioGlobalVUIter: func() uint64 { return n },
	})
	return s
}

func (s *script) run(code string) (sobek.Value, error) { return s.VU.Runtime().RunString(code) }

// eval runs code that must not throw, and returns its value as text.
func (s *script) eval(code string) string {
	s.t.Helper()
	v, err := s.run(code)
	if err != nil {
		s.t.Fatalf("%s: %v", code, err)
	}
	return v.String()
}

// measured returns what was pushed: values by metric and tags, as "fip_passes{outcome=failed}".
func (s *script) measured() map[string][]float64 {
	got := make(map[string][]float64)
	for _, container := range metrics.GetBufferedSamples(s.samples) {
		for _, sample := range container.GetSamples() {
			var tags []string
			for _, key := range []string{"fault", "outcome", "protocol", "scenario"} {
				if value, ok := sample.Tags.Get(key); ok {
					tags = append(tags, key+"="+value)
				}
			}
			if n := len(sample.Tags.Map()); n != len(tags) {
				s.t.Errorf("%s has other tags than it should: %v", sample.Metric.Name, sample.Tags.Map())
			}
			name := sample.Metric.Name + "{" + strings.Join(tags, ",") + "}"
			got[name] = append(got[name], sample.Value)
		}
	}
	return got
}

// secret is a password that must be seen nowhere.
const secret = "hunter2-and-more"

// tree is what a server has for every phone.
var tree = fstest.MapFS{
	"y000000000000.cfg": {Data: []byte("#!version:1.0.0.1\nlang.gui=French\naccount.1.password=" + secret + "\n")},
	"0221f2000007.cfg":  {Data: []byte("#!version:1.0.0.1\naccount.1.label=seven\n")},
}

func serve(t testing.TB, o server.Options) *server.Server {
	t.Helper()
	s, err := server.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
