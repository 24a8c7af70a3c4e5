package main

import (
	"encoding/json"
	"io"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// phoneReport is what `fipsim phone --format json` prints: one document.
type phoneReport struct {
	Format    string                     `json:"format"`  // fipsim-phone
	Version   int                        `json:"version"` // 1
	Phone     phoneWho                   `json:"phone"`
	Outcome   device.Outcome             `json:"outcome"`
	Fault     trace.Code                 `json:"fault,omitempty"`
	Error     string                     `json:"error,omitempty"`
	Source    string                     `json:"source,omitempty"`
	Server    string                     `json:"server,omitempty"`
	Files     []phoneFile                `json:"files"`
	Settings  int                        `json:"settings"`
	Changed   []string                   `json:"changed"`
	Reboot    []string                   `json:"reboot"`
	Resources []phoneResource            `json:"resources"`
	Findings  []config.Finding           `json:"findings"`
	Explain   map[string][]config.Origin `json:"explain,omitempty"`
	Events    []trace.Event              `json:"events"`
}

type phoneWho struct {
	MAC      device.MAC `json:"mac"`
	Model    string     `json:"model"`
	Firmware string     `json:"firmware"`
}

type phoneFile struct {
	Name       string `json:"name"`
	URL        string `json:"url"`
	Bytes      int64  `json:"bytes"`
	Set        int    `json:"set"`
	Overridden int    `json:"overridden"`
	Changed    int    `json:"changed"`
	Blank      int    `json:"blank"`
}

type phoneResource struct {
	Key     string     `json:"key"`
	URL     string     `json:"url,omitempty"`
	Bytes   int64      `json:"bytes"`
	Entries int        `json:"entries,omitempty"`
	Fault   trace.Code `json:"fault,omitempty"`
	Error   string     `json:"error,omitempty"`
}

// writeReport prints the report of the last pass.
func (c *phoneCmd) writeReport(w io.Writer, s *session, outcome device.Outcome, failure error) error {
	last, id := s.phone.Last(), s.phone.Identity()
	r := phoneReport{
		Format: "fipsim-phone", Version: 1,
		Phone:   phoneWho{id.MAC, id.Model, id.Firmware},
		Outcome: outcome, Fault: phone.FaultOf(failure),
		Source: last.Source, Server: last.Server,
		Files: []phoneFile{}, Settings: s.phone.Settings().Len(),
		Changed: keysOf(last.Changed), Reboot: append([]string{}, last.Reboot...),
		Resources: []phoneResource{}, Findings: append([]config.Finding{}, last.Findings...),
		Explain: c.histories(s.phone.Settings()),
		Events:  s.recorder.Events(),
	}
	if failure != nil {
		r.Error = failure.Error()
	}
	for _, f := range last.Files {
		r.Files = append(r.Files, phoneFile{f.Name, f.URL, f.Bytes, f.Merge.Set, f.Merge.Overridden, f.Merge.Changed, f.Merge.Blank})
	}
	for _, x := range last.Resources {
		out := phoneResource{Key: x.Key, URL: x.URL, Bytes: x.Bytes, Entries: x.Entries, Fault: phone.FaultOf(x.Err)}
		if x.Err != nil {
			out.Error = x.Err.Error()
		}
		r.Resources = append(r.Resources, out)
	}
	return writeJSON(w, r)
}

// histories are those of the settings that --explain names.
func (c *phoneCmd) histories(settings *config.Settings) map[string][]config.Origin {
	histories := make(map[string][]config.Origin, len(c.Explain))
	for _, key := range c.Explain {
		history := append([]config.Origin{}, settings.Explain(key)...)
		for i := range history {
			if !c.ShowSecrets {
				history[i].Value = config.Masked(key, history[i].Value)
			}
		}
		histories[key] = history
	}
	return histories
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
