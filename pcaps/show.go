package pcaps

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// Line returns the words of a timeline for one event; none for one that a timeline
// leaves out.
func Line(e Event) string {
	switch e.Kind {
	case FTPCommand:
		return ""
	case LogLine:
		return trace.Clean("   log " + e.Detail)
	case ICMPError:
		return trace.Clean(fmt.Sprintf("<- icmp %s says: %s: %s", e.Peer.Addr(), e.Name, e.Detail))
	case TLSHello:
		return trace.Clean(fmt.Sprintf("-> tls to %s%s, %s", e.Peer, forHost(e.Name), e.Detail))
	case TLSServer:
		return trace.Clean("<- tls " + e.Detail)
	case TLSCertificate:
		return trace.Clean("<- tls certificate of " + e.Name + ", " + e.Detail)
	case TLSData:
		return "<- tls " + e.Detail
	case trace.FetchFailed:
		if e.Fault == trace.NoFault { // the capture's fault
			return trace.Clean("   " + e.Name + ": " + e.Detail)
		}
		if strings.HasPrefix(e.Name, connectionTo) {
			return trace.Clean(fmt.Sprintf("<- no connection to %s: %s", e.Peer, e.Detail))
		}
	}
	line, _ := trace.Line(e.Event)
	return strings.ReplaceAll(line, ": the phone goes on", "")
}

// place is an event's frame; a log's line has none.
func (e Event) place() string {
	if e.Frame == 0 {
		return ""
	}
	return "#" + strconv.Itoa(e.Frame)
}

func forHost(name string) string {
	if name == "" {
		return ", without a host's name"
	}
	return " for " + name
}

// who describes a phone in one line.
func (p *Phone) who() string {
	parts := []string{p.Name()}
	for _, a := range p.Addresses {
		if a.String() != p.Name() {
			parts = append(parts, a.String())
		}
	}
	if p.Model != "" {
		parts = append(parts, p.Model, p.Firmware)
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// mostLines bounds the timeline of one phone in a text.
const mostLines = 2000

// each calls f for each line of the timeline, and returns how many there were beyond.
func (p *Phone) each(f func(e Event, since time.Duration, line string)) (more int) {
	lines := 0
	for _, e := range p.Events {
		line := Line(e)
		switch {
		case line == "":
		case lines >= mostLines:
			more++
		default:
			lines++
			f(e, e.At.Sub(p.Events[0].At), line)
		}
	}
	return more + p.EventsCut
}

// WriteText tells a capture to a person: the phones one after the other, each with its
// timeline and its diagnosis.
func (c *Capture) WriteText(w io.Writer) error {
	out := bufio.NewWriterSize(w, outBuffer)
	if err := c.writeText(out); err != nil {
		return err
	}
	return out.Flush()
}

// outBuffer is how much is written at once, in bytes.
const outBuffer = 64 << 10

// writeLine writes a line of a timeline, as "%9.3f  %6s  %s" does.
func writeLine(b *bytes.Buffer, place string, since time.Duration, line string) {
	var number [24]byte
	seconds := strconv.AppendFloat(number[:0], since.Seconds(), 'f', 3, 64)
	pad := func(n int) {
		for ; n > 0; n-- {
			b.WriteByte(' ')
		}
	}
	pad(9 - len(seconds))
	b.Write(seconds)
	pad(2 + max(0, 6-len(place)))
	b.WriteString(place)
	b.WriteString("  ")
	b.WriteString(line)
	b.WriteByte('\n')
}

func (c *Capture) writeText(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintln(&b, c.summary())
	for _, n := range c.Notes {
		fmt.Fprintln(&b, "note: "+n)
	}
	err := c.Each(func(p *Phone) error {
		fmt.Fprintf(&b, "\n%s\n", p.who())
		more := p.each(func(e Event, since time.Duration, line string) {
			writeLine(&b, e.place(), since, line)
		})
		if more > 0 {
			fmt.Fprintf(&b, "                   … and %s\n", times(more, "more event"))
		}
		for i, d := range Diagnose(p) {
			fmt.Fprintf(&b, "  %d. %s\n", i+1, d.Text)
			if len(d.Frames) > 0 {
				fmt.Fprintf(&b, "     frames     %s\n", numbers(d.Frames))
			}
			if d.Filter != "" {
				fmt.Fprintf(&b, "     wireshark  %s\n", d.Filter)
			}
			if d.Side != Nobody {
				fmt.Fprintf(&b, "     lies with  %s\n", d.Side.words())
			}
			fmt.Fprintf(&b, "     next       %s\n", d.Next)
		}
		_, err := b.WriteTo(w)
		return err
	})
	if err != nil {
		return err
	}
	_, err = b.WriteTo(w)
	return err
}

// summary is one line about the capture as a whole.
func (c *Capture) summary() string {
	s := fmt.Sprintf("%s: %s, %d frames in %s", c.Name, c.Format, c.Frames, c.Last.Sub(c.First).Abs().Round(time.Millisecond))
	s += fmt.Sprintf(", %s", times(len(c.Phones), "phone"))
	if c.Others > 0 {
		s += fmt.Sprintf(" (%s left out)", times(c.Others, "other client"))
	}
	return s
}

func numbers(frames []int) string {
	words := make([]string, len(frames))
	for i, f := range frames {
		words[i] = strconv.Itoa(f)
	}
	return strings.Join(words, ", ")
}

// WriteMarkdown tells a capture for a ticket.
func (c *Capture) WriteMarkdown(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "## %s\n\n", cell(c.summary()))
	for _, n := range c.Notes {
		fmt.Fprintf(&b, "> note: %s\n", cell(n))
	}
	err := c.Each(func(p *Phone) error {
		fmt.Fprintf(&b, "\n### %s\n\n", cell(p.who()))
		for i, d := range Diagnose(p) {
			fmt.Fprintf(&b, "%d. **%s**: %s\n", i+1, d.Cause, cell(d.Text))
			if len(d.Frames) > 0 {
				fmt.Fprintf(&b, "   - frames: %s\n", numbers(d.Frames))
			}
			if d.Filter != "" {
				fmt.Fprintf(&b, "   - Wireshark: `%s`\n", d.Filter)
			}
			if d.Side != Nobody {
				fmt.Fprintf(&b, "   - lies with: %s\n", cell(d.Side.words()))
			}
			fmt.Fprintf(&b, "   - next: %s\n", cell(d.Next))
		}
		fmt.Fprint(&b, "\n| s | frame | |\n|---:|---:|---|\n")
		more := p.each(func(e Event, since time.Duration, line string) {
			fmt.Fprintf(&b, "| %.3f | %s | %s |\n", since.Seconds(), strings.TrimPrefix(e.place(), "#"), cell(line))
		})
		if more > 0 {
			fmt.Fprintf(&b, "\n… and %s\n", times(more, "more event"))
		}
		_, err := b.WriteTo(w)
		return err
	})
	if err != nil {
		return err
	}
	_, err = b.WriteTo(w)
	return err
}

// cell makes a text fit for Markdown: what a stranger sent must not become markup.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "`", "'", "<", "&lt;", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`).Replace(text)
}
