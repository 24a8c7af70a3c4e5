package scenarios

import (
	"errors"
	"fmt"
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
	Dir          string // where its programs run: its own folder; empty: the current one
	Kind         string // KindDocroot, …
	URLs         []*url.URL
	Credentials  *url.Userinfo // for URLs without any; nil: none
	Docroot      string
	Command      []string // of a roster: program and arguments
	Without      []string // of a roster: fields of an account that the server has no place for
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
	Without      []string    `yaml:"without"`
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
// in it are relative to its folder, and its programs run there. With record, expect files may be missing.
func OpenTarget(name string, record bool) (*TargetFile, error) {
	var y targetYAML
	d, err := ReadYAML(name, targetVersion, &y)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(name)
	r := &targetReader{d: d, y: y, dir: dir, t: &TargetFile{Name: name, Dir: dir, Kind: y.Kind}, record: record}
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
	KindRoster:   {must: []string{"command"}, may: []string{"urls", "without"}},
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
		"without": len(r.y.Without) > 0,
	}
	for _, field := range []string{"urls", "docroot", "command", "phones", "without"} {
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
		r.t.Credentials = url.UserPassword(c.User, string(c.Password))
	}
	r.t.LogIn(r.t.URLs)
	return nil
}

// LogIn gives the file's credentials to URLs that have none, and whose protocol has a place for them.
func (t *TargetFile) LogIn(urls []*url.URL) {
	for _, u := range urls {
		if t.Credentials != nil && u.User == nil && u.Scheme != "tftp" {
			u.User = t.Credentials
		}
	}
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
	for i, field := range r.y.Without {
		if !slices.Contains(spare, field) {
			return r.d.Errorf(fmt.Sprintf("$.without[%d]", i), "no account can be without %q: want %s", field, strings.Join(spare, ", "))
		}
	}
	r.t.Without = r.y.Without
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
