package page

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/trace"
)

// short is a duration with three digits: 12.3ms, 4.57s, 1m40s.
func short(d time.Duration) string {
	if d < 0 {
		return "-" + short(-d)
	}
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit).String()
		}
	}
}

// number writes a number with thin spaces between thousands.
func number(n uint64) string {
	text := strconv.FormatUint(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "\u202f" + text[at:]
	}
	return text
}

// maxWords bounds one text that a server may have written, in characters.
const maxWords = 400

// userInfo is all from :// to the last @ of a word: whatever it holds, it is not shown.
var userInfo = regexp.MustCompile(`://[^\s"]*@`)

// tame makes text of others fit to be shown: no control characters, no passwords of
// URLs, no endless lines.
func tame(text string) string {
	text = trace.Clean(userInfo.ReplaceAllString(strings.ToValidUTF8(text, "\ufffd"), "://"+config.Mask+"@"))
	if runes := []rune(text); len(runes) > maxWords {
		return fmt.Sprintf("%s … (%d more characters)", strings.TrimRight(string(runes[:maxWords]), " "), len(runes)-maxWords)
	}
	return text
}

// codeWords say what the codes of failures mean.
var codeWords = map[trace.Code]string{
	trace.NotFound:        "the server has no such file",
	trace.Unauthorized:    "the server wants other credentials",
	trace.Forbidden:       "the server refuses the file",
	trace.ServerError:     "the server answers with an error of its own",
	trace.NoAnswer:        "silence until the phone gave up",
	trace.Refused:         "nobody listens there",
	trace.UnknownHost:     "the name does not resolve",
	trace.Unreachable:     "no route",
	trace.Truncated:       "the body ended before its announced end",
	trace.TooLarge:        "more than a phone takes",
	trace.TLSFailure:      "handshake or certificate",
	trace.Redirects:       "too many redirects, or to where a phone must not follow",
	trace.Protocol:        "an answer that breaks the protocol",
	trace.BadURL:          "not a URL that a phone can fetch",
	trace.BadContent:      "a file that cannot be used",
	trace.LocalFailure:    "this machine had no socket, port or memory",
	trace.TimeUp:          "the limit of a whole pass was reached",
	trace.Cancelled:       "broken off",
	trace.NothingFound:    "the server has no file for this phone",
	trace.NoServer:        "no way of discovery found a server",
	trace.TooManyIncludes: "more include lines than a phone follows",
}

// code says what a code means; empty for one that says it itself.
func code(c trace.Code) string { return codeWords[c] }
