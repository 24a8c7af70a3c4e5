package faulty

import (
	"fmt"
	"strings"
)

// sipText is a SIP message in the making, line by line, so that every line can be wrong.
type sipText struct {
	start  string
	head   []sipLine // without Content-Length
	body   string
	eol    string // of the head's lines
	length string // of Content-Length; empty: the body's
	joined bool   // no empty line before the body
}

type sipLine struct{ name, value string }

// set replaces a header, or adds it.
func (m *sipText) set(name, value string) {
	for i := range m.head {
		if m.head[i].name == name {
			m.head[i].value = value
			return
		}
	}
	m.head = append(m.head, sipLine{name, value})
}

// get returns a header's value.
func (m *sipText) get(name string) string {
	for _, l := range m.head {
		if l.name == name {
			return l.value
		}
	}
	return ""
}

// drop takes a header away.
func (m *sipText) drop(name string) {
	for i := range m.head {
		if m.head[i].name == name {
			m.head = append(m.head[:i:i], m.head[i+1:]...)
			return
		}
	}
}

// bytes writes the message.
func (m *sipText) bytes() []byte {
	eol := m.eol
	if eol == "" {
		eol = "\r\n"
	}
	length := m.length
	if length == "" {
		length = fmt.Sprint(len(m.body))
	}
	var b strings.Builder
	b.WriteString(m.start + eol)
	for _, l := range m.head {
		b.WriteString(l.name + ": " + l.value + eol)
	}
	b.WriteString("Content-Length: " + length + eol)
	if !m.joined {
		b.WriteString(eol)
	}
	b.WriteString(m.body)
	return []byte(b.String())
}

// sipRead is a message that came: its first line, and its headers in lower case.
type sipRead struct {
	start string
	head  map[string]string
}

// readSIP reads what phones send; false for anything else.
func readSIP(raw []byte) (sipRead, bool) {
	head, _, whole := strings.Cut(string(raw), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	m := sipRead{start: lines[0], head: make(map[string]string)}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return m, false
		}
		if name = strings.ToLower(strings.TrimSpace(name)); m.head[name] == "" {
			m.head[name] = strings.TrimSpace(value)
		}
	}
	return m, whole && strings.Contains(m.start, "SIP/2.0")
}

// address is the part of a From, To or Contact within angle brackets.
func address(value string) string {
	_, rest, _ := strings.Cut(value, "<")
	at, _, _ := strings.Cut(rest, ">")
	return at
}
