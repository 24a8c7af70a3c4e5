package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// Roster is a server that renders the files of its phones, and a program of its user's
// that tells it of phones.
type Roster struct {
	site
	scenarios.Pool
	folder string // of phones.json

	mu      sync.Mutex
	phones  []scenarios.Phone
	changes int64
}

// openRoster creates the phones.
func openRoster(ctx context.Context, file *scenarios.TargetFile, o Options) (*Roster, error) {
	r := &Roster{
		site:   newSite(file, o, scenarios.Phones, scenarios.Change, scenarios.Intrusive),
		phones: scenarios.Roster(o.Seed, scenarios.RosterSize),
	}
	for i, p := range r.phones {
		r.phones[i] = p.Without(file.Without)
	}
	var err error
	if r.folder, err = os.MkdirTemp("", "fipsim-roster-"); err != nil {
		return nil, &verdict.Error{Err: err}
	}
	urls, err := r.tell(ctx)
	if err == nil && len(urls) == 0 && len(file.URLs) == 0 {
		err = &verdict.Error{Err: fmt.Errorf("%s printed no base URL: want one a line, such as http://192.0.2.1/prov/", file.Command[0])}
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	if len(urls) > 0 {
		file.LogIn(urls)
		r.locate(urls)
	}
	for _, p := range r.phones {
		r.Add(scenarios.Enrolled{Phone: p, Bases: r.urls})
	}
	r.name += ", with phones that " + filepath.Base(file.Command[0]) + " created"
	return r, nil
}

// tell runs the program with all phones as they are to be now, and returns the URLs
// that it printed.
func (r *Roster) tell(ctx context.Context) ([]*url.URL, error) {
	name := filepath.Join(r.folder, "phones.json")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // it holds passwords
	if err != nil {
		return nil, &verdict.Error{Err: err}
	}
	if err := errors.Join(scenarios.WriteRoster(f, r.phones), f.Close()); err != nil {
		return nil, &verdict.Error{Err: err}
	}
	out, err := r.run(ctx, r.file.Command, []string{"FIPSIM_ROSTER=" + name})
	if err != nil {
		return nil, err
	}
	var urls []*url.URL
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		u, err := scenarios.ParseBase(line)
		if err == nil && scenarios.BaseOf(urls, u.Scheme) != nil {
			err = fmt.Errorf("a second URL for %s", u.Scheme)
		}
		if err != nil {
			return nil, &verdict.Error{Err: fmt.Errorf("%s printed: %w", r.file.Command[0], err)}
		}
		urls = append(urls, u)
	}
	return urls, nil
}

// Change implements scenarios.Changer: the program runs again, with all phones.
func (r *Roster) Change(ctx context.Context, phone scenarios.Enrolled) (scenarios.Enrolled, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.phones, func(p scenarios.Phone) bool { return p.Identity.MAC == phone.Identity.MAC })
	if i < 0 {
		return phone, &verdict.Error{Err: fmt.Errorf("%s is not in the roster", phone.Identity.MAC)}
	}
	r.changes++
	r.phones[i] = r.phones[i].Changed(r.options.Seed + r.changes)
	phone.Phone = r.phones[i]
	_, err := r.tell(ctx)
	return phone, err
}

// Publish implements scenarios.Target: nothing can be published here.
func (r *Roster) Publish(context.Context, fs.FS) (*scenarios.Publication, error) {
	return nil, errNoPublishing
}

// errNoPublishing is returned to whoever does not ask for capabilities.
var errNoPublishing = &verdict.Error{Err: errors.New("nothing can be published on this target")}

// Probe implements scenarios.Prober.
func (r *Roster) Probe(ctx context.Context, scheme string) error {
	return r.probePhone(ctx, scheme, r.phones[0].Identity.MAC)
}

// Reset implements scenarios.Target. The phones stay: only the server's own means could
// take them away.
func (r *Roster) Reset(context.Context) error { return nil }

// Close implements io.Closer.
func (r *Roster) Close() error { return os.RemoveAll(r.folder) }
