package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
)

// homes are the hosts that k6 turns to by itself: reports of its usage, and the service
// that builds another k6 for a script with extensions that this one has not.
var homes = []string{"stats.grafana.org", "ingest.k6.io"}

// keepQuiet makes k6 send nothing that nobody asked for, whatever its configuration
// says. What a user asks for by name, such as an output or `k6 cloud`, is left alone.
func keepQuiet() {
	for key, value := range map[string]string{
		"K6_NO_USAGE_REPORT":           "true",
		"K6_AUTO_EXTENSION_RESOLUTION": "false",
		"K6_BINARY_PROVISIONING":       "false", // the same in older versions
	} {
		_ = os.Setenv(key, value) // fails for malformed keys only
	}
	// A flag counts more than the environment.
	http.DefaultClient.Transport = quiet{http.DefaultTransport}
}

// quiet is an HTTP transport that does not reach homes.
type quiet struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (q quiet) RoundTrip(r *http.Request) (*http.Response, error) {
	host := strings.TrimSuffix(strings.ToLower(r.URL.Hostname()), ".")
	for _, home := range homes {
		if host == home {
			if r.Body != nil {
				_ = r.Body.Close() // a RoundTripper must, also where it fails
			}
			return nil, fmt.Errorf("this k6 sends nothing to %s", home)
		}
	}
	return q.next.RoundTrip(r)
}
