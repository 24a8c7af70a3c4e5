package interview

import (
	"strings"
	"testing"
)

// What is said in one boot fills no memory: beyond a bound it is an error, and not kept.
func TestEvidenceIsBounded(t *testing.T) {
	var e evidence
	megabyte := make([]byte, 1<<20)
	for range maxEvidence >> 20 {
		if _, err := e.Write(megabyte); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Write(megabyte); err == nil || !strings.Contains(err.Error(), "more than 64 MB were said in one boot") || e.Len() != maxEvidence {
		t.Errorf("%v, %d bytes kept", err, e.Len())
	}
}
