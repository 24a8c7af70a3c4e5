package phone

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
)

// bootFile fetches and reads a boot file. It returns nil for one that is missing, and
// with the boot file the URL that its includes are relative to.
func (s *pass) bootFile(ctx context.Context, name string) (*config.Boot, *url.URL, error) {
	at := config.Join(s.server, name)
	body, err := s.get(ctx, name, at)
	if err != nil || body == nil {
		return nil, nil, err
	}
	boot, err := s.phone.options.Parser.ParseBoot(name, body)
	if err != nil {
		return nil, nil, s.unusable(at, err)
	}
	s.found = true
	s.report.Files = append(s.report.Files, File{Name: name, URL: trace.URL(at), Bytes: int64(len(body))})
	s.trace.Record(trace.Event{Kind: trace.ConfigBoot, Name: name, Bytes: int64(len(boot.Includes)), Detail: s.includeList(boot)})
	s.findAll(boot.Findings)
	return boot, at, nil
}

// includeName is what an included file is called: what stands in the boot file, with
// the MAC in its place and without a password.
func (s *pass) includeName(include config.Include) string {
	return config.Masked("include", s.expand(include.Ref))
}

// includeList is bounded as the includes are that the phone follows: a boot file may have
// a million lines.
func (s *pass) includeList(b *config.Boot) string {
	listed := b.Includes[:min(len(b.Includes), s.behaviour.MaxIncludes)]
	names := make([]string, len(listed))
	for i, include := range listed {
		names[i] = s.includeName(include)
	}
	if len(listed) < len(b.Includes) {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// cfgFile fetches a cfg file and merges it over what came before; one that is missing
// changes nothing.
func (s *pass) cfgFile(ctx context.Context, name string, at *url.URL) error {
	body, err := s.get(ctx, name, at)
	if err != nil || body == nil {
		return err
	}
	cfg, err := s.phone.options.Parser.ParseCfg(name, body)
	if err != nil {
		return s.unusable(at, err)
	}
	s.found = true
	merged := s.settings.Merge(cfg)
	s.report.Files = append(s.report.Files, File{Name: name, URL: trace.URL(at), Bytes: int64(len(body)), Merge: merged})
	s.merged = append(s.merged, cfg)
	s.trace.Record(trace.Event{Kind: trace.ConfigCfg, Name: name, Detail: mergedWords(merged)})
	s.findAll(cfg.Findings)
	return nil
}

// mergedWords says what a cfg file did to the settings before it.
func mergedWords(m config.Merged) string {
	text := fmt.Sprintf("%d settings", m.Set)
	if m.Overridden > 0 {
		text += fmt.Sprintf(", %d of them override what was set before", m.Overridden)
	}
	if m.Blank > 0 {
		text += fmt.Sprintf(", %d more are blank", m.Blank)
	}
	return text
}

// get fetches one boot or cfg file. It returns a nil body for one that the phone goes
// on without: a miss, or under on_failure=skip any failure of the server's.
func (s *pass) get(ctx context.Context, name string, at *url.URL) ([]byte, error) {
	user, password := s.credentials(at)
	res, err := s.files.Fetch(ctx, fetch.Request{URL: at, Name: name, Limit: s.behaviour.MaxCfg, User: user, Password: password})
	switch {
	case err == nil && res.Body == nil:
		return []byte{}, nil
	case err == nil:
		return res.Body, nil
	case errors.Is(err, fetch.ErrNotFound):
		return nil, nil // "A miss is not a failure": next file
	case s.behaviour.OnFailure == "skip" && ctx.Err() == nil:
		s.skipped = err
		return nil, nil
	default:
		return nil, err
	}
}

// credentials returns what the phone's settings hold for its provisioning server, and
// for no other host: where the settings name that server, one that PnP or DHCP names in
// its place is a stranger.
func (s *pass) credentials(at *url.URL) (user, password string) {
	if at.Host != s.server.Host {
		return "", ""
	}
	if rule, ok := either(s.held, serverURL); ok && rule.Value != "" {
		own, err := config.ParseURL(rule.Value, s.id.MAC, s.behaviour.Macros == "on")
		if err != nil || !strings.EqualFold(own.Hostname(), at.Hostname()) {
			return "", ""
		}
	}
	name, _ := either(s.held, serverUser)
	secret, _ := either(s.held, serverPassword)
	return name.Value, secret.Value
}

// unusable is a file whose content cannot be read at all.
func (s *pass) unusable(at *url.URL, err error) error {
	return &Error{trace.BadContent, fmt.Sprintf("%s: %v", trace.URL(at), err)}
}

// Findings that only a pass can make.
const (
	IncludeMissing config.Kind = "include-missing" // the server has no such file
	IncludeRefused config.Kind = "include-refused" // not a URL that the phone may follow
)

func (s *pass) findInclude(boot *config.Boot, include config.Include, kind config.Kind, text string) {
	s.find(config.Finding{File: boot.Name, Line: include.Line, Kind: kind, Text: text, Count: 1})
}

// find notes a finding.
func (s *pass) find(f config.Finding) {
	s.report.Findings = append(s.report.Findings, f)
	s.trace.Record(trace.Event{Kind: trace.ConfigFinding, Name: f.File, Line: f.Line, Detail: f.Text})
}

func (s *pass) findAll(found []config.Finding) {
	for _, f := range found {
		s.find(f)
	}
}

// expand replaces $(MA) in an include, where the option macros allows it.
func (s *pass) expand(ref string) string {
	if s.behaviour.Macros != "on" {
		return ref
	}
	return config.Expand(ref, s.id.MAC)
}
