package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// A plot a column, over the first; what it says is text, whatever stands in the heading.
func TestGraph(t *testing.T) {
	var out strings.Builder
	if err := graph(&out, strings.NewReader("seconds,memory <MB>,files\n0,10,3\n60,20,3\n120,15,4\n")); err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(strings.NewReader(out.String())); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(out.String(), "<polyline"); n != 2 {
		t.Errorf("%d lines, want 2", n)
	}
	for _, want := range []string{"memory &lt;MB&gt;: at most 20, in the end 15", "files: at most 4, in the end 4", ">2 min<", ` points="64.0,`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

func TestGraphRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "0 rows: a graph needs",
		"s,m\n1,2\n":         "2 rows: a graph needs",
		"s,m\n1,2\n2,many\n": `line 3: strconv.ParseFloat: parsing "many"`,
		"s,m\n1,2\n2\n":      "line 3",
	} {
		if err := graph(io.Discard, strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
