package trace

import "net/url"

// URL returns u as events carry it: without user name and password.
func URL(u *url.URL) string {
	if u == nil {
		return ""
	}
	bare := *u
	bare.User = nil
	return bare.String()
}
