package pcaps

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/fipsim/fipsim/simulator/trace"
)

// accepts are the codings that a request takes: "a user agent sends Accept-Encoding to
// indicate its preferences regarding response content-codings" (RFC 9110 §12.5.3). A
// phone sends none; other clients do.
type accepts string

func acceptsOf(h http.Header) accepts {
	return accepts(strings.ToLower(strings.Join(h.Values("Accept-Encoding"), ",")))
}

// takes reports whether a coding was asked for: named, or *, and not with q=0.
func (a accepts) takes(coding string) bool {
	others := false
	for part := range strings.SplitSeq(string(a), ",") {
		name, weight, _ := strings.Cut(part, ";")
		weight = strings.ReplaceAll(weight, " ", "")
		wanted := !strings.HasPrefix(weight, "q=") || strings.Trim(weight[2:], "0.") != ""
		switch strings.TrimPrefix(strings.TrimSpace(name), "x-") {
		case coding:
			return wanted
		case "*":
			others = wanted
		}
	}
	return others
}

// decoded undoes the coding that a client asked for: that is what it got. A coding that
// it did not ask for stays, as it does for the client. why says why a body cannot be read.
func (a accepts) decoded(res *http.Response, b []byte) (body []byte, coding, why string) {
	coding = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(res.Header.Get("Content-Encoding"))), "x-")
	if coding == "" || coding == "identity" || !a.takes(coding) {
		return b, "", ""
	}
	var in io.Reader
	var err error
	switch coding {
	case "gzip":
		in, err = gzip.NewReader(bytes.NewReader(b))
	case "deflate": // "the zlib format" (RFC 9110 §8.4.1.2)
		in, err = zlib.NewReader(bytes.NewReader(b))
	default:
		coding = trace.Clean(coding)
		return nil, coding, "it is compressed (" + coding + "), as the client asked, and not unpacked here"
	}
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(in, maxBody+1))
	}
	switch {
	case err != nil:
		return nil, coding, fmt.Sprintf("it is compressed (%s), and broken: %v", coding, err)
	case len(body) > maxBody:
		return nil, coding, fmt.Sprintf("unpacked it is more than %d bytes, which is more than is kept of one file", maxBody)
	}
	return body, coding, ""
}
