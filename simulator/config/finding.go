package config

import "strconv"

// Kind is what sort of finding it is: a stable word for filters and reports.
type Kind string

// Findings in one file, whatever the phone.
const (
	ConflictMarker Kind = "conflict-marker"      // a line that a version control system left behind
	MalformedLine  Kind = "malformed-line"       // neither blank, nor comment, nor what the file is made of
	DuplicateKey   Kind = "duplicate-key"        // a key set twice in one file
	TrailingSpace  Kind = "trailing-space"       // blanks after a value
	NoBreakSpace   Kind = "no-break-space"       // U+00A0 and its kin, which look like blanks
	ByteOrderMark  Kind = "byte-order-mark"      // U+FEFF at the start of the file
	CarriageReturn Kind = "carriage-return"      // CR line ends
	TemplateText   Kind = "template-text"        // {$mac}, ${…}, {{…}}, $(…): nobody filled it in
	NotUTF8        Kind = "not-utf8"             // Latin-1, most likely
	OddKey         Kind = "odd-key"              // a key with blanks or non-ASCII inside
	GluedSettings  Kind = "glued-settings"       // two settings on one line
	QuotedValue    Kind = "quoted-value"         // a value in quotation marks
	ControlChar    Kind = "control-character"    // a line with a control character
	LongLine       Kind = "line-too-long"        // more than 64 KiB
	TooMany        Kind = "too-many-settings"    // more than 100,000 in one file
	NotText        Kind = "not-text"             // binary, encrypted or UTF-16
	IncludeNotCfg  Kind = "include-not-cfg"      // an include that does not end in .cfg
	IncludesGlued  Kind = "includes-on-one-line" // more than one include on a line
	NoInclude      Kind = "no-include"           // a boot file that names no cfg file
)

// Findings in merged settings, for one phone; and in a server's tree.
const (
	UnknownModel      Kind = "unknown-model"        // a model that the guide does not list
	AccountRange      Kind = "account-out-of-range" // an account that the model has not
	AccountIncomplete Kind = "account-incomplete"   // enabled, but without server, user or password
	BadURL            Kind = "bad-url"              // a URL-valued setting that holds none
	BadPort           Kind = "bad-port"             // a port-valued setting that holds none
	FileName          Kind = "file-name"            // a name that no phone asks for
)

// Finding is one thing that a phone would suffer from silently. Findings never change
// an outcome, and show no secret: values only of URLs, without user name and password,
// and of ports.
type Finding struct {
	File  string `json:"file"`
	Line  int    `json:"line"` // the first of Lines; 0: the file as a whole
	Kind  Kind   `json:"kind"`
	Text  string `json:"text"`            // one line: what it is, and what to do
	Count int    `json:"count"`           // how often; at least 1
	Lines []int  `json:"lines,omitempty"` // where, the first 100 of Count
}

// maxShownLines is how many line numbers String prints.
const maxShownLines = 20

// String returns "file:line: text", with the further lines where there are any.
func (f Finding) String() string {
	if f.Count < 2 {
		return place(f.File, f.Line) + ": " + f.Text
	}
	b := make([]byte, 0, len(f.File)+len(f.Text)+160)
	b = append(append(append(b, place(f.File, f.Line)...), ": "...), f.Text...)
	b = append(strconv.AppendInt(append(b, " ("...), int64(f.Count), 10), " times"...)
	shown := f.Lines[:min(len(f.Lines), maxShownLines)]
	before := ": lines "
	for _, n := range shown {
		b = strconv.AppendInt(append(b, before...), int64(n), 10)
		before = ", "
	}
	if len(shown) > 0 && f.Count > len(shown) {
		b = append(b, ", …"...)
	}
	return string(append(b, ')'))
}

// place returns file:line, or the file alone for line 0.
func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return file + ":" + strconv.Itoa(line)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
