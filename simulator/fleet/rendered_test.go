package fleet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/device"
)

// own is how many values of a rendered MAC cfg file are the phone's own.
const own = 12

// realFiles are the common and the MAC cfg file of a real phone, but for the resources that they name: the
// first letter of such a line is a #. The test or benchmark is skipped where they are not there.
func realFiles(tb testing.TB) (common, mac string) {
	tb.Helper()
	read := func(name string) string {
		body, err := os.ReadFile(filepath.Join("../../../shared/trees/fip14g", name))
		if err != nil {
			tb.Skip("the tree of a real phone is not there: ", err)
		}
		lines := strings.SplitAfter(string(body), "\n")
		for i, line := range lines {
			if strings.Contains(line, "://") {
				lines[i] = "#" + line[1:]
			}
		}
		return strings.Join(lines, "")
	}
	return read("y000000000000.cfg"), read("0021f2000005.cfg")
}

// template is a cfg file of which own values, spread over it, are replaced for each phone.
type template struct {
	parts []string // the text between them
	keys  []string
}

func newTemplate(text string) template {
	var valued []int
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		if key, value, ok := strings.Cut(line, "="); ok && line[0] != '#' && strings.TrimSpace(value) != "" && strings.HasPrefix(key, "account.") {
			valued = append(valued, i)
		}
	}
	var t template
	from := 0
	for i := range own {
		at := valued[i*len(valued)/own]
		key, _, _ := strings.Cut(lines[at], "=")
		t.parts = append(t.parts, strings.Join(lines[from:at], "")+key+"=")
		t.keys = append(t.keys, strings.TrimSpace(key))
		from = at + 1
	}
	t.parts = append(t.parts, strings.Join(lines[from:], ""))
	return t
}

// value is a phone's own value number i.
func (t template) value(i int, mac string) string { return fmt.Sprintf("%s-%d", mac, i) }

// render gives a phone its file.
func (t template) render(mac device.MAC) []byte {
	var out strings.Builder
	for i, part := range t.parts {
		out.WriteString(part)
		if i < own {
			out.WriteString(t.value(i, mac.String()) + "\n")
		}
	}
	return []byte(out.String())
}

// renderedTree is the tree of a real phone for many: a boot file, the common cfg file, and each one's own.
func renderedTree(tb testing.TB, specs []Spec) fstest.MapFS {
	common, text := realFiles(tb)
	t := newTemplate(text)
	files := fstest.MapFS{
		device.CommonBoot: {Data: []byte("#!version:1.0.0.1\n## The header above must appear as-is in the first line\n\n" +
			"include:config \"y000000000000.cfg\"\ninclude:config \"$(MA).cfg\"\n")},
		device.CommonCfg: {Data: []byte(common)},
	}
	for _, s := range specs {
		files[s.MAC.CfgName()] = &fstest.MapFile{Data: t.render(s.MAC)}
	}
	return files
}

// renderedExpect is what phones hold of it: their own values.
func renderedExpect(tb testing.TB) string {
	_, text := realFiles(tb)
	var out strings.Builder
	t := newTemplate(text)
	for i, key := range t.keys {
		fmt.Fprintf(&out, "%s=%s\n", key, t.value(i, "$(MA)"))
	}
	return out.String()
}
