package pcaps

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// maxTails is how many different ends of requests are remembered.
const maxTails = 256

// asked reads a request: which file, and what else it says. All but the file's name is
// the same in most requests, and read once.
func (w *tftpWatch) asked(data []byte) (file string, facts []Fact, err error) {
	name, tail, ended := bytes.Cut(data[2:], []byte{0})
	if ended {
		if known, ok := w.tails[data[1]][string(tail)]; ok {
			return string(name), known, nil
		}
	}
	p, err := tftp.Parse(data)
	if err != nil {
		return "", nil, err
	}
	facts = requestFacts(p)
	if len(tail) > tftp.MaxRequest {
		return p.Filename, facts, nil
	}
	all := w.tails[data[1]]
	if len(all) >= maxTails || all == nil {
		all = make(map[string][]Fact)
		w.tails[data[1]] = all
	}
	all[string(tail)] = facts
	return p.Filename, facts, nil
}

func requestFacts(p tftp.Packet) []Fact {
	facts := []Fact{{"tftp.opcode", strconv.Itoa(int(p.Op))}, {"tftp.mode", trace.Clean(p.Mode)}}
	for _, o := range p.Options {
		facts = append(facts, Fact{"tftp.option." + trace.Clean(strings.ToLower(o.Name)), trace.Clean(o.Value)})
	}
	return facts
}

// mended is a request that the snap length cut after the file's name, as far as it is there: an option of which a
// part is missing is left out. One that was cut before stays what it is: for which file it was is not known.
func mended(data []byte) []byte {
	name, tail, ended := bytes.Cut(data[2:], []byte{0})
	if !ended {
		return data
	}
	out := append(bytes.Clone(data[:2]), name...)
	mode, options, ended := bytes.Cut(tail, []byte{0})
	if !ended {
		begun := strings.ToLower(string(tail))
		isMode := func(mode string) bool { return strings.HasPrefix(mode, begun) }
		if !isMode(tftp.Octet) && !isMode(tftp.Netascii) {
			return data // no request
		}
		return append(append(append(out, 0), tftp.Octet...), 0)
	}
	return append(append(append(append(out, 0), mode...), 0), wholeOptions(options)...)
}

// wholeOptions are the options up to the first one of which a part is missing.
func wholeOptions(options []byte) []byte {
	n := 0
	for {
		_, rest, _ := bytes.Cut(options[n:], []byte{0})
		_, after, whole := bytes.Cut(rest, []byte{0})
		if !whole {
			return options[:n]
		}
		n = len(options) - len(after)
	}
}

// answer reads what a server sent; short tells of an OACK some of whose options the snap length cut off.
func answer(d datagram) (p tftp.Packet, short bool, err error) {
	p, err = tftp.Parse(d.data)
	if d.cut == 0 || len(d.data) < 2 || d.data[0] != 0 || d.data[1] != byte(tftp.OACK) {
		return p, false, err
	}
	p, err = tftp.Parse(append(bytes.Clone(d.data[:2]), wholeOptions(d.data[2:])...))
	return p, true, err
}
