package phone

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Resource is a file that a setting names.
type Resource struct {
	Key     string // the setting: local_contact.data.url
	URL     string // without user info
	Bytes   int64
	Entries int   // of a phonebook
	Err     error // why it could not be had or used; never undoes the settings
}

// fetchResources fetches what the settings of this pass name: "if the access URLs of
// the resource files have been specified in the configuration files, the phone will
// try to download the resource files" (Guide, "Downloading Boot, Configuration and
// Resource Files"). "A missing resource is reported and never undoes the settings."
func (s *pass) fetchResources(ctx context.Context) {
	for _, wanted := range config.Resources(s.settings) {
		if !slices.ContainsFunc(s.merged, func(c *config.Cfg) bool { return c.Has(wanted.Key) }) {
			continue
		}
		var r Resource
		if wanted.Kind != config.Firmware {
			r = s.fetchResource(ctx, wanted)
		} else if fetched, ok := s.fetchFirmware(ctx, wanted); ok {
			r = fetched
		} else {
			continue
		}
		event := trace.Event{Kind: trace.ResourceDone, Name: r.Key, URL: r.URL, Bytes: r.Bytes, Fault: FaultOf(r.Err)}
		switch {
		case r.Err != nil:
			event.Kind, event.Detail = trace.ResourceFailed, r.Err.Error()
		case wanted.Kind == config.Phonebook:
			event.Detail = fmt.Sprintf("phonebook with %d entries", r.Entries)
		}
		s.report.Resources = append(s.report.Resources, r)
		s.trace.Record(event)
	}
}

func (s *pass) fetchResource(ctx context.Context, wanted config.Resource) Resource {
	r := Resource{Key: wanted.Key}
	at, err := config.ParseURL(wanted.URL, s.id.MAC, s.behaviour.Macros == "on")
	if err != nil {
		r.Err = &Error{trace.BadURL, err.Error()}
		return r
	}
	if at.Scheme == "file" && s.server.Scheme != "file" {
		r.Err = &Error{trace.BadURL, "a file: URL from the network is refused"}
		return r
	}
	r.URL = trace.URL(at)
	request := fetch.Request{URL: at, Name: fileName(at), Limit: s.behaviour.MaxResource}
	request.User, request.Password = s.credentials(at)
	if wanted.Kind != config.Phonebook {
		request.Body = io.Discard // a firmware or a ring tone: nothing here plays it
	}
	res, err := s.files.Fetch(ctx, request)
	if err != nil {
		r.Err = err
		return r
	}
	r.Bytes = res.Bytes
	if wanted.Kind != config.Phonebook {
		return r
	}
	if r.Entries, err = countEntries(bytes.NewReader(res.Body)); err != nil {
		r.Err = &Error{trace.BadContent, fmt.Sprintf("%s: %v", r.URL, err)}
		return r
	}
	if err := s.phone.options.Flash.StoreResource(wanted.Key, res.Body); err != nil {
		r.Err = &Error{trace.LocalFailure, fmt.Sprintf("flash: %v", err)}
	}
	return r
}
