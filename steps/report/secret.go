package report

import (
	"regexp"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
)

var (
	// userInfo is all from :// to the last @ of a word: a password that somebody wrote
	// into a URL may hold any character.
	userInfo = regexp.MustCompile(`://[^\s"]*@`)
	// assignment is a line of a cfg file, or of a message that quotes one.
	assignment = regexp.MustCompile(`([A-Za-z0-9_.]+)(\s*=\s*)[^\n]+`)
	// keyWord is what may be a setting's name; it has a dot.
	keyWord = regexp.MustCompile(`[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+`)
	quoted  = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
)

// redact returns text without user info of URLs and without the values of settings that
// are secret. Steps mask what they know to be secret; this is for what slips through.
func redact(text string) string {
	text = userInfo.ReplaceAllString(text, "://"+config.Mask+"@")
	return assignment.ReplaceAllStringFunc(text, func(line string) string {
		m := assignment.FindStringSubmatch(line)
		if !config.IsSecret(m[1]) {
			return line
		}
		return m[1] + m[2] + config.Mask
	})
}

// redactResult does so for the texts of a result. Where one of them names a secret
// setting, what stands in quotes in any of them may be its value.
func redactResult(r *Result) {
	texts := []*string{&r.Step, &r.Expected, &r.Actual}
	about := false
	for _, text := range texts {
		for _, key := range keyWord.FindAllString(*text, -1) {
			about = about || config.IsSecret(key)
		}
	}
	for _, text := range texts {
		*text = redact(*text)
		if about {
			*text = quoted.ReplaceAllStringFunc(*text, maskQuoted)
		}
	}
	r.Again, r.Example = redact(r.Again), redact(r.Example)
}

// maskQuoted masks a quoted text, if it is no setting's name.
func maskQuoted(text string) string {
	if inner := strings.Trim(text, `"`); keyWord.FindString(inner) == inner && config.IsSecret(inner) {
		return text
	}
	return `"` + config.Mask + `"`
}
