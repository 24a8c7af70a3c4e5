package pcaps

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// LogLine is the kind of a line of a web server's log: Name is the file asked for, URL
// the path, Detail what the server wrote of it.
const LogLine trace.Kind = "log.line"

// ErrNotLog is a file without a line of a web server's log.
var ErrNotLog = errors.New("not a combined log")

// WebLog is what web servers wrote of requests, nginx's and Apache's "combined" format
// or its beginning, "common".
type WebLog struct {
	entries []logEntry
	files   int
}

type logEntry struct {
	file   string
	line   int
	at     time.Time // cut to the second
	client netip.Addr
	method string
	path   string
	status int
	bytes  int64
	agent  string
}

// Limits on logs.
const (
	maxLogLines = 2_000_000
	maxLogLine  = 64 << 10
)

// combined is the format: client, identity, user, time, request, status, bytes, and in
// combined also referer and User-Agent. A quoted text may have \" in it.
var combined = regexp.MustCompile(`^(\S+) \S+ (?:\S+|.*?) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-)` +
	`(?: "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)")?`)

// Add reads a log; name is what notes and the timeline call it. A line that is none is
// passed over, and told with name and line. A file without any is ErrNotLog.
func (l *WebLog) Add(name string, r io.Reader) (notes []string, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLogLine)
	n, bad, good := 0, 0, 0
	for lines.Scan() {
		n++
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		e, why := readLogLine(text)
		if why != "" {
			if bad++; bad <= maxBadLines {
				notes = append(notes, fmt.Sprintf("%s:%d: %s; the line is passed over", name, n, why))
			}
			continue
		}
		if len(l.entries) >= maxLogLines {
			return append(notes, fmt.Sprintf("%s:%d: more than %d lines of logs: the rest is left out", name, n, maxLogLines)), nil
		}
		e.file, e.line = name, n
		l.entries = append(l.entries, e)
		good++
	}
	l.files++
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		notes = append(notes, fmt.Sprintf("%s:%d: a line of more than %d bytes: the rest of the file is left out", name, n+1,
			maxLogLine))
	case err != nil:
		return nil, fmt.Errorf("%s:%d: %w", name, n+1, err)
	}
	if good == 0 {
		return nil, fmt.Errorf("%s: %w: want lines such as 192.0.2.7 - - [06/May/2024:07:08:09 +0000] \"GET /x.cfg HTTP/1.1\" 200 17 "+
			"\"-\" \"agent\"", name, ErrNotLog)
	}
	if bad > maxBadLines {
		notes = append(notes, fmt.Sprintf("%s: %d more lines are no combined log's", name, bad-maxBadLines))
	}
	return notes, nil
}

func readLogLine(text string) (e logEntry, why string) {
	f := combined.FindStringSubmatch(text)
	if f == nil {
		return e, "no line of a combined log"
	}
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", f[2])
	if err != nil {
		return e, "its time cannot be read"
	}
	request := f[3]
	if plain, err := strconv.Unquote(`"` + request + `"`); err == nil { // \" and \x22
		request = plain
	}
	method, rest, _ := strings.Cut(request, " ")
	target, _, _ := strings.Cut(rest, " ")
	e = logEntry{at: at, method: trace.Clean(method), agent: f[6]}
	e.client, _ = netip.ParseAddr(f[1]) // a name is none
	e.client = e.client.Unmap()
	e.status, _ = strconv.Atoi(f[4])
	e.bytes, _ = strconv.ParseInt(f[5], 10, 64)
	if u, err := url.Parse(target); err == nil {
		target = trace.URL(u)
	}
	e.path = trace.Clean(target)
	return e, ""
}

// besideWait is how long before and after the capture a line may be to be shown: clocks
// differ by some seconds.
const besideWait = 10 * time.Second

// Beside puts the lines of logs into the phones' timelines: by the MAC in the file's name
// or the User-Agent, else by the address. A line's time is cut to the second, and is that
// of the answer: it stands after what the capture has of that second.
func (c *Capture) Beside(l *WebLog) {
	by, at := make(map[device.MAC]*Phone), make(map[netip.Addr]*Phone)
	for _, p := range c.Phones {
		by[p.MAC] = p
		for _, a := range p.Addresses {
			at[a] = p
		}
	}
	other, strangers := 0, 0
	for _, e := range l.entries {
		mac, named := macIn(e.path)
		if m, ok := macIn(e.agent); ok && !named {
			mac, named = m, true
		}
		p := at[e.client]
		if named {
			p = by[mac]
		}
		switch {
		case e.at.Before(c.First.Add(-besideWait)) || e.at.After(c.Last.Add(besideWait)):
			other++
		case p == nil:
			strangers++
		case p.pack != nil:
			p.logs = append(p.logs, e)
		default:
			p.beside(e)
		}
	}
	if other+strangers > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("of the log lines, %d are of other times than the capture, and %d of nobody in it", other,
			strangers))
	}
}

// beside puts a line into the timeline.
func (p *Phone) beside(l logEntry) {
	e := Event{Event: trace.Event{Kind: LogLine, At: l.at, Phone: p.MAC, Name: path.Base(l.path), URL: l.path, Bytes: l.bytes,
		Detail: fmt.Sprintf("%s:%d: %s %s: %d, %d bytes", l.file, l.line, l.method, l.path, l.status, l.bytes)}}
	e.Facts = []Fact{{"log.file", l.file}, {"log.line", strconv.Itoa(l.line)}, {"http.method", l.method},
		{"http.status", strconv.Itoa(l.status)}}
	i := len(p.Events)
	for i > 0 && !p.Events[i-1].At.Before(l.at.Add(time.Second)) {
		i--
	}
	if i > 0 {
		e.Pass = p.Events[i-1].Pass
	}
	p.Events = slices.Insert(p.Events, i, e)
}

// ruleLog: what the logs say of requests that are encrypted in the capture.
func ruleLog(s *story) []Diagnosis {
	if len(s.fetches) > 0 {
		return nil
	}
	var all []Diagnosis
	seen := make(map[Cause]bool)
	for _, e := range s.of(LogLine) {
		d := Diagnosis{rank: 18, Text: "the server's log says, " + e.Detail, Next: "Look into the server's error log at that time."}
		switch status := e.Fact("http.status"); {
		case status == "401":
			d.Cause = LoginRefused
		case status == "403":
			d.Cause = Forbidden
		case status >= "500":
			d.Cause = ServerFailed
		default:
			continue
		}
		if !seen[d.Cause] {
			seen[d.Cause] = true
			all = append(all, d)
		}
	}
	return all
}
