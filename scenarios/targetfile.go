package scenarios

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

// The kinds of target.
const (
	KindDocroot  = "docroot"  // we write below a folder that the server serves
	KindRoster   = "roster"   // a user's program creates phones in the server
	KindLive     = "live"     // a server in use: nothing is published
	KindEmbedded = "embedded" // the reference server
)

// TargetFile is target.yaml: which server is judged, and how (docs/target.md).
type TargetFile struct {
	Name         string // the file's; empty: there is none
	Kind         string // KindDocroot, …
	URLs         []*url.URL
	Docroot      string
	Command      []string // of a roster: program and arguments
	Notify       []string // program and arguments that send a check-sync
	Capabilities []Capability
	PnPAddress   string // host:port; empty: the multicast group
	DHCPRelay    string // host:port of the DHCP server
	CA           []byte // PEM
	Phones       []Phone
}

// targetVersion is the version of target.yaml that this program reads.
const targetVersion = 1

type targetYAML struct {
	Version      int         `yaml:"version"`
	Kind         string      `yaml:"kind"`
	URLs         []string    `yaml:"urls"`
	Docroot      string      `yaml:"docroot"`
	Command      ast.Node    `yaml:"command"`
	Notify       ast.Node    `yaml:"notify"`
	Capabilities []ast.Node  `yaml:"capabilities"`
	CA           string      `yaml:"ca"`
	Credentials  *login      `yaml:"credentials"`
	Phones       []phoneYAML `yaml:"phones"`
}

// login is asked for by the server, over all its protocols but TFTP.
type login struct {
	User     string `yaml:"user"`
	Password word   `yaml:"password"`
}

// OpenTarget reads a target.yaml. Its errors name file, line and column. Names of files
// in it are relative to its folder. With record, expect files may be missing.
func OpenTarget(name string, record bool) (*TargetFile, error) {
	var y targetYAML
	d, err := ReadYAML(name, targetVersion, &y)
	if err != nil {
		return nil, err
	}
	r := &targetReader{d: d, y: y, dir: filepath.Dir(name), t: &TargetFile{Name: name, Kind: y.Kind}, record: record}
	for _, read := range []func() error{r.kind, r.urls, r.programs, r.files, r.capabilities, r.phones} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return r.t, nil
}

// targetReader checks a target.yaml, a concern a method.
type targetReader struct {
	d      *Document
	y      targetYAML
	dir    string
	t      *TargetFile
	record bool
}

// kinds tells what fields a kind must and may have beside urls, ca, credentials,
// notify and capabilities.
var kinds = map[string]struct{ must, may []string }{
	KindDocroot:  {must: []string{"urls", "docroot"}},
	KindRoster:   {must: []string{"command"}, may: []string{"urls"}},
	KindLive:     {must: []string{"urls", "phones"}},
	KindEmbedded: {},
}

func (r *targetReader) kind() error {
	k, ok := kinds[r.y.Kind]
	if !ok {
		return r.d.Errorf("$.kind", "kind %q: want docroot, roster, live or embedded", r.y.Kind)
	}
	given := map[string]bool{
		"urls": len(r.y.URLs) > 0, "docroot": r.y.Docroot != "", "command": r.y.Command != nil, "phones": len(r.y.Phones) > 0,
	}
	for _, field := range []string{"urls", "docroot", "command", "phones"} {
		switch {
		case slices.Contains(k.must, field) && !given[field]:
			return r.d.Errorf("$."+field, "a target of kind %s needs %s", r.y.Kind, field)
		case given[field] && !slices.Contains(k.must, field) && !slices.Contains(k.may, field):
			return r.d.Errorf("$."+field, "a target of kind %s has no %s", r.y.Kind, field)
		}
	}
	return nil
}

func (r *targetReader) urls() error {
	for i, text := range r.y.URLs {
		u, err := ParseBase(text)
		if err == nil && BaseOf(r.t.URLs, u.Scheme) != nil {
			err = fmt.Errorf("a second URL for %s: want one a protocol", u.Scheme)
		}
		if err != nil {
			return r.d.Errorf(fmt.Sprintf("$.urls[%d]", i), "%w", err)
		}
		r.t.URLs = append(r.t.URLs, u)
	}
	if c := r.y.Credentials; c != nil {
		if c.User == "" {
			return r.d.Errorf("$.credentials", "credentials without a user")
		}
		for _, u := range r.t.URLs {
			if u.User == nil && u.Scheme != "tftp" {
				u.User = url.UserPassword(c.User, string(c.Password))
			}
		}
	}
	return nil
}

// ParseBase reads the base URL of a server: a folder, whose path gets its final slash.
func ParseBase(text string) (*url.URL, error) {
	u, err := config.ParseURL(text, device.MAC{}, false)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme == "file":
		return nil, errors.New("a file: URL has no server that could be judged")
	case strings.HasSuffix(u.Path, ".cfg"):
		return nil, errors.New("a server's URL names a folder, not one cfg file")
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/"
	u.RawPath = ""
	return u, nil
}

func (r *targetReader) programs() (err error) {
	if r.t.Command, err = r.program("$.command", r.y.Command); err != nil {
		return err
	}
	r.t.Notify, err = r.program("$.notify", r.y.Notify)
	return err
}

// program reads a program with its arguments: one word, or a list. It runs without a
// shell. One with a slash in its name is relative to the file's folder.
func (r *targetReader) program(path string, n ast.Node) ([]string, error) {
	var words []string
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return nil, nil
	case *ast.SequenceNode:
		for _, v := range n.Values {
			if _, ok := v.(ast.ScalarNode); !ok {
				return nil, r.d.Errorf(path, "want a program, or a list of a program and its arguments")
			}
			words = append(words, v.GetToken().Value)
		}
	case ast.ScalarNode:
		words = []string{n.GetToken().Value}
	}
	if len(words) == 0 || words[0] == "" {
		return nil, r.d.Errorf(path, "want a program, or a list of a program and its arguments")
	}
	if strings.ContainsRune(words[0], '/') {
		full, err := filepath.Abs(within(r.dir, words[0]))
		if err != nil {
			return nil, r.d.Errorf(path, "%w", err)
		}
		if _, err := os.Stat(full); err != nil {
			return nil, r.d.Errorf(path, "%w", err)
		}
		words[0] = full
	}
	return words, nil
}

func (r *targetReader) files() error {
	if r.y.Docroot != "" {
		r.t.Docroot = within(r.dir, r.y.Docroot)
	}
	if r.y.CA == "" {
		return nil
	}
	pem, err := readFile(within(r.dir, r.y.CA))
	if err != nil {
		return r.d.Errorf("$.ca", "%w", err)
	}
	r.t.CA = pem
	return nil
}

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

func (r *targetReader) phones() error {
	seen := make(map[device.MAC]bool)
	for i, y := range r.y.Phones {
		p, err := y.read(r.d, phonePath(i), r.dir, r.record)
		if err != nil {
			return err
		}
		if seen[p.Identity.MAC] {
			return r.d.Errorf(phonePath(i)+".mac", "%s is there already", p.Identity.MAC)
		}
		seen[p.Identity.MAC] = true
		r.t.Phones = append(r.t.Phones, p)
	}
	return nil
}

func phonePath(i int) string { return fmt.Sprintf("$.phones[%d]", i) }
