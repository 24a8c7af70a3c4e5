// Command svg makes a picture of a terminal: ANSI text on standard input, SVG on
// standard output. `svg graph` draws a CSV table of numbers over time.
// .ci/pictures and .ci/soak use it.
package main

import (
	"bufio"
	"fmt"
	"html"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Sizes in pixels of one character, and the space around.
const (
	wide, high = 8, 18
	margin     = 16
	columns    = 118
)

// colours of SGR codes, on a dark ground; 1 is bold, 2 is dim.
var colours = map[string]string{
	"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#76e3ea", "2": "#8b949e", "90": "#8b949e",
}

var sgr = regexp.MustCompile(`\x1b\[([0-9;]*)m`)

// other escape sequences move the cursor: none of them is wanted in a picture.
var other = regexp.MustCompile(`\x1b\[[0-9;?]*[A-LN-Za-ln-z]|\r`)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "graph" {
		if err := graph(os.Stdout, os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, "svg graph:", err)
			os.Exit(1)
		}
		return
	}
	var lines []string
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		lines = append(lines, other.ReplaceAllString(in.Text(), ""))
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "svg:", err)
		os.Exit(1)
	}
	width, height := columns*wide+2*margin, len(lines)*high+2*margin
	fmt.Printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">`+"\n", width, height, width, height)
	fmt.Printf(`<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/>` + "\n")
	fmt.Println(`<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13" fill="#e6edf3" xml:space="preserve">`)
	for i, line := range lines {
		fmt.Printf(`<text x="%d" y="%d">%s</text>`+"\n", margin, margin+i*high+13, spans(line))
	}
	fmt.Println("</g>\n</svg>")
}

// spans is a line with its colours.
func spans(line string) string {
	var b strings.Builder
	style, room := "", columns
	for {
		at := sgr.FindStringSubmatchIndex(line)
		text := line
		if at != nil {
			text = line[:at[0]]
		}
		if n := utf8.RuneCountInString(text); n > room {
			text = string([]rune(text)[:max(room-1, 0)]) + "…"
		}
		room -= min(utf8.RuneCountInString(text), room)
		if text != "" {
			// Blanks that stay: not every reader obeys xml:space.
			fmt.Fprintf(&b, `<tspan%s>%s</tspan>`, style, strings.ReplaceAll(html.EscapeString(text), " ", "\u00a0"))
		}
		if at == nil || room == 0 {
			return b.String()
		}
		style = styleOf(line[at[2]:at[3]])
		line = line[at[1]:]
	}
}

// styleOf is what an SGR sequence asks for.
func styleOf(codes string) string {
	style := ""
	for code := range strings.SplitSeq(codes, ";") {
		if c := colours[code]; c != "" {
			style += ` fill="` + c + `"`
		}
		if code == "1" {
			style += ` font-weight="bold"`
		}
	}
	return style
}
