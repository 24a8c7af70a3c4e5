package docs_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/docs"
)

func TestBlocks(t *testing.T) {
	page := "# A\n```sh exit=1 with=dnsmasq\nfipsim check\n```\n\n- item\n  ````yaml file=a.yaml\n  a:\n    - ```\n  ````\n" +
		"```text output\nx … y\n```\n```sh not-here=kubernetes\nkubectl\n```\n"
	got, err := docs.Blocks("p.md", []byte(page))
	if err != nil {
		t.Fatal(err)
	}
	want := []docs.Block{
		{File: "p.md", Line: 2, Lang: "sh", Text: "fipsim check\n", Run: true, Exit: 1, With: "dnsmasq"},
		{File: "p.md", Line: 7, Lang: "yaml", Text: "a:\n  - ```\n", Path: "a.yaml"},
		{File: "p.md", Line: 11, Lang: "text", Text: "x … y\n", Output: true},
		{File: "p.md", Line: 14, Lang: "sh", Text: "kubectl\n", NotHere: "kubernetes"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a writer did not say is asked for, with its place.
func TestBlocksRefused(t *testing.T) {
	for page, want := range map[string]string{
		"\n```\nfipsim\n```\n":                  "p.md:2: this block has no language: write ```sh",
		"```sh\nfipsim\n":                       "p.md:1: this block has no end",
		"```sh exit=one\n```\n":                 `p.md:1: strconv.Atoi: parsing "one"`,
		"```sh exits=1\n```\n":                  `p.md:1: unknown word "exits=1" after ` + "```sh: want exit=N",
		"```sh not-here=tired\n```\n":           "p.md:1: not-here=tired is no reason; there are: ",
		"```yaml\na: b\n```\n":                  "p.md:1: nothing holds this yaml: say file=NAME",
		"```yaml until=ready file=a\na: b\n```": "p.md:1: these words do not go with ```yaml",
	} {
		_, err := docs.Blocks("p.md", []byte(page))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", page, err, want)
		}
	}
}
