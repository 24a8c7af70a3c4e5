package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
)

// sharedTrees holds two trees rendered from a PBX's vendor templates, which we did not
// write and may not copy.
const sharedTrees = "../../../shared/trees"

func readTree(t testing.TB, tree, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(sharedTrees, tree, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the vendor trees are not beside the project:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// mergeTree follows a tree's boot file.
func mergeTree(t testing.TB, tree string) (s Settings, files []*Cfg, merged []Merged) {
	t.Helper()
	b, err := ParseBoot(device.CommonBoot, readTree(t, tree, device.CommonBoot))
	if err != nil || len(b.Findings) > 0 {
		t.Fatal(err, b.Findings)
	}
	for _, i := range b.Includes {
		c := parse(t, i.Ref, string(readTree(t, tree, i.Ref)))
		files, merged = append(files, c), append(merged, s.Merge(c))
	}
	return s, files, merged
}

// every returns first, first+step and so on, n lines.
func every(first, step, n int) []int {
	lines := make([]int, n)
	for i := range lines {
		lines[i] = first + i*step
	}
	return lines
}

// The figures were counted from the files with a few lines of Python, apart from this package.
func TestVendorTrees(t *testing.T) {
	for _, tt := range []struct {
		tree, model, mac string
		accounts         int
		entries          [2]int
		merged           [2]Merged
		settings         int
		conflicts        []int
	}{
		{"fip14g", "FIP14G", "0021f2000005", 8, [2]int{498, 1656},
			[2]Merged{{Set: 54, Changed: 54, Blank: 443}, {Set: 452, Changed: 452, Blank: 1176}}, 506,
			append(every(156, 355, 8), every(239, 355, 8)...)},
		{"fip10", "FIP10", "0021f2000001", 2, [2]int{498, 414},
			[2]Merged{{Set: 54, Changed: 54, Blank: 443}, {Set: 116, Changed: 116, Blank: 294}}, 170,
			append(every(129, 355, 2), every(239, 355, 2)...)},
	} {
		t.Run(tt.tree, func(t *testing.T) {
			s, files, merged := mergeTree(t, tt.tree)
			tt.merged[0].File, tt.merged[1].File = device.CommonCfg, tt.mac+".cfg"
			if diff := cmp.Diff(tt.merged[:], merged); diff != "" {
				t.Error("merged (-want +got):\n", diff)
			}
			if got := [2]int{files[0].Len(), files[1].Len()}; got != tt.entries || s.Len() != tt.settings {
				t.Errorf("%d lines and %d settings, want %d and %d", got, s.Len(), tt.entries, tt.settings)
			}
			slices.Sort(tt.conflicts)
			checkTreeFindings(t, files, tt.conflicts, tt.accounts)

			mac, err := device.ParseMAC(tt.mac)
			if err != nil {
				t.Fatal(err)
			}
			var at []int
			for _, f := range s.Check(device.Identity{MAC: mac, Model: tt.model}, device.Behaviour{}) {
				if f.Kind != AccountIncomplete || f.File != tt.mac+".cfg" {
					t.Error("unexpected:", f)
				}
				at = append(at, f.Line)
			}
			// Every account from the second on is enabled, and has no SIP server.
			if diff := cmp.Diff(every(435, 355, tt.accounts-1), at); diff != "" {
				t.Error("accounts (-want +got):\n", diff)
			}
			lines := make([]int, 0, tt.accounts)
			for _, o := range s.Explain("account.1.sip_server.1.address") {
				lines = append(lines, o.Line)
			}
			slices.Reverse(lines)
			if diff := cmp.Diff(every(87, 355, tt.accounts), lines); diff != "" {
				t.Error("Explain (-want +got):\n", diff)
			}
		})
	}
}

func checkTreeFindings(t *testing.T, files []*Cfg, conflicts []int, n int) {
	t.Helper()
	type found struct {
		Kind  Kind
		Lines []int
	}
	var got [2][]found
	for i, c := range files {
		for _, f := range c.Findings {
			got[i] = append(got[i], found{f.Kind, f.Lines})
		}
	}
	want := [2][]found{
		{{GluedSettings, []int{58}}, {DuplicateKey, []int{429, 430}}, {GluedSettings, []int{447}}},
		{
			{DuplicateKey, every(87, 355, n)}, {DuplicateKey, every(91, 355, n)}, {DuplicateKey, every(99, 355, n)},
			{ConflictMarker, conflicts}, {DuplicateKey, every(278, 355, n)},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("findings (-want +got):\n", diff)
	}
}

func TestVendorTreeNames(t *testing.T) {
	for _, tree := range []string{"fip14g", "fip10"} {
		readTree(t, tree, device.CommonBoot)
		if found, err := CheckTree(os.DirFS(filepath.Join(sharedTrees, tree))); err != nil || len(found) > 0 {
			t.Error(tree, found, err)
		}
	}
}

// BenchmarkParseFIP14G parses the two cfgs of a full FIP14G.
func BenchmarkParseFIP14G(b *testing.B) {
	bodies := [][]byte{readTree(b, "fip14g", device.CommonCfg), readTree(b, "fip14g", "0021f2000005.cfg")}
	size, settings := 0, 0
	for _, body := range bodies {
		size += len(body)
		settings += parse(b, "x.cfg", string(body)).Len()
	}
	read := func() {
		for _, body := range bodies {
			if _, err := ParseCfg("x.cfg", body); err != nil {
				b.Fatal(err)
			}
		}
	}
	allocs := testing.AllocsPerRun(10, read)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		read()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(settings), "ns/setting")
	b.ReportMetric(allocs/float64(settings), "allocs/setting")
}

// BenchmarkMergeFIP14G merges the two parsed cfgs and lists the settings.
func BenchmarkMergeFIP14G(b *testing.B) {
	_, files, _ := mergeTree(b, "fip14g")
	b.ReportAllocs()
	for b.Loop() {
		var s Settings
		for _, c := range files {
			s.Merge(c)
		}
		if len(s.sorted()) != 506 {
			b.Fatal("wrong settings")
		}
	}
}
