package phone

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDepth bounds how deep a phonebook's elements may nest.
const maxDepth = 64

// entryNames are the elements that stand for one entry in the phonebooks which desk
// phones read, in lower case.
var entryNames = map[string]bool{
	"directoryentry": true, "unit": true, "contact": true, "entry": true, "person": true, "item": true,
}

// countEntries reads a phonebook: "a phonebook must be well-formed XML". It returns
// how many entries it has; its error gives the line.
func countEntries(r io.Reader) (int, error) {
	d := xml.NewDecoder(r)
	d.CharsetReader = func(label string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("charset %s: the phone reads UTF-8", label)
	}
	entries, depth, roots := 0, 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line, _ := d.InputPos()
			return 0, fmt.Errorf("line %d: not well-formed XML: %w", line, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			if depth++; depth > maxDepth {
				line, _ := d.InputPos()
				return 0, fmt.Errorf("line %d: elements nest deeper than %d", line, maxDepth)
			}
			if depth > 1 && entryNames[strings.ToLower(t.Name.Local)] {
				entries++
			}
		case xml.EndElement:
			depth--
		}
	}
	if roots != 1 {
		return 0, fmt.Errorf("line 1: not well-formed XML: %d root elements, want 1", roots)
	}
	return entries, nil
}
