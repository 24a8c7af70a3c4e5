package main

import (
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"
)

// Sizes in pixels of a graph's plot, and of the room for its words.
const (
	plotWide, plotHigh = 800, 90
	left, above        = 64, 40
)

// graph draws a CSV table: a plot for each column but the first, one below the other, over the first, which counts seconds.
// Its first row names the columns. Each plot begins at 0, so that what is flat looks flat.
func graph(w io.Writer, r io.Reader) error {
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return err
	}
	if len(rows) < 3 {
		return fmt.Errorf("%d rows: a graph needs a heading and two rows of numbers", len(rows))
	}
	columns, err := numbers(rows[1:])
	if err != nil {
		return err
	}
	width, height := left+plotWide+24, above+(plotHigh+above)*(len(columns)-1)
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">`+"\n", width, height, width, height)
	fmt.Fprintln(w, `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`)
	fmt.Fprintln(w, `<g font-family="system-ui,sans-serif" font-size="12" fill="#e6edf3">`)
	for i, y := range columns[1:] {
		plot(w, rows[0][i+1], columns[0], y, above+i*(plotHigh+above))
	}
	_, err = fmt.Fprintln(w, "</g>\n</svg>")
	return err
}

// numbers turns rows of text into columns of numbers.
func numbers(rows [][]string) ([][]float64, error) {
	columns := make([][]float64, len(rows[0]))
	for i, row := range rows {
		for c, text := range row {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+2, err)
			}
			columns[c] = append(columns[c], v)
		}
	}
	return columns, nil
}

// plot draws y over x, with its name, the most of it, and minutes below.
func plot(w io.Writer, name string, x, y []float64, top int) {
	most, end := 0.0, x[len(x)-1]
	for _, v := range y {
		most = math.Max(most, v)
	}
	ceiling := math.Max(most*1.15, 1)
	var line strings.Builder
	for i := range x {
		fmt.Fprintf(&line, "%.1f,%.1f ", left+x[i]/end*plotWide, float64(top+plotHigh)-y[i]/ceiling*plotHigh)
	}
	title := fmt.Sprintf("%s: at most %s, in the end %s", name, shown(most), shown(y[len(y)-1]))
	fmt.Fprintf(w, `<text x="%d" y="%d">%s</text>`+"\n", left, top-8, html.EscapeString(title))
	fmt.Fprintf(w, `<text x="%d" y="%d" text-anchor="end" fill="#8b949e">0</text>`+"\n", left-6, top+plotHigh+4)
	fmt.Fprintf(w, `<text x="%d" y="%d" text-anchor="end" fill="#8b949e">%s</text>`+"\n", left-6, top+10, shown(ceiling))
	fmt.Fprintf(w, `<path d="M%d %dv%dh%d" fill="none" stroke="#30363d"/>`+"\n", left, top, plotHigh, plotWide)
	for part := 0; part <= 4; part++ {
		fmt.Fprintf(w, `<text x="%d" y="%d" text-anchor="middle" fill="#8b949e" font-size="10">%s min</text>`+"\n",
			left+part*plotWide/4, top+plotHigh+14, strconv.FormatFloat(math.Round(end/60*float64(part)/4*10)/10, 'f', -1, 64))
	}
	fmt.Fprintf(w, `<polyline points="%s" fill="none" stroke="#79c0ff" stroke-width="1.5"/>`+"\n", strings.TrimSpace(line.String()))
}

// shown is v without digits that nobody reads.
func shown(v float64) string {
	return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
}
