package fleet

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// trust is the document that has the table; it stands between two lines.
const (
	trust       = "../../docs/trust.md"
	tableBegins = "<!-- faults: written by make faults -->\n"
	tableEnds   = "<!-- end of faults -->\n"
)

// faultTable gathers what became of each cell.
type faultTable struct {
	mu   sync.Mutex
	rows map[string]string // by fault and way
}

// add takes what came of a cell.
func (f *faultTable) add(fault, way string, r *Report) {
	longest := time.Duration(0)
	for _, l := range r.Latencies {
		if l.Stage == StageServed || l.Stage == StagePass && r.Provisioned == 0 {
			longest = max(longest, l.Max)
		}
	}
	why := "none"
	if r.Failed > 0 {
		why = strings.Join(ranked(r.Errors), ", ")
	}
	word := string(r.Judgement.Word)
	if word == string(Invalid) {
		word = "invalid: timers of this machine were late"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rows == nil {
		f.rows = make(map[string]string)
	}
	f.rows[cellName(fault, way)] = fmt.Sprintf("| %s | %s | %d of %d | %s | %d | %s | %s |\n", fault, way,
		r.Provisioned, r.Phones, why, r.Resends+r.Searches, longest.Round(100*time.Millisecond), word)
}

// write puts the table into the document, if every cell is there.
func (f *faultTable) write(t *testing.T, phones int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s%d phones in each row; load average of the two processors in the end: %s.\n\n", tableBegins, phones, strings.Fields(string(load))[0])
	b.WriteString("| fault | over | provisioned | passes that failed, by why | sent again | longest wait | load says |\n|---|---|---|---|---|---|---|\n")
	for _, c := range cells() {
		row := f.rows[cellName(c.fault.name, c.way)]
		if row == "" {
			t.Errorf("%s over %s was not judged: the table stays as it is", c.fault.name, c.way)
			return
		}
		b.WriteString(row)
	}
	page, err := os.ReadFile(trust)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(page), tableBegins)
	_, tail, ends := strings.Cut(rest, tableEnds)
	if !ok || !ends {
		t.Fatalf("%s has no place for the table", trust)
	}
	if err := os.WriteFile(trust, []byte(head+b.String()+tableEnds+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

var faultRow = regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \| (\d+) of (\d+) \| ([^|]+) \| (\d+) \| ([^|]+) \| ([^|]+) \|$`)

// The published table has every cell that is judged, and in each what the test asserts.
func TestFaultTable(t *testing.T) {
	page, err := os.ReadFile(trust)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), tableBegins)
	table, _, _ = strings.Cut(table, tableEnds)
	var want, got []string
	for _, c := range cells() {
		want = append(want, cellName(c.fault.name, c.way))
	}
	for _, row := range faultRow.FindAllStringSubmatch(table, -1) {
		name := cellName(row[1], row[2])
		got = append(got, name)
		i := slices.Index(want, name)
		if i < 0 {
			continue
		}
		lasts, never := cells()[i].fault.lasts, string(Fails)
		if lasts {
			never = string(Holds)
		}
		if lasts != (row[3] == "0") || !lasts && row[3] != row[4] || row[8] == never {
			t.Errorf("%s: %s of %s provisioned, and the load says %s", name, row[3], row[4], row[8])
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the table has %q, want %q: make faults writes it anew", got, want)
	}
}
