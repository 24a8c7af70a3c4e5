package phone

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/trace"
)

// webPage is what the provenance of a setting says that somebody typed.
const webPage = "web page"

// known is the server that the phone goes on with without looking for it again. The
// zero value is none.
type known struct {
	source string // the way that named it
	url    string // as offered: may hold a password
	detail string
	shown  string // without user info
}

// ProfileRule is the provisioning URL of the phone's web page, which static provision
// uses (Guide, "Static Provision"), with user name and password masked; empty where
// there is none.
func (p *Phone) ProfileRule() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return config.Masked(serverURL, p.rule())
}

// rule is the provisioning URL of static provision; p.mu is held. What was typed when
// the phone was made counts more than what its flash held then, and less than what it
// was told since.
func (p *Phone) rule() string {
	typed, _ := p.options.Finders[discover.SourceStatic].(discover.Static)
	if p.ruleTyped && typed.URL != "" {
		return typed.URL
	}
	if s, ok := either(p.flash.Settings, serverURL); ok {
		return s.Value
	}
	return typed.URL
}

// SetProfileRule is what typing into Profile Rule does: the URL is kept in flash as the
// setting static.auto_provision.server.url, and the next pass asks that server. An
// empty text takes the rule away; the masked text that ProfileRule returned changes
// nothing. Its error says why no phone could use the URL, or that flash failed.
func (p *Phone) SetProfileRule(text string) error {
	text = strings.TrimSpace(text)
	p.mu.Lock()
	defer p.mu.Unlock()
	if text == config.Masked(serverURL, p.rule()) {
		return nil
	}
	if text != "" {
		if err := p.usable(text); err != nil {
			return fmt.Errorf("profile rule: %w", err)
		}
	}
	return p.typeIn(serverURL, text)
}

// typeIn makes a setting that somebody typed the phone's own; p.mu is held. A pass that
// is under way stores its settings below it.
func (p *Phone) typeIn(key, value string) error {
	// the other name of the same setting goes blank, so that one rule stands
	cfg, err := config.NewCfg(webPage, []config.Entry{
		{Key: key, Value: value, Line: 1}, {Key: strings.TrimPrefix(key, staticPrefix), Line: 1},
	})
	if err != nil {
		return err
	}
	state := p.flash
	state.Settings = typedOver(p.flash.Settings, cfg)
	if err := p.options.Flash.Store(state); err != nil {
		return fmt.Errorf("flash: %w", err)
	}
	if p.breakOff != nil { // a pass is under way
		p.typed = append(p.typed, cfg)
	}
	p.become(state)
	p.trace.Record(trace.Event{Kind: trace.ProfileRule, URL: shownURL(value, p.id.MAC)})
	return nil
}

// typedOver returns s with what was typed over it; a blank takes a setting away.
func typedOver(s *config.Settings, typed ...*config.Cfg) *config.Settings {
	if len(typed) == 0 {
		return s
	}
	over := s.Clone()
	over.Blank = config.BlankDefault
	for _, cfg := range typed {
		over.Merge(cfg)
	}
	over.Blank = s.Blank
	return over
}

// become makes a flash's new content what the phone lives by; p.mu is held. A phone
// that is told of another server asks that one from now on, until it looks for its
// server again; one whose ways of finding it were switched looks at the next pass.
func (p *Phone) become(state State) {
	was, _ := readProfile(p.flash.Settings)
	is, _ := readProfile(state.Settings)
	before, had := either(p.flash.Settings, serverURL)
	now, has := either(state.Settings, serverURL)
	p.flash = state
	switch {
	case has && now.Value != before.Value && p.usable(now.Value) == nil:
		p.ruleTyped = false
		p.known = known{
			source: discover.SourceStatic, url: now.Value, shown: shownURL(now.Value, p.id.MAC),
			detail: fmt.Sprintf("%s of %s:%d", now.Key, now.File, now.Line),
		}
	case had && !has, !was.sameWays(is):
		p.known = known{}
	}
}

// shownURL is a URL as events may carry it.
func shownURL(text string, mac device.MAC) string {
	u, err := config.ParseURL(text, mac, true)
	if err != nil {
		return ""
	}
	return trace.URL(u)
}

// errLocalFile is a file: URL that came over the network.
var errLocalFile = errors.New("a file: URL from the network is refused")

// usable reports why the phone cannot ask a server that its settings name.
func (p *Phone) usable(text string) error {
	u, err := config.ParseURL(text, p.id.MAC, p.options.Behaviour.Macros == "on")
	if err != nil {
		return err
	}
	return p.mayAsk(u)
}

// mayAsk refuses a server that is a folder of this machine, unless the phone was made
// to provision offline, from one.
func (p *Phone) mayAsk(u *url.URL) error {
	if u.Scheme != "file" {
		return nil
	}
	given := p.options.Finders[discover.SourceStatic]
	typed, ok := given.(discover.Static)
	if given != nil && !ok {
		return nil // another way of the caller's own
	}
	if at, err := config.ParseURL(typed.URL, p.id.MAC, true); err == nil && at.Scheme == "file" {
		return nil
	}
	return errLocalFile
}
