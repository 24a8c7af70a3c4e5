package fleet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Reading a file of phones takes no more memory than phones need, whatever is in it: a
// quotation mark that is never closed makes one record of all that follows.
func TestReadCSVIsBounded(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	long := strings.Repeat("0021f2000002,sunflower\n", 1<<20/16)
	for _, tt := range []struct{ name, file, want string }{
		{"a quotation mark that is not closed", write("open.csv", "mac,model\n0021f2000001,\"FIP13G\n"+long), "open.csv:2:1: more than 1048576 bytes"},
		{"an endless line", write("line.csv", "mac,model\n0021f2000001,"+strings.ReplaceAll(long, "\n", ",")), "line.csv:2:1: more than 1048576 bytes"},
		{"an endless head line", write("head.csv", "mac,"+strings.ReplaceAll(long, "\n", ",")), "head.csv:1:1: more than 1048576 bytes"},
		{"no end", "/dev/zero", "/dev/zero:1:1: more than 1048576 bytes"},
		{"a folder", dir, dir},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadCSV(tt.file)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "sunflower") {
				t.Errorf("the error shows what it should not: %v", err)
			}
		})
	}
}

// Many records that are each short are read, however long the file is.
func TestReadCSVOfManyPhones(t *testing.T) {
	var b strings.Builder
	b.WriteString("mac,model,user,password\n")
	const phones = 5000
	for n := range phones {
		fmt.Fprintf(&b, "0021f2%06x,FIP13G,user-%d,secret-%d\n", n+1, n, n)
	}
	name := filepath.Join(t.TempDir(), "phones.csv")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	specs, err := ReadCSV(name)
	if err != nil || len(specs) != phones {
		t.Errorf("%d phones, %v; want %d", len(specs), err, phones)
	}
}

// Expect files are as many as somebody names, and together no more than a machine holds.
func TestReadCSVBoundsExpectFiles(t *testing.T) {
	dir := t.TempDir()
	rows := "mac,expect\n"
	for n := range 4 {
		name := fmt.Sprintf("%d.cfg", n)
		if err := os.WriteFile(filepath.Join(dir, name), []byte("lang.gui="+strings.Repeat("x", 1000)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		rows += fmt.Sprintf("0021f200000%d,%s\n0021f200001%d,%s\n", n+1, name, n+1, name)
	}
	csv := filepath.Join(dir, "phones.csv")
	if err := os.WriteFile(csv, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readCSV(csv, 5000); err != nil {
		t.Errorf("four files of 1010 bytes, each for two phones: %v", err)
	}
	const want = "phones.csv:6:14: 2.cfg: the expect files together have more than 3000 bytes"
	if _, err := readCSV(csv, 3000); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}
