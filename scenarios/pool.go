package scenarios

import (
	"context"
	"io/fs"
	"slices"
	"sync"
)

// Pool hands out phones, each to one at a time. It makes a target an Enroller. The zero
// value is empty.
type Pool struct {
	mu   sync.Mutex
	free []Enrolled
}

// Add puts a phone into the pool.
func (p *Pool) Add(phone Enrolled) { p.Return([]Enrolled{phone}) }

// Enroll implements Enroller.
func (p *Pool) Enroll(ctx context.Context, n int) ([]Enrolled, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = min(n, len(p.free))
	phones := slices.Clone(p.free[:n])
	p.free = slices.Delete(p.free, 0, n)
	return phones, ctx.Err()
}

// Return implements Enroller.
func (p *Pool) Return(phones []Enrolled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, phones...)
}

// clear empties the pool.
func (p *Pool) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = nil
}

// Published makes an Enroller and a Changer of a server on which files of ours can be
// published: its phones are those of a Roster, with a cfg file each.
type Published struct {
	Publish func(context.Context, fs.FS) (*Publication, error)
	Seed    int64

	pool   Pool
	mu     sync.Mutex
	at     *Publication
	phones []Phone
	change int64
}

// RosterSize is how many phones a server is given: eight for each of four protocols,
// which are judged side by side.
const RosterSize = 32

// Enroll implements Enroller.
func (p *Published) Enroll(ctx context.Context, n int) ([]Enrolled, error) {
	if err := p.publish(ctx); err != nil {
		return nil, err
	}
	return p.pool.Enroll(ctx, n)
}

// publish publishes the phones' files when they are first asked for.
func (p *Published) publish(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at != nil {
		return nil
	}
	p.phones = Roster(p.Seed, RosterSize)
	at, err := p.Publish(context.WithoutCancel(ctx), RosterTree(p.phones)) // it outlives whoever asks first
	if err != nil {
		return err
	}
	p.at = at
	for _, phone := range p.phones {
		p.pool.Add(Enrolled{Phone: phone, Bases: at.Bases})
	}
	return nil
}

// Forget makes the next Enroll publish anew: what was published is gone.
func (p *Published) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.phones = nil, nil
	p.pool.clear()
}

// Return implements Enroller.
func (p *Published) Return(phones []Enrolled) { p.pool.Return(phones) }

// Change implements Changer.
func (p *Published) Change(ctx context.Context, phone Enrolled) (Enrolled, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change++
	phone.Phone = phone.Changed(p.Seed + p.change)
	for i := range p.phones {
		if p.phones[i].Identity.MAC == phone.Identity.MAC {
			p.phones[i] = phone.Phone
		}
	}
	return phone, p.at.Replace(ctx, RosterTree(p.phones))
}
