package fleet

import (
	"errors"
	"fmt"
	"io"
)

// Limits of a file of phones, in bytes.
const (
	maxRecord = 1 << 20 // comments above it included
	maxExpect = 512 << 20
)

// records is the file that a table reads. It ends with an error in a record of more than
// maxRecord bytes, which package csv would hold, however long it is.
type records struct {
	in    io.Reader
	table *table
	read  int64
}

// errLong is a record that is too long.
var errLong = fmt.Errorf("more than %d bytes in one record: is a quotation mark not closed?", maxRecord)

// Read implements io.Reader.
func (r *records) Read(p []byte) (int, error) {
	if r.read-r.table.began > maxRecord {
		return 0, errLong
	}
	n, err := r.in.Read(p)
	r.read += int64(n)
	return n, err
}

// record reads one record.
func (t *table) record() ([]string, error) {
	t.began = t.csv.InputOffset()
	fields, err := t.csv.Read()
	if errors.Is(err, errLong) {
		return nil, fmt.Errorf("%s:%d:1: %w", t.name, t.line+1, errLong)
	}
	if err == nil {
		t.line, _ = t.csv.FieldPos(0)
		return fields, nil
	}
	return nil, err
}
