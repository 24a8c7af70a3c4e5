package pcaps

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// report is the JSON form.
type report struct {
	Format  string    `json:"format"` // fipsim-pcap
	Version int       `json:"version"`
	Capture string    `json:"capture"`
	Kind    string    `json:"kind"`
	Frames  int       `json:"frames"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Notes   []string  `json:"notes"`
	Others  int       `json:"others"`
}

type phoneReport struct {
	MAC       device.MAC   `json:"mac"`
	Addresses []string     `json:"addresses"`
	Model     string       `json:"model,omitempty"`
	Firmware  string       `json:"firmware,omitempty"`
	UserAgent string       `json:"user_agent,omitempty"`
	Diagnoses []Diagnosis  `json:"diagnoses"`
	Events    []Event      `json:"events"`
	EventsCut int          `json:"events_cut,omitempty"`
	Files     []fileReport `json:"files"`
}

type fileReport struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Frame   int    `json:"frame"`
	Bytes   int64  `json:"bytes"`
	Partial string `json:"partial,omitempty"`
}

// WriteJSON writes one document with everything but the contents of the files: phone
// by phone, as it may be long.
func (c *Capture) WriteJSON(w io.Writer) error {
	head, err := json.MarshalIndent(report{Format: "fipsim-pcap", Version: 1, Capture: c.Name, Kind: c.Format, Frames: c.Frames,
		First: c.First, Last: c.Last, Notes: append([]string{}, c.Notes...), Others: c.Others}, "", "  ")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s,\n  \"phones\": [", bytes.TrimSuffix(head, []byte("\n}"))); err != nil {
		return err
	}
	comma := ""
	err = c.Each(func(p *Phone) error {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("    ", "  ")
		if err := e.Encode(p.report()); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "%s\n    %s", comma, bytes.TrimSpace(b.Bytes()))
		comma = ","
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n  ]\n}\n")
	return err
}

// report is a phone in the JSON form.
func (p *Phone) report() phoneReport {
	out := phoneReport{MAC: p.MAC, Addresses: []string{}, Model: p.Model, Firmware: p.Firmware, UserAgent: p.UserAgent,
		Diagnoses: Diagnose(p), Events: p.Events, EventsCut: p.EventsCut, Files: []fileReport{}}
	for _, a := range p.Addresses {
		out.Addresses = append(out.Addresses, a.String())
	}
	for _, f := range p.Files {
		out.Files = append(out.Files, fileReport{f.Name, f.URL, f.Frame, f.Bytes, f.Partial})
	}
	return out
}
