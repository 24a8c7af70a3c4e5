package config

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
)

// maxTree bounds how many files of a tree CheckTree looks at.
const maxTree = 1_000_000

var (
	// commonLike is a common name with any number of zeros, in any case. The guide's
	// own text has 11, 13 and 15 of them, which people copy.
	commonLike = regexp.MustCompile(`(?i)^y0+\.(boot|cfg)$`)
	macLike    = regexp.MustCompile(`(?i)^[0-9a-f]{2}([-:. ]?[0-9a-f]{2}){5}\.(boot|cfg)$`)
	notepad    = regexp.MustCompile(`(?i)\.(boot|cfg)\.txt$`)
)

// CheckTree returns a finding for each file of a server's tree that is named almost as
// a phone asks for it, but not quite. Names are lower case and case-sensitive (Guide,
// "Creating MAC-Oriented Boot File"). Its error is that of reading the tree.
func CheckTree(tree fs.FS) ([]Finding, error) {
	var all []Finding
	seen := 0
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > maxTree {
			return fmt.Errorf("%s: more than %d files", name, maxTree)
		}
		if want := misnamed(path.Base(name)); want != "" && !d.IsDir() {
			all = append(all, Finding{File: name, Kind: FileName, Count: 1, Text: "no phone asks for this name; phones ask for " + want +
				": rename it"})
		}
		return nil
	})
	if err != nil {
		return all, fmt.Errorf("looking through the tree: %w", err)
	}
	return all, nil
}

// misnamed returns the name that a phone would ask for instead of name; nothing where
// name is right, or something else altogether.
func misnamed(name string) string {
	if notepad.MatchString(name) {
		// Editors on Windows add .txt, and hide it.
		cut := name[:len(name)-len(".txt")]
		if want := misnamed(cut); want != "" {
			return want
		}
		return cut
	}
	lower := strings.ToLower(name)
	want := ""
	switch {
	case commonLike.MatchString(name):
		want = device.CommonCfg
		if strings.HasSuffix(lower, ".boot") {
			want = device.CommonBoot
		}
	case macLike.MatchString(name):
		stem, ext, _ := strings.Cut(lower, path.Ext(lower))
		mac, err := device.ParseMAC(stem)
		if err != nil {
			return ""
		}
		want = mac.String() + path.Ext(lower) + ext
	}
	if want == name {
		return ""
	}
	return want
}
