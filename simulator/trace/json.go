package trace

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"sync"
)

// Header is the first line of a trace file.
type Header struct {
	Format  string `json:"format"`  // FormatName
	Version int    `json:"version"` // FormatVersion
}

// A trace file is JSON lines: a Header, then an Event a line.
const (
	FormatName    = "fipsim-trace"
	FormatVersion = 1
)

// maxLine bounds one line of a trace file that is read, in bytes.
const maxLine = 1 << 20

// JSONWriter is a sink that writes a trace file. It keeps the first error, and
// writes no more after it; see Err.
type JSONWriter struct {
	mu  sync.Mutex
	enc *json.Encoder
	err error
}

// NewJSONWriter writes the header to w and returns the sink.
func NewJSONWriter(w io.Writer) *JSONWriter {
	j := &JSONWriter{enc: json.NewEncoder(w)}
	j.enc.SetEscapeHTML(false)
	j.err = j.enc.Encode(Header{FormatName, FormatVersion})
	return j
}

// Record implements Sink.
func (j *JSONWriter) Record(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		j.err = j.enc.Encode(e)
	}
}

// Err returns the first error of writing.
func (j *JSONWriter) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// Read reads a trace file. It stops at the first line that is no event, with an
// error that names the line.
func Read(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxLine)
		line := 0
		for lines.Scan() {
			line++
			if line == 1 {
				if err := checkHeader(lines.Bytes()); err != nil {
					yield(Event{}, err)
					return
				}
				continue
			}
			var e Event
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				yield(Event{}, fmt.Errorf("trace line %d: %w", line, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		switch {
		case lines.Err() != nil:
			yield(Event{}, fmt.Errorf("trace line %d: %w", line+1, lines.Err()))
		case line == 0:
			yield(Event{}, fmt.Errorf("trace line 1: empty file, want a header of format %s", FormatName))
		}
	}
}

func checkHeader(line []byte) error {
	var h Header
	if err := json.Unmarshal(line, &h); err != nil || h.Format != FormatName {
		return fmt.Errorf("trace line 1: not a header of format %s", FormatName)
	}
	if h.Version != FormatVersion {
		return fmt.Errorf("trace line 1: version %d of the format, this program reads version %d", h.Version, FormatVersion)
	}
	return nil
}
