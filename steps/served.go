package steps

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing/fstest"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/trace"
)

// talk is what the rules about one protocol look at: a file that the server has, and
// how it was read.
type talk struct {
	file   served
	events *trace.Recorder // what was sent and what came; nil: nothing yet
	tftp   tftpTalk
	ftp    ftpTalk
	http   httpTalk
	tls    tlsTalk
}

// served is a file that the server has.
type served struct {
	url       *url.URL
	body      []byte
	published bool    // by us: body is what it must be
	sample    *sample // of the chapter about content, which is fetched there already; nil: none
}

// servedSteps are those about the file that a rule about a protocol looks at.
func servedSteps(sc catalogue) {
	sc.Given(`^a file of 33 MiB$`, aBigFile)
	sc.Given(`^a (file of (?:several|many|exactly two) blocks|(?:boot|cfg) file of a phone)$`, aServedFile)
}

// servedKind is a file as feature files call it.
type servedKind struct {
	phrase string
	name   string
	least  int // bytes that a file of the server's own must have to be as good; 0: none is
}

var servedKinds = []servedKind{
	{"file of several blocks", "blocks.cfg", 1025},
	{"file of exactly two blocks", "two.cfg", 0},
	{"file of many blocks", "many.cfg", 1025},
	{"boot file of a phone", servedMAC.BootName(), 0},
	{"cfg file of a phone", servedMAC.CfgName(), 0},
}

// servedMAC is that of a phone whose files are only looked at.
var servedMAC = firstMAC.Add(0xfffe)

// servedTree is what is published for all rules about protocols together.
// It is made once in a process: it is read, never written.
var servedTree = sync.OnceValue(func() fstest.MapFS {
	tree := make(fstest.MapFS)
	sizes := map[string]int{"other.cfg": 300, "blocks.cfg": 4*512 + 100, "two.cfg": 2 * 512, "many.cfg": 150*512 + 50,
		servedMAC.BootName(): 200, servedMAC.CfgName(): 400,
	}
	for name, size := range sizes {
		// Each file has bytes of its own: one that comes for another shows.
		body := sized(name, size-len(name)-3, "cfg").body()
		tree[name] = &fstest.MapFile{Data: append([]byte("# "+name+"\n"), body...), Mode: 0o644}
	}
	return tree
})

func aServedFile(ctx context.Context, phrase string) error {
	w := of(ctx)
	kind := servedKinds[slices.IndexFunc(servedKinds, func(k servedKind) bool { return k.phrase == phrase })]
	f, err := w.file(ctx, kind)
	if err != nil {
		return err
	}
	w.talk.file = f
	if w.scheme == "tftp" {
		return w.plainRead(ctx)
	}
	return nil
}

// aBigFile is more than sockets hold: a server notices how it is taken.
func aBigFile(ctx context.Context) error {
	w := of(ctx)
	f, err := w.bigFile(ctx)
	if err == nil {
		w.base, w.talk.file = w.published.Base(w.scheme), f
	}
	return err
}

// bigFile returns the biggest of the samples.
func (w *world) bigFile(ctx context.Context) (served, error) {
	place, err := w.place(ctx, "samples")
	if err != nil {
		return served{}, err
	}
	if place == nil || place.Base(w.scheme) == nil {
		return served{}, withoutTree("nothing can be published")
	}
	big, err := sampleCalled("a file of 33 MiB")
	w.published = place
	return served{url: config.Join(place.Base(w.scheme), big.name), body: sampleBodies()[big.name], published: true, sample: &big}, err
}

// file returns a file of a kind: one that we published, else one that the server has
// for a phone of its own.
func (w *world) file(ctx context.Context, kind servedKind) (served, error) {
	place, err := w.place(ctx, "protocols")
	if err != nil {
		return served{}, err
	}
	if place == nil {
		return w.fileOfItsOwn(ctx, kind)
	}
	base := place.Base(w.scheme)
	if base == nil {
		return served{}, harness("the target named no base URL for %s", w.scheme)
	}
	w.base, w.published = base, place
	return served{url: config.Join(base, kind.name), body: servedTree()[kind.name].Data, published: true}, nil
}

// fileOfItsOwn returns the longest file that a phone of the server's own was given.
func (w *world) fileOfItsOwn(ctx context.Context, kind servedKind) (served, error) {
	if !w.suite.can(scenarios.Phones) {
		return served{}, blocked("no file is known that this server has")
	}
	known, err := share(&w.suite.shared, "a file of the server's own over "+w.scheme, func() (served, error) {
		if err := phonesOfTheServer(ctx); err != nil {
			return served{}, err
		}
		var longest served
		for _, r := range w.residents {
			for _, e := range r.recorder.Events() {
				if e.Kind != trace.FetchDone || e.Bytes <= int64(len(longest.body)) || e.Bytes > mebi {
					continue
				}
				u, err := url.Parse(e.URL)
				if err != nil || u.Scheme != w.scheme {
					continue
				}
				if base := scenarios.BaseOf(r.Bases, w.scheme); base != nil && base.Host == u.Host {
					u.User = base.User
				}
				a, err := w.request(ctx, u, patience)
				if err != nil {
					return served{}, err
				}
				if len(a.body) > len(longest.body) {
					longest = served{url: u, body: a.body}
				}
			}
		}
		w.phones, w.residents = nil, nil
		return longest, nil
	})
	switch {
	case err != nil:
		return served{}, err
	case len(known.body) == 0:
		return served{}, withoutTree("none of the server's own phones was given a file over %s", w.scheme)
	case kind.least == 0 || len(known.body) < kind.least:
		return served{}, withoutTree("the longest file that is known of this server has %d bytes, and nothing can be published",
			len(known.body))
	}
	return known, nil
}

// record keeps what was sent and what came, for the report.
func (w *world) record(e trace.Event) {
	if w.talk.events == nil {
		w.talk.events = new(trace.Recorder)
		w.phones = append(w.phones, &observedPhone{recorder: w.talk.events})
	}
	if f := w.talk.file.url; f != nil && e.URL == "" {
		e.URL = trace.URL(f)
		e.Name = f.Path[strings.LastIndexByte(f.Path, '/')+1:]
	}
	e.Phone, e.At = w.mac, time.Now()
	w.talk.events.Record(e)
}

// peerOf is the other side of a connection.
func peerOf(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		at := tcp.AddrPort()
		return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	}
	return netip.AddrPort{}
}

// hostOf resolves the host of a URL to the address that a phone would use.
func (w *world) hostOf(ctx context.Context, u *url.URL) (netip.Addr, error) {
	addrs, err := w.network().LookupHost(ctx, u.Hostname())
	if err != nil || len(addrs) == 0 {
		return netip.Addr{}, harness("the name %s cannot be resolved: %v", u.Hostname(), err)
	}
	return addrs[0].Unmap(), nil
}
