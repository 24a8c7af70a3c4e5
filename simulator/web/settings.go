package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Bounds of the page of settings.
const (
	maxRows     = 1000 // settings shown at once
	maxHistory  = 100  // earlier lines shown of each
	valueLength = 300  // characters of a value
)

// settingsView is the page of effective settings.
type settingsView struct {
	Query      string
	Overridden bool // only those that a file has overridden
	Held       int
	Found      int
	Rows       []settingRow // the first maxRows of Found
}

// settingRow is one setting and where it comes from.
type settingRow struct {
	Key, Value, Place string
	Earlier           []earlierRow // newest first
}

// earlierRow is a line that names a setting and did not decide.
type earlierRow struct{ Place, Value, Fate string }

// settings shows what the phone holds, with search and provenance: "Check whether the
// phone updates the settings on the web page" (Guide, "Auto Provision
// Configuration Instance").
func (s *Server) settings(r *http.Request) answer {
	query := r.URL.Query()
	v := settingsView{Query: strings.TrimSpace(query.Get("q")), Overridden: query.Get("overridden") != ""}
	words := strings.Fields(strings.ToLower(v.Query))
	held := s.options.Phone.Settings()
	for setting := range held.All() {
		v.Held++
		row := settingRow{
			Key: trace.Clean(setting.Key), Place: place(setting.File, setting.Line),
			Value: shown(setting.Key, setting.Value),
		}
		if !row.matches(words) {
			continue
		}
		earlier := earlierLines(held.Explain(setting.Key), setting.Key)
		if v.Overridden && len(earlier) == 0 {
			continue
		}
		if v.Found++; v.Found <= maxRows {
			row.Earlier = earlier
			v.Rows = append(v.Rows, row)
		}
	}
	return answer{page: "settings", title: "Settings", content: v}
}

// matches reports whether each of words, in lower case, is somewhere in the row. It
// looks at what is shown: searching tells nothing of a masked value.
func (row settingRow) matches(words []string) bool {
	text := strings.ToLower(row.Key + "\n" + row.Value + "\n" + row.Place)
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// earlierLines are those of a setting's history that did not decide.
func earlierLines(history []config.Origin, key string) []earlierRow {
	var rows []earlierRow
	for _, o := range history {
		if o.Fate != config.Wins && len(rows) < maxHistory {
			rows = append(rows, earlierRow{place(o.File, o.Line), shown(key, o.Value), string(o.Fate)})
		}
	}
	return rows
}

// shown is a value as pages show it: without secrets, of one line and not too long.
func shown(key, value string) string {
	return trace.Clean(shorten(config.Masked(key, value), valueLength))
}

// place is file:line, or the file alone for line 0.
func place(file string, line int) string {
	if line > 0 {
		file += ":" + strconv.Itoa(line)
	}
	return trace.Clean(file)
}
