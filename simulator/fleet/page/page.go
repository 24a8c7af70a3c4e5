// Package page shows what was measured of a fleet as HTML: a report that loads nothing
// from elsewhere, to be mailed, kept and printed, and the page that follows a load which
// is under way. Both are the same document.
//
// The charts are uPlot's, which is in this package with its licence.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"time"

	"github.com/fipsim/fipsim/simulator/fleet"
)

//go:embed assets
var embedded embed.FS

// Assets are the files that the page of Live loads, by name.
func Assets() fs.FS {
	sub, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// asset returns an embedded file as it is.
func asset(name string) string {
	body, err := embedded.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // a wrong name in this package
	}
	return string(body)
}

// The parts of the document, in their order.
var (
	styles  = asset("uPlot.min.css") + asset("load.css")
	library = asset("uPlot.iife.min.js")
	charts  = asset("charts.js")

	document = template.Must(template.New("load").Funcs(template.FuncMap{
		"code":   code,
		"moment": func(t time.Time) string { return t.Format("2006-01-02 15:04:05 -07:00") },
		"number": number,
		"short":  short,
		"stamp":  func(t time.Time) string { return t.Format(time.RFC3339) },
	}).Parse(asset("load.html.tmpl")))
)

// pageData is what the template gets.
type pageData struct {
	Live    bool
	Policy  string // of the content: nothing from elsewhere, no script but ours
	Style   template.CSS
	Library template.JS
	Script  template.JS

	Title   string
	Tone    string // of the verdict: pass, fail, error, run
	Word    string
	Line    string // what was done, in a sentence
	Why     []string
	Search  *searchView  // nil: no search
	Reports []reportView // none: nothing has begun yet
	Data    []chartData  // of the reports' charts
}

// HTML writes a report as one page that loads nothing from elsewhere.
func HTML(w io.Writer, r *fleet.Report) error {
	d := ofReport(r)
	d.inline()
	return document.Execute(w, d)
}

// Search writes a search for the highest rate as such a page.
func Search(w io.Writer, f *fleet.Found) error {
	d := ofSearch(f)
	d.inline()
	return document.Execute(w, d)
}

// Live writes the page of a load that is under way, or nothing but a frame where r is
// nil: none has begun. f is the search that the load is part of, nil for none. It loads
// Assets from /assets/, and asks for itself once a second.
func Live(w io.Writer, r *fleet.Report, f *fleet.Found) error {
	d := pageData{Tone: "run", Word: string(fleet.Running), Line: "nothing has begun yet"}
	if r != nil {
		d = ofReport(r)
	}
	if f != nil {
		s := ofSearch(f)
		d.Search = s.Search
		d.Title, d.Tone, d.Word, d.Line, d.Why = s.Title, s.Tone, s.Word, s.Line, s.Why
	}
	d.Live = true
	return document.Execute(w, d)
}

// inline puts styles and scripts into the document, and forbids it all others.
func (d *pageData) inline() {
	//nolint:gosec // all are our own files
	d.Style, d.Library, d.Script = template.CSS(styles), template.JS(library), template.JS(charts)
	d.Policy = fmt.Sprintf("default-src 'none'; style-src %s; script-src %s %s; base-uri 'none'; form-action 'none'",
		digest(styles), digest(library), digest(charts))
}

// digest is a source expression of a content security policy (CSP Level 3, "Source
// Lists").
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
