package scenarios

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// capabilities reads words, and for pnp and dhcp also pairs of word and host:port.
func (r *targetReader) capabilities() error {
	for i, n := range r.y.Capabilities {
		path := fmt.Sprintf("$.capabilities[%d]", i)
		name, address := "", ""
		switch n := n.(type) {
		case ast.ScalarNode:
			name = n.GetToken().Value
		case *ast.MappingNode:
			if len(n.Values) != 1 {
				return r.d.Errorf(path, "want one capability an entry")
			}
			name, address = n.Values[0].Key.String(), n.Values[0].Value.GetToken().Value
		}
		if err := r.capability(Capability(name), address); err != nil {
			return r.d.Errorf(path, "%w", err)
		}
	}
	return nil
}

func (r *targetReader) capability(c Capability, address string) error {
	if !slices.Contains(Capabilities(), c) {
		return fmt.Errorf("there is no capability %q%s", c, DidYouMean(string(c), words(Capabilities())))
	}
	if c == Announce {
		return fmt.Errorf("capability %s is only of servers whose maker runs the suite from Go", c)
	}
	if slices.Contains([]Capability{TFTP, FTP, HTTP, HTTPS}, c) && len(r.t.URLs) > 0 && BaseOf(r.t.URLs, string(c)) == nil {
		return fmt.Errorf("capability %s without a URL: urls has none for it", c)
	}
	if address != "" {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("capability %s: want HOST:PORT: %w", c, err)
		}
	}
	switch {
	case c == PnP:
		r.t.PnPAddress = address
	case c == DHCP && address == "":
		return errors.New("capability dhcp: want dhcp: HOST:PORT, the DHCP server that a relay agent asks")
	case c == DHCP:
		r.t.DHCPRelay = address
	case address != "":
		return fmt.Errorf("capability %s takes no address", c)
	}
	r.t.Capabilities = append(r.t.Capabilities, c)
	return nil
}
