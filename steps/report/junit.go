package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// The elements of a JUnit report, as Jenkins' schema (junit-10.xsd) and GitLab and
// GitHub's readers have them.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`

		took time.Duration
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string     `xml:"name,attr"`
		Class     string     `xml:"classname,attr"`
		Time      string     `xml:"time,attr"`
		Skipped   *junitText `xml:"skipped"`
		Error     *junitText `xml:"error"`
		Failure   *junitText `xml:"failure"`
		SystemOut *junitOut  `xml:"system-out"`
	}
	junitText struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",cdata"`
	}
	junitOut struct {
		Text string `xml:",cdata"`
	}
)

// junitLines bounds the timeline of one testcase.
const junitLines = 200

// JUnit writes run as JUnit XML, a testsuite for each chapter and protocol. What fails
// the run is a failure and what could not be judged an error, so that a service which
// reads nothing else goes red exactly when the exit status is not 0; to that end a
// verdict that no testcase explains has a testcase of its own. Broken rules that don't
// fail the run are skipped, with the type "warning", "known" or "note".
func JUnit(w io.Writer, run *Run) error {
	v := newView(run)
	doc := junitSuites{Name: "fipsim check: " + v.Target, Time: seconds(v.Took)}
	for _, c := range v.Chapters {
		for _, over := range append([]string{""}, protocols...) {
			if s := v.junitSuite(c, over); s.Tests > 0 {
				doc.Suites = append(doc.Suites, s)
			}
		}
	}
	if s, ok := v.junitVerdict(); ok {
		doc.Suites = append(doc.Suites, s)
	}
	for _, s := range doc.Suites {
		doc.Tests, doc.Failures, doc.Errors = doc.Tests+s.Tests, doc.Failures+s.Failures, doc.Errors+s.Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitSuite is a chapter over one protocol.
func (v *view) junitSuite(c chapter, over string) junitSuite {
	s := v.emptySuite(c.Title)
	class := "fipsim." + c.Name
	if over != "" {
		s.Name += " over " + Title(over)
		class += "." + over
	}
	for _, it := range c.Items {
		if it.Over == over {
			s.add(newJUnitCase(it, class), it.Took)
		}
	}
	return s
}

func (v *view) emptySuite(name string) junitSuite {
	return junitSuite{
		Name: name, Time: seconds(0), Timestamp: v.Started.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{{"target", v.Target}, {"seed", strconv.FormatInt(v.Seed, 10)}},
	}
}

// add counts a testcase in.
func (s *junitSuite) add(c junitCase, took time.Duration) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.took += took
	s.Time = seconds(s.took)
}

// newJUnitCase is one result.
func newJUnitCase(it item, class string) junitCase {
	c := junitCase{Name: it.Name, Class: class, Time: seconds(it.Took)}
	text := &junitText{Message: it.message(), Type: string(it.Rule.Level), Text: it.prose()}
	switch it.Standing {
	case Held:
		return c
	case Broken:
		c.Failure = text
	case Unsure:
		c.Error = text
	case Skipped:
		c.Skipped = &junitText{Message: oneLine(it.Actual)}
		return c
	default:
		text.Type, text.Message = string(it.Standing), string(it.Standing)+": "+text.Message
		c.Skipped = text
	}
	if lines := timelineText(it.Events, junitLines); lines != "" {
		c.SystemOut = &junitOut{lines}
	}
	return c
}

// junitVerdict is a testcase for a verdict that the others don't show.
func (v *view) junitVerdict() (junitSuite, bool) {
	s := v.emptySuite("verdict")
	if v.Verdict.Exit() != verdict.ExitUnknown {
		return s, false
	}
	s.add(junitCase{
		Name: "the run can be judged", Class: "fipsim.verdict", Time: seconds(0),
		Error: &junitText{Message: v.Verdict.String(), Type: string(v.Verdict.Word)},
	}, 0)
	return s, true
}

// message says in one line what did not hold.
func (it item) message() string {
	switch {
	case it.Status == Pass: // a known failure that holds
		return strings.Join(it.Notes, ", ")
	case it.Expected == "":
		return oneLine(it.Actual)
	}
	return oneLine(fmt.Sprintf("expected %s; came: %s", it.Expected, it.Actual))
}

// prose says it in several lines, without the timeline.
func (it item) prose() string {
	var b strings.Builder
	for _, l := range it.lines() {
		fmt.Fprintf(&b, "%s: %s\n", l.name, l.text)
	}
	return b.String()
}

// named is a text and what it is.
type named struct{ name, text string }

// lines are the texts of a result, those that it has.
func (it item) lines() []named {
	came := "came"
	if it.Status == Error {
		came = "error"
	}
	all := []named{
		{"rule", fmt.Sprintf("%s (@%s)", it.Title, it.Rule.Level)},
		{"step", it.Step}, {"expected", it.Expected}, {came, it.Actual}, {"source", it.Rule.Source},
		{"note", strings.Join(it.Notes, ", ")}, {"evidence", it.Evidence}, {"repeat", it.Again},
	}
	var some []named
	for _, l := range all {
		if l.text != "" {
			some = append(some, l)
		}
	}
	return some
}

// timelineText is a timeline, a line each.
func timelineText(events []trace.Event, limit int) string {
	var b strings.Builder
	for _, l := range timeline(events, limit) {
		b.WriteString(l.String() + "\n")
	}
	return b.String()
}

// seconds is a duration as JUnit has it.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
