package report_test

import (
	"net/netip"
	"time"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/steps/report"
)

// rule is one of a made-up chapter; real ones change.
func rule(id, chapter, title, source string, level features.Level, line int) features.Rule {
	return features.Rule{
		ID: id, Chapter: chapter, Feature: "Example", Title: title, Source: source, Level: level, Grade: "A",
		File: chapter + "/example.feature", Line: line, Tags: []string{"@" + id, "@" + string(level), "@grade-A"},
	}
}

var (
	bootRule = rule("FIP-BOOT-001", "boot-files", "The MAC-Oriented boot file is served under its exact name",
		`Guide, "Creating MAC-Oriented Boot File": "the MAC-Oriented boot file has to be named as 0021f2000001.boot(case-sensitive)".`, features.Must, 3)
	missRule = rule("FIP-MISS-002", "missing-files", "A file that is not there is told to be missing",
		`RFC 1350 §5: "An ERROR packet (opcode 5) … can be the acknowledgment of any other type of packet."`, features.Must, 7)
	caseRule = rule("FIP-NAME-009", "names", "Names differ by case", `Guide, "Creating a New CFG File": "case-sensitive".`, features.Should, 11)
	pnpRule  = rule("FIP-PNP-001", "pnp", "A SUBSCRIBE is answered by a NOTIFY that names the server", `Guide, "PnP".`, features.Must, 2)
)

// pass is what a phone does that is told that its boot file is missing.
func pass(mac device.MAC) []trace.Event {
	const url = "tftp://127.0.0.1:6969/1/0021f2e00001.boot"
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	peer := netip.MustParseAddrPort("127.0.0.1:6969")
	return []trace.Event{
		{Seq: 1, Pass: 1, Phone: mac, At: at(0), Kind: trace.PassStart, Detail: "power-on"},
		{Seq: 2, Pass: 1, Phone: mac, At: at(1), Kind: trace.SourceFound, Name: "static", URL: "tftp://127.0.0.1:6969/1/"},
		{Seq: 3, Pass: 1, Phone: mac, At: at(2), Kind: trace.FetchRequest, Name: "0021f2e00001.boot", URL: url, Peer: peer, Attempt: 1},
		{Seq: 4, Pass: 1, Phone: mac, At: at(5), Kind: trace.FetchMissing, Name: "0021f2e00001.boot", URL: url, Peer: peer, Detail: "TFTP ERROR 1 \"File not found\""},
		{Seq: 5, Pass: 1, Phone: mac, At: at(6), Kind: trace.PassDone, Fault: trace.NothingFound, Detail: "nothing found", Took: 6 * time.Millisecond},
	}
}

// failing is a small run in which everything happens.
func failing() *report.Run {
	mac := device.MAC{0x00, 0x21, 0xf2, 0xe0, 0x00, 0x01}
	needsPnP := pnpRule
	needsPnP.Needs = []string{"pnp"}
	return &report.Run{
		Target: "the folder /srv/tftp", URLs: []string{"tftp://127.0.0.1:6969/", "ftp://127.0.0.1:2121/"}, Started: began, Took: 4200 * time.Millisecond, Seed: 42,
		Capabilities: []scenarios.Capability{scenarios.TFTP, scenarios.FTP, scenarios.PublishTree}, Version: "v0.1.0",
		Command: "fipsim check --server tftp://127.0.0.1:6969/ --server ftp://127.0.0.1:2121/ --docroot /srv/tftp --seed 42",
		Results: []report.Result{
			{Rule: needsPnP, Status: report.Skip, Actual: "the target declares no pnp", Started: began},
			{Rule: bootRule, Over: "ftp", Status: report.Pass, Started: began, Took: 80 * time.Millisecond, Events: pass(mac)},
			{
				Rule: bootRule, Over: "tftp", Status: report.Fail, Started: began, Took: 120 * time.Millisecond, Events: pass(mac),
				Step: `it was given "<mac>.boot"`, Expected: "the file for the request of 0021f2e00001.boot", Actual: `TFTP ERROR 1 "File not found"`,
				Again: "fipsim check --rule FIP-BOOT-001 --server tftp://127.0.0.1:6969/ --docroot /srv/tftp --seed 42", Evidence: "evidence/FIP-BOOT-001-tftp",
			},
			{
				Rule: missRule, Over: "tftp", Status: report.Error, Started: began, Took: time.Second, Example: "0 bytes", Step: "the server publishes",
				Actual: "publishing: open /srv/tftp/fipsim-1: permission denied",
			},
			{
				Rule: missRule, Over: "ftp", Status: report.Fail, Started: began, Took: time.Second, Example: "0 bytes",
				Step: "it was told that \"x.cfg\" is missing", Expected: "an answer that there is no such file", Actual: "0 bytes came",
				Known: &report.Known{Rule: missRule.ID, Reason: "ticket 12", Expires: began.AddDate(0, 1, 0)},
			},
			{
				Rule: caseRule, Over: "tftp", Status: report.Fail, Started: began, Took: 30 * time.Millisecond,
				Step: "it was told that \"X.CFG\" is missing", Expected: "an answer that there is no such file\nfor X.CFG", Actual: "12 bytes came",
			},
		},
	}
}

// passing is a run in which all held.
func passing() *report.Run {
	run := failing()
	kept := run.Results[:0]
	for _, r := range run.Results {
		if r.Status == report.Pass || r.Status == report.Skip {
			kept = append(kept, r)
		}
	}
	run.Results = kept
	return run
}

// The things that a hostile server could have a report say.
const (
	evilHTML = `</pre></script><script>alert(1)</script><img src=x onerror=alert(1)>]]>-->{{.}}`
	evilTerm = "\x1b[2J\x1b]0;owned\a\r\n::error::forged\n##[error]forged\n\u202eesrever\u2066\x00\xff\ufffe"
	evilMark = "```\n# head\n| a | b |\n[x](javascript:alert(1)) <b>@user</b> ~~~"
	password = "hunter2-5%"
)

// hostile is a run in which every text is an attack, or gives a password away.
func hostile() *report.Run {
	run := failing()
	evil := evilHTML + evilTerm + evilMark
	secret := "ftp://admin:" + password + "@10.0.0.1/x "
	run.Target, run.URLs, run.Stopped, run.Command = evil+secret, []string{secret + evil}, evil+secret, secret
	for i := range run.Results {
		r := &run.Results[i]
		r.Step, r.Expected, r.Actual = `it holds "sip.account.1.password" as "`+password+`"`, "sip.account.1.password="+password, `the phone holds "`+password+`" `+evil
		r.Again, r.Evidence, r.Example = secret+evil, evil, evil
		r.Rule.Title, r.Rule.Source = r.Rule.Title+evil, evil
		for j := range r.Events {
			r.Events[j].Detail += evil
		}
	}
	return run
}
