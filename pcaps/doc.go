// Package pcaps reads captures of what phones did in the field: who they were, what
// they asked, and what they got, as the same events that the simulated phone makes.
// From there a capture can be told (Show), compared (Diff) and made a scenario of
// (Extract).
//
// A capture is one phone's story after the other. It may be big, cut, out of order and
// full of other traffic: it is read once, as a stream, in bounded memory, and what was
// left out is said.
package pcaps
