package fleet

import (
	"container/list"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/fipsim/fipsim/simulator/config"
)

// parsedBytes bounds the files whose parse is kept, in bytes of their text.
const parsedBytes = 64 << 20

// parser is a phone.Parser that reads identical bytes once: it knows them by two hashes
// of 64 bits, and keeps the files that were asked for last.
type parser struct {
	seeds [2]maphash.Seed

	mu    sync.Mutex
	known map[content]*list.Element // of *parsed
	like  []*config.Template        // of files that were read whole, the latest in front
	order *list.List                // the latest in front
	bytes int
	read  uint64 // how many files were read
	met   uint64 // how many were known already
}

// content stands for the bytes of a file.
type content struct {
	boot bool
	size int
	hash [2]uint64
}

// parsed is a file that was read, or is being read.
type parsed struct {
	content content
	once    sync.Once
	boot    *config.Boot
	cfg     *config.Cfg
	err     error
}

func newParser() *parser {
	return &parser{
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		known: make(map[content]*list.Element),
		order: list.New(),
	}
}

// ParseBoot implements phone.Parser.
func (p *parser) ParseBoot(name string, body []byte) (*config.Boot, error) {
	f := p.find(true, body)
	f.once.Do(func() { f.boot, f.err = config.ParseBoot(name, body) })
	if f.err != nil {
		return config.ParseBoot(name, body) // its error has the name
	}
	if f.boot.Name == name {
		return f.boot, nil
	}
	again := *f.boot
	again.Name, again.Findings = name, slices.Clone(f.boot.Findings)
	for i := range again.Findings {
		again.Findings[i].File = name
	}
	return &again, nil
}

// ParseCfg implements phone.Parser.
func (p *parser) ParseCfg(name string, body []byte) (*config.Cfg, error) {
	f := p.find(false, body)
	f.once.Do(func() { f.cfg, f.err = p.readCfg(name, body) })
	if f.err != nil {
		return config.ParseCfg(name, body) // its error has the name
	}
	if f.cfg.Name == name {
		return f.cfg, nil
	}
	return f.cfg.Named(name), nil
}

// maxTemplates bounds how many templates a file is held against.
const maxTemplates = 4

// readCfg reads a file that is not known: as one of those that a server renders from
// one template, or else whole.
func (p *parser) readCfg(name string, body []byte) (*config.Cfg, error) {
	p.mu.Lock()
	like := p.like
	p.mu.Unlock()
	for _, t := range like {
		if c, ok := t.ParseCfg(name, body); ok {
			return c, nil
		}
	}
	c, err := config.ParseCfg(name, body)
	if err != nil {
		return c, err
	}
	if t, ok := config.NewTemplate(c); ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.like = append([]*config.Template{t}, p.like[:min(len(p.like), maxTemplates-1)]...)
	}
	return c, nil
}

// find returns the place of a file, a new one where it is not known.
func (p *parser) find(boot bool, body []byte) *parsed {
	key := content{boot: boot, size: len(body)}
	for i, seed := range p.seeds {
		key.hash[i] = maphash.Bytes(seed, body)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, ok := p.known[key]; ok {
		p.met++
		p.order.MoveToFront(at)
		return at.Value.(*parsed)
	}
	p.read++
	f := &parsed{content: key}
	p.known[key] = p.order.PushFront(f)
	for p.bytes += key.size; p.bytes > parsedBytes && p.order.Len() > 1; {
		last := p.order.Remove(p.order.Back()).(*parsed)
		delete(p.known, last.content)
		p.bytes -= last.content.size
	}
	return f
}
