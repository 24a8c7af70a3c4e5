package fetch

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/fipsim/fipsim/simulator/trace"
)

// isRedirect tells the statuses whose Location leads to the file (RFC 9110 §15.4).
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirect makes f ask where res leads. It never leads out of HTTP and HTTPS. hops is
// the number of redirects that were followed before.
func (f *webFetch) redirect(res *http.Response, hops int) error {
	location := res.Header.Get("Location")
	if location == "" {
		return &Error{Code: trace.Protocol, Detail: status(res, f.password) + " without a Location"}
	}
	// What the parser says would repeat the Location, which may hold a password.
	to, err := f.at.Parse(location)
	if err != nil {
		return &Error{Code: trace.Redirects, Detail: status(res, f.password) + " with a Location that is not a URL"}
	}
	to = bare(to)
	to.Scheme = strings.ToLower(to.Scheme)
	if to.Scheme != "http" && to.Scheme != "https" {
		return failure(trace.Redirects, nil,
			"%s leads to a URL of scheme %s: a phone follows only to http and https", status(res, f.password), clean(to.Scheme))
	}
	detail := status(res, f.password)
	if f.at.Scheme == "https" && to.Scheme == "http" {
		detail += ", from https to http: no longer encrypted"
	}
	where := trace.URL(to)
	f.options.Trace.Record(trace.Event{
		Kind: trace.FetchRedirect, Name: f.Name, URL: where, Peer: f.peer, Attempt: hops + 1, Detail: detail,
	})
	if limit := f.options.Shared.behaviour.MaxRedirects; hops >= limit {
		return failure(trace.Redirects, nil,
			"more than %d redirects (option max_redirects), the last to %s", limit, clean(where, f.password))
	}
	f.at, f.where = to, where
	return nil
}

// mayHaveCredentials tells whether the host that is asked now is the one for which the
// credentials are: the same name, and not in the clear where it was encrypted. The
// port may differ, as it does from http to https.
func mayHaveCredentials(first, now *url.URL) bool {
	return strings.EqualFold(first.Hostname(), now.Hostname()) &&
		(!strings.EqualFold(first.Scheme, "https") || now.Scheme == "https")
}
