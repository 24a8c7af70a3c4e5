package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// header is the first line of every template that the vendor hands out.
const header = "#!version:1.0.0.1\n"

// WriteCfg writes the settings as a cfg file, sorted by key: the same settings give
// the same bytes, whatever files and transports they came by. Values are not masked.
func (s *Settings) WriteCfg(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(header)
	for _, n := range s.sorted() {
		b.WriteString(n.Key)
		b.WriteByte('=')
		b.WriteString(n.Value)
		b.WriteByte('\n')
	}
	_, err := w.Write(b.Bytes())
	return err
}

// jsonVersion is the version of the JSON form.
const jsonVersion = 1

type jsonSettings struct {
	Version  int           `json:"version"`
	Settings []jsonSetting `json:"settings"`
}

type jsonSetting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	File  string `json:"file"`
	Line  int    `json:"line"`
	// Overrode is what Explain says of the other lines, newest first.
	Overrode []Origin `json:"overrode,omitempty"`
}

// MarshalJSON writes the settings sorted by key, each with its file, its line and the
// lines that it overrode. Values are not masked.
func (s *Settings) MarshalJSON() ([]byte, error) {
	out := jsonSettings{Version: jsonVersion, Settings: []jsonSetting{}}
	for _, n := range s.sorted() {
		var rest []Origin
		for _, o := range s.Explain(n.Key) {
			if o.Fate != Wins {
				rest = append(rest, o)
			}
		}
		out.Settings = append(out.Settings, jsonSetting{n.Key, n.Value, n.File, n.Line, rest})
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote: the settings and where each came from,
// without the history before.
func (s *Settings) UnmarshalJSON(data []byte) error {
	var in jsonSettings
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if in.Version != jsonVersion {
		return fmt.Errorf("settings of version %d: this program reads version %d", in.Version, jsonVersion)
	}
	var names []string
	files := make(map[string][]Entry)
	for _, n := range in.Settings {
		if n.Value == "" {
			return fmt.Errorf("settings: %q has no value", shorten(n.Key))
		}
		if _, ok := files[n.File]; !ok {
			names = append(names, n.File)
		}
		files[n.File] = append(files[n.File], Entry{n.Key, n.Value, n.Line})
	}
	var kept Settings
	for _, name := range names {
		c, err := NewCfg(name, files[name])
		if err != nil {
			return err
		}
		kept.layers = append(kept.layers, layer{cfg: c})
	}
	kept.Blank = s.Blank
	*s = kept
	return nil
}
