// Package fleet is many phones at once: N virtual phones, each a full one with settings
// of its own, that provision from a server as a site of phones does, and what is
// measured of it.
//
// The model is open: a phone means to start when its Pacer says, whatever became of the
// others, and its latency counts from that moment. A phone at rest is a struct, without
// goroutine or socket; a bounded number of passes is under way at once. Where that
// bound, or this machine, and not the server decided what was measured, the Report
// says so (Report.Invalid).
package fleet
