package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/fipsim/fipsim/simulator/fleet"
	loadpage "github.com/fipsim/fipsim/simulator/fleet/page"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// loadReport is what comes of a load, or of a search for a rate.
type loadReport interface {
	Summary(io.Writer) error
	Verdict() error
}

// loadKinds are the formats of --report.
var loadKinds = map[string]func(io.Writer, loadReport) error{
	"html": func(w io.Writer, r loadReport) error {
		switch r := r.(type) {
		case *fleet.Report:
			return loadpage.HTML(w, r)
		case *fleet.Found:
			return loadpage.Search(w, r)
		}
		return errors.New("this report has no page")
	},
	"json": func(w io.Writer, r loadReport) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		return e.Encode(r)
	},
}

// loadOutputs is where reports go.
type loadOutputs struct {
	summary io.Writer
	reports []loadOutput
}

type loadOutput struct {
	write func(io.Writer, loadReport) error
	w     io.Writer
	file  *os.File // closed in the end; nil: standard output
}

// outputs reads --report and opens the files before the run.
func (c *loadCmd) outputs(a *app) (*loadOutputs, error) {
	out := &loadOutputs{summary: a.stdout}
	for _, text := range c.Report {
		kind, name, err := reportFile(text)
		r := loadOutput{write: loadKinds[kind], w: a.stdout}
		switch {
		case err != nil:
		case name == "-" && out.summary == io.Discard:
			err = verdict.Usagef("--report: only one can go to standard output")
		case name == "-":
			out.summary = io.Discard
		default:
			if r.file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644); err != nil {
				err = verdict.Usagef("--report: %w", err)
			}
			r.w = r.file
		}
		if err != nil {
			return nil, errors.Join(err, out.close())
		}
		out.reports = append(out.reports, r)
	}
	return out, nil
}

// reportFile reads KIND=FILE.
func reportFile(text string) (kind, name string, err error) {
	kind, name, ok := strings.Cut(text, "=")
	switch {
	case !ok || name == "":
		return "", "", verdict.Usagef("--report %s: want KIND=FILE, such as html=load.html", text)
	case loadKinds[kind] == nil:
		return "", "", verdict.Usagef("--report %s: %q is no kind of report; there are: html, json", text, kind)
	}
	return kind, name, nil
}

func (o *loadOutputs) write(r loadReport) error {
	errs := []error{r.Summary(o.summary)}
	for _, out := range o.reports {
		errs = append(errs, out.write(out.w, r))
	}
	return errors.Join(errs...)
}

func (o *loadOutputs) close() error {
	var errs []error
	for _, out := range o.reports {
		if out.file != nil {
			errs = append(errs, out.file.Close())
		}
	}
	return errors.Join(errs...)
}
