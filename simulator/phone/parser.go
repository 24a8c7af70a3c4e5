package phone

import (
	"net/url"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Parser reads boot and cfg files. Its methods are those of package config; they may
// be called from several goroutines, and may return what they returned before.
type Parser interface {
	ParseBoot(name string, body []byte) (*config.Boot, error)
	ParseCfg(name string, body []byte) (*config.Cfg, error)
}

// plainParser is package config.
type plainParser struct{}

func (plainParser) ParseBoot(name string, body []byte) (*config.Boot, error) {
	return config.ParseBoot(name, body)
}

func (plainParser) ParseCfg(name string, body []byte) (*config.Cfg, error) {
	return config.ParseCfg(name, body)
}

// Known is the server that a phone knows while it has power.
type Known struct {
	Source string // the way that named it: pnp, dhcp, static; empty: no server is known
	URL    string // as offered; may hold a password
}

// Known returns the server that the phone knows, the zero Known where it knows none.
func (p *Phone) Known() Known {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Known{p.known.source, p.known.url}
}

// known is k as the phone keeps it.
func (k Known) known() known {
	if k.Source == "" {
		return known{}
	}
	shown := ""
	if u, err := url.Parse(k.URL); err == nil {
		shown = trace.URL(u)
	}
	return known{source: k.Source, url: k.URL, shown: shown, detail: "known since an earlier pass"}
}
