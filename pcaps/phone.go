package pcaps

import (
	"net/netip"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Fact is one thing that a packet says beyond what a trace.Event has a field for:
// "tftp.blksize" and "512". Secrets are masked in it.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Event is one thing that happened to a phone: what the simulated phone would have
// recorded, and the facts of the packet.
type Event struct {
	trace.Event
	Facts []Fact `json:"facts,omitempty"`
}

// Fact returns the value of the first fact of that name, empty where there is none.
func (e Event) Fact(name string) string {
	for _, f := range e.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// File is a file that a phone asked for and got, whole or not.
type File struct {
	Name    string
	URL     string // without user info
	Frame   int    // the frame that ended it
	Bytes   int64  // as far as it was seen
	Body    []byte // nil where it was too big to be kept; may hold passwords
	Partial string // why Body is not the whole file; empty: it is
}

// Phone is what a capture tells of one phone.
type Phone struct {
	MAC       device.MAC // zero: the capture does not tell
	Addresses []netip.Addr
	UserAgent string
	Model     string // as it told itself; empty: it didn't
	Firmware  string
	Events    []Event // in the order of the frames
	EventsCut int     // further events that were not kept
	Files     []File

	pack      *packer  // that packed what follows; nil: it is in Events and Files
	before    []packed // what happened until it was joined with another one, part by part
	packed    packed   // and after that
	kept      int      // events in them
	keptFiles int
	asked     int        // the last frame of a request for a file
	appears   int        // the first frame of an event
	logs      []logEntry // beside them

	reading    *reading // of cfg files, for all phones
	provisions bool     // it did something that only a phone to be provisioned does
	likely     bool     // it did what phones do, and computers too
	weak       bool     // it did what everybody does
	into       *Phone   // the same phone, found to be another one
	hw         device.MAC
	ends       time.Time        // of the capture
	ports      []netip.AddrPort // from which it subscribed
	custom     string           // further options of its Discover, as the option dhcp_custom
	acks       ackHabit
	oddDHCP    bool   // its DHCP is at other ports than 67 and 68
	cut        string // the file in whose middle the capture ends; empty: in none
	latest     *transfer
	gaps       bool // it was answered requests that the capture lacks
}

// Name is the phone's MAC, or its address where the MAC is not known.
func (p *Phone) Name() string {
	switch {
	case !p.MAC.IsZero():
		return p.MAC.String()
	case len(p.Addresses) > 0:
		return p.Addresses[0].String()
	}
	return "unknown"
}

// macIn finds the MAC in a text such as a file's name or a User-Agent: twelve
// hexadecimal digits, alone or with a separator between each two.
func macIn(text string) (device.MAC, bool) {
	for end := len(text); end > 0; end-- {
		from := 1 + strings.LastIndexAny(text[:end], " /._?&=;,()\"'@")
		w := text[from:end]
		end = from
		if w2, ok := strings.CutPrefix(strings.ToLower(w), "mac"); ok {
			w = strings.TrimPrefix(strings.TrimPrefix(w2, "%3a"), ":")
		}
		if len(w) != 12 && len(w) != 17 {
			continue
		}
		if m, err := device.ParseMAC(w); err == nil && !m.IsZero() && m != (device.MAC{255, 255, 255, 255, 255, 255}) {
			return m, true
		}
	}
	return device.MAC{}, false
}

// sinceOf is the time between two packets; none where the clock ran backwards.
func sinceOf(from, to time.Time) time.Duration { return max(0, to.Sub(from)) }
