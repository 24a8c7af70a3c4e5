package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Bounds of what a page shows of one pass.
const (
	maxChanges = 200
	sideLines  = 200 // of the timeline, beside a page
)

// who is the phone, at the top of every page.
type who struct{ Model, MAC, Firmware string }

func (s *Server) who() who {
	id := s.options.Phone.Identity()
	return who{trace.Clean(id.Model), id.MAC.Colons(), trace.Clean(id.Firmware)}
}

// statusView is the page of the phone's status.
type statusView struct {
	Life     lifeView
	Pass     passView
	Accounts []accountRow
}

// status shows how the phone is.
func (s *Server) status(*http.Request) answer {
	return answer{page: "status", title: "Status", content: statusView{
		Life: s.lifeView(), Pass: viewPass(s.options.Phone.Last()), Accounts: s.accounts(),
	}}
}

// passView is the report of the latest pass.
type passView struct {
	Number                   uint64 // 0: there was none
	Trigger, Outcome, Reason string
	OK                       bool
	Start                    clock
	Took                     string
	Source, Server           string
	Files                    []fileRow
	Changes                  []changeRow
	Changed                  int // Changes has the first maxChanges of them
	Reboot                   []string
	Findings                 []string
	Resources                []resourceRow
}

type fileRow struct {
	Name, URL, Bytes         string
	Set, Overridden, Changed int
}

type changeRow struct{ Key, Old, New, Place string }

type resourceRow struct {
	Key, URL, Words string
	Bad             bool
}

// viewPass makes the report fit for a page: no secrets, nothing that steers a screen.
func viewPass(p phone.Pass) passView {
	v := passView{
		Number: p.Number, Trigger: string(p.Trigger), Outcome: string(p.Outcome), OK: p.Outcome.OK(),
		Start: clock(p.Start), Took: p.Took.Round(time.Millisecond).String(),
		Source: sourceWords(p.Source), Server: trace.Clean(p.Server), Changed: len(p.Changed), Reboot: cleaned(p.Reboot),
	}
	if p.Err != nil {
		v.Reason = trace.Clean(p.Err.Error())
	}
	for _, f := range p.Files {
		v.Files = append(v.Files, fileRow{
			trace.Clean(f.Name), trace.Clean(f.URL), strconv.FormatInt(f.Bytes, 10),
			f.Merge.Set, f.Merge.Overridden, f.Merge.Changed,
		})
	}
	for _, c := range p.Changed[:min(len(p.Changed), maxChanges)] {
		v.Changes = append(v.Changes, viewChange(c))
	}
	for _, f := range p.Findings {
		v.Findings = append(v.Findings, trace.Clean(f.String()))
	}
	for _, r := range p.Resources {
		v.Resources = append(v.Resources, viewResource(r))
	}
	return v
}

// cleaned returns keys fit for a page.
func cleaned(keys []string) []string {
	shown := make([]string, len(keys))
	for i, key := range keys {
		shown[i] = trace.Clean(key)
	}
	return shown
}

func viewChange(c config.Change) changeRow {
	row := changeRow{Key: trace.Clean(c.Key), Old: shown(c.Key, c.Old), New: shown(c.Key, c.New)}
	if c.File != "" {
		row.Place = place(c.File, c.Line)
	}
	return row
}

func viewResource(r phone.Resource) resourceRow {
	row := resourceRow{Key: trace.Clean(r.Key), URL: trace.Clean(r.URL), Words: fmt.Sprintf("%d bytes", r.Bytes)}
	switch {
	case r.Err != nil:
		row.Words, row.Bad = trace.Clean(r.Err.Error()), true
	case r.Entries > 0:
		row.Words += fmt.Sprintf(", %d entries", r.Entries)
	}
	return row
}

// clock is a moment as pages show it, in the time zone of this machine.
type clock time.Time

// String returns the moment for people; empty for none.
func (c clock) String() string { return c.format("2006-01-02 15:04:05") }

// Machine returns the moment for the attribute datetime of HTML.
func (c clock) Machine() string { return c.format(time.RFC3339) }

func (c clock) format(layout string) string {
	if time.Time(c).IsZero() {
		return ""
	}
	return time.Time(c).Format(layout)
}

// timelineView is the timeline, on its own page or beside another.
type timelineView struct {
	Lines []Line
	After string // the place to go on from
	Most  int    // lines that the page keeps
}

func (s *Server) timelineView(most int) timelineView {
	lines, at := s.options.Timeline.latest(most)
	return timelineView{Lines: lines, After: at.String(), Most: most}
}

// timeline shows all that is kept of what happened.
func (s *Server) timeline(*http.Request) answer {
	return answer{page: "timeline", title: "Timeline"}
}
