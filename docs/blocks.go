// Package docs reads the project's documents, so that tests can hold what they show:
// every fenced block says in its first line what becomes of it, and CONTRIBUTING.md
// ("Documents") has the words for that.
package docs

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// NotHere are the reasons for which a block may not be run, and what holds it instead.
var NotHere = map[string]string{
	"suite":      "this test is part of what it runs; `make -n` knows each target",
	"hosted-ci":  "a hosted CI service runs it; docs/ci_test.go holds it against its schema and runs its steps",
	"kubernetes": "it needs a cluster; its manifests are held against their schema",
	"network":    "it fetches something from elsewhere",
	"root":       "it changes the machine; a test of cmd/dist does it on a copy of the machine, with the package as it is",
	"platforms":  "it builds for five platforms; cmd/dist tests the same for one, and checks all types for the others",
	"elsewhere":  "it configures another program, on another machine",
	"long":       "it takes minutes, and its figures mean nothing on a machine that does other work too",
	"k6":         "k6 is a module of its own, whose own tests run it",
	"phone":      "it needs a phone of flesh and blood",
	"shape":      "it shows a form with places to fill in, no data",
}

// Block is a fenced block of a document.
type Block struct {
	File string // as the reader named it
	Line int    // of the opening fence, from 1
	Lang string // sh, yaml, text and so on
	Text string // without the fences and their indentation

	Run     bool   // lang sh, and no NotHere
	Exit    int    // sh: the exit status it must end with
	With    string // sh: what must be there first; a script of docs/testdata
	Until   string // sh: the command runs on; it is interrupted once a line has this
	Stays   string // sh: like Until, but it is interrupted at the page's end
	Output  bool   // text: what the block before it prints; … stands for anything
	Path    string // the file that the reader makes of it
	Of      string // the file of the project that this is an excerpt of
	NotHere string // why it is not run: a key of NotHere
}

// Place is where the block begins, as FILE:LINE.
func (b Block) Place() string { return fmt.Sprintf("%s:%d", b.File, b.Line) }

// Blocks reads the fenced blocks of a Markdown document (CommonMark §4.5, backticks
// only). An error names file and line.
func Blocks(file string, body []byte) ([]Block, error) {
	var blocks []Block
	var open *Block
	var fence, indent string
	var text strings.Builder
	lines := bufio.NewScanner(bytes.NewReader(body))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		rest := strings.TrimLeft(line, " ")
		ticks := rest[:len(rest)-len(strings.TrimLeft(rest, "`"))]
		switch {
		case open == nil && len(ticks) >= 3:
			b, err := opened(file, n, strings.Fields(rest[len(ticks):]))
			if err != nil {
				return nil, err
			}
			open, fence, indent = &b, ticks, line[:len(line)-len(rest)]
			text.Reset()
		case open != nil && len(ticks) >= len(fence) && strings.TrimSpace(rest) == ticks:
			open.Text = text.String()
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			text.WriteString(strings.TrimPrefix(line, indent) + "\n")
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s: this block has no end", open.Place())
	}
	return blocks, lines.Err()
}

// opened reads the words after an opening fence.
func opened(file string, line int, words []string) (b Block, err error) {
	b = Block{File: file, Line: line}
	if len(words) == 0 {
		return b, fmt.Errorf("%s: this block has no language: write ```sh before a command, which is then run by a test, or ```text",
			b.Place())
	}
	b.Lang = words[0]
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "exit":
			b.Exit, err = strconv.Atoi(value)
		case "with":
			b.With = value
		case "until":
			b.Until = value
		case "stays":
			b.Stays = value
		case "output":
			b.Output = true
		case "file":
			b.Path = value
		case "of":
			b.Of = value
		case "not-here":
			b.NotHere = value
		default:
			err = fmt.Errorf("unknown word %q", word)
		}
		if err != nil {
			return b, fmt.Errorf("%s: %w after ```%s: want exit=N, with=NAME, until=TEXT, stays=TEXT, output, file=NAME, of=FILE"+
				" or not-here=REASON", b.Place(), err, b.Lang)
		}
	}
	err = b.check()
	return b, err
}

// check refuses a block that nothing holds.
func (b *Block) check() error {
	if b.NotHere != "" && NotHere[b.NotHere] == "" {
		return fmt.Errorf("%s: not-here=%s is no reason; there are: %s (docs/blocks.go)",
			b.Place(), b.NotHere, strings.Join(slices.Sorted(maps.Keys(NotHere)), ", "))
	}
	b.Run = b.Lang == "sh" && b.NotHere == ""
	switch {
	case b.Lang == "sh" && b.Path+b.Of != "", b.Lang != "sh" && b.With+b.Until+b.Stays != "", b.Output && b.Lang != "text":
		return fmt.Errorf("%s: these words do not go with ```%s", b.Place(), b.Lang)
	case b.Lang == "sh", b.Lang == "text", b.Path != "", b.Of != "", b.NotHere != "":
		return nil
	}
	return fmt.Errorf("%s: nothing holds this %s: say file=NAME, and use the file in a command, or of=FILE, if it is an excerpt of one"+
		" (CONTRIBUTING.md)", b.Place(), b.Lang)
}
