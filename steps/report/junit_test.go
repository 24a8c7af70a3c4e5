package report_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/steps/report"
)

// junitDoc is what a reader of JUnit XML takes from it.
type junitDoc struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Suites   []struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Cases    []struct {
			Name    string    `xml:"name,attr"`
			Class   string    `xml:"classname,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

// The counts of every suite are those of its testcases, and no two of these are named
// alike: Jenkins and GitLab keep their history by these names.
func TestJUnitCounts(t *testing.T) {
	twice := failing()
	twice.Results = append(twice.Results, twice.Results...)
	for name, run := range map[string]*report.Run{"failing": failing(), "hostile": hostile(), "twice": twice, "empty": {}} {
		var doc junitDoc
		if err := xml.Unmarshal([]byte(write(t, "junit", run)), &doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		tests, failures, errors := 0, 0, 0
		seen := make(map[string]bool)
		for _, s := range doc.Suites {
			got := [4]int{}
			for _, c := range s.Cases {
				got[0]++
				for i, there := range []bool{c.Failure != nil, c.Error != nil, c.Skipped != nil} {
					if there {
						got[i+1]++
					}
				}
				if key := c.Class + "\x00" + c.Name; seen[key] {
					t.Errorf("%s: two testcases %s %s", name, c.Class, c.Name)
				} else {
					seen[key] = true
				}
			}
			if want := [4]int{s.Tests, s.Failures, s.Errors, s.Skipped}; got != want {
				t.Errorf("%s: suite %s has %v, and says %v", name, s.Name, got, want)
			}
			tests, failures, errors = tests+got[0], failures+got[1], errors+got[2]
		}
		if diff := cmp.Diff([3]int{doc.Tests, doc.Failures, doc.Errors}, [3]int{tests, failures, errors}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A service that reads nothing but this file is red exactly when the exit status is not 0.
func TestJUnitIsRedWhenTheRunIs(t *testing.T) {
	stopped, partial := passing(), passing()
	stopped.Stopped = "interrupted"
	partial.Capabilities = append(partial.Capabilities, "pnp")
	warned := passing()
	warned.Results = append(warned.Results, res("R", "names", features.Should, "tftp", report.Fail))
	strict := passing()
	strict.Strict, strict.Results = true, warned.Results
	for name, run := range map[string]*report.Run{
		"failing": failing(), "passing": passing(), "stopped": stopped, "partial": partial, "warned": warned, "strict": strict, "empty": {},
	} {
		var doc junitDoc
		if err := xml.Unmarshal([]byte(write(t, "junit", run)), &doc); err != nil {
			t.Fatal(err)
		}
		if red := doc.Failures+doc.Errors > 0; red != (run.Verdict().Exit() != 0) {
			t.Errorf("%s: %d failures, %d errors, %s", name, doc.Failures, doc.Errors, run.Verdict())
		}
	}
}

// GitHub shows ten annotations of a kind and drops the rest without a word.
func TestGitHubSaysHowManyMore(t *testing.T) {
	run := &report.Run{}
	for i := range 30 {
		run.Results = append(run.Results, res(fmt.Sprintf("R%02d", i), "names", features.Must, "", report.Fail))
	}
	lines := strings.Split(strings.TrimSpace(write(t, "github", run)), "\n")
	if len(lines) != 10 || !strings.HasPrefix(lines[0], "::error title=fipsim check::fails: R00") || lines[9] != "::error title=fipsim check::and 22 more, in the log" {
		t.Errorf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
}

// A rule with many rows of examples takes one annotation of the ten.
func TestGitHubNamesARuleOnce(t *testing.T) {
	run := &report.Run{}
	for i := range 30 {
		r := res("R", "names", features.Must, "tftp", report.Fail)
		r.Example = fmt.Sprint(i)
		run.Results = append(run.Results, r)
	}
	const want = "::error title=R over TFTP::t [0] (and 29 rows of examples)%0Awhy\n"
	if got := write(t, "github", run); strings.Count(got, "\n") != 2 || !strings.HasSuffix(got, want) {
		t.Errorf("got %s", got)
	}
}

// Properties and data of a workflow command end where GitHub thinks that they do.
func TestGitHubEscapes(t *testing.T) {
	run := &report.Run{Results: []report.Result{{
		Rule: features.Rule{ID: "R:1,2", Chapter: "c", File: "c/a,b:1.feature", Line: 3, Level: features.Must, Title: "100%"},
		Over: "a:b", Example: "x::y", Status: report.Fail, Expected: "a\nb", Actual: "c",
	}}}
	const want = "::error file=features/c/a%2Cb%3A1.feature,line=3,title=R%3A1%2C2 over a%3Ab::100%25 [x::y]%0Aexpected a b; came: c\n"
	if got := write(t, "github", run); !strings.HasSuffix(got, want) {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
