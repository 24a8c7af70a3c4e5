package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/server"
)

// The metrics are in k6's own outputs, with tags of few words; a password is in none of them.
func TestOutputs(t *testing.T) {
	const secret = "hunter2-and-more"
	s, err := server.Start(t.Context(), server.Options{Tree: site(3), HTTP: "127.0.0.1:0", User: "phones", Password: secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	at := s.URL("http")
	script := write(t, "outputs.js", `
import fip from 'k6/x/fip';
export const options = { vus: 1, iterations: 3 };
const password = ['', '`+secret+`', 'not-`+secret+`'];
export default function () {
  const server = __ENV.SERVER.replace('//', '//phones:' + password[__ITER] + '@');
  const pass = fip.phone({ mac: fip.mac(), server }).provision();
  console.log(JSON.stringify(pass));
}
`)
	dir := t.TempDir()
	json, csv := filepath.Join(dir, "out.json"), filepath.Join(dir, "out.csv")
	at.User = nil
	r := k6(t, nil, "k6-fipsim", "run", "--address", "", "-e", "SERVER="+at.String(), "--out", "json="+json, "--out", "csv="+csv,
		"--summary-export", filepath.Join(dir, "summary.json"), script)
	if r.status != 0 || strings.Contains(r.out, secret) {
		t.Fatalf("exit status %d\n%s", r.status, r.out)
	}
	for file, wants := range map[string][]string{
		json: {
			`{"metric":"fip_mac_cfg_duration","type":"Point"`, `{"type":"Metric","data":{"name":"fip_pass_failed","type":"rate"`,
			`"tags":{"fault":"unauthorized","group":"","outcome":"failed","scenario":"default"}`,
		},
		csv:                                {"fip_common_cfg_reqs,"},
		filepath.Join(dir, "summary.json"): {`"fip_passes": {`},
	} {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(body), want) {
				t.Errorf("%s has no %s\n%.3000s", filepath.Base(file), want, body)
			}
		}
		if strings.Contains(string(body), secret) {
			t.Errorf("a password is in %s", filepath.Base(file))
		}
	}
}
