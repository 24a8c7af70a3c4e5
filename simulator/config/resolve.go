package config

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
)

// URLKind says what a provisioning URL names.
type URLKind string

// A folder has a boot file or cfg files for the phone; a file is the only one to fetch.
const (
	Folder URLKind = "dir"
	File   URLKind = "file"
)

// KindOf says what u names. option is device.Behaviour.URLKind: dir or file decide;
// auto, and the empty text, take a URL whose last segment ends in .cfg for a file.
func KindOf(u *url.URL, option string) URLKind {
	switch {
	case option == string(Folder):
		return Folder
	case option == string(File), strings.HasSuffix(u.Path, cfgSuffix):
		return File
	}
	return Folder
}

// Join returns the URL of the file called name in a folder, with or without its
// final slash. name is taken literally. A query of the folder is not kept.
func Join(dir *url.URL, name string) *url.URL {
	u := *dir
	u.RawQuery, u.ForceQuery = "", false
	raw := strings.TrimSuffix(dir.EscapedPath(), "/") + "/" + (&url.URL{Path: name}).EscapedPath()
	u.Path = strings.TrimSuffix(dir.Path, "/") + "/" + name
	u.RawPath = ""
	if u.EscapedPath() != raw {
		u.RawPath = raw
	}
	return &u
}

// Resolve returns the URL that an include names. base is the URL of the boot file (or
// of its folder); ref is "relative to the boot file", or absolute (Guide, "Editing
// Common Boot File"). A relative ref keeps the base's user name and password, and does
// not climb above the server's root. A file: URL is refused unless base is one.
// Macros are not expanded here; see Expand.
//
// Errors name ref, without user name and password.
func Resolve(base *url.URL, ref string) (*url.URL, error) {
	if _, _, ok := cutScheme(ref); ok {
		u, err := ParseURL(ref, device.MAC{}, false)
		if err == nil && u.Scheme == "file" && base.Scheme != "file" {
			return nil, fmt.Errorf("%s is refused: a boot file from the network cannot name a file of the phone", quoteURL(ref))
		}
		return u, err
	}
	u := &url.URL{Scheme: base.Scheme, User: base.User, Host: base.Host}
	path := ref
	if !strings.HasPrefix(ref, "/") {
		path = folder(base) + ref
	}
	if err := setPath(u, path); err != nil {
		return nil, fmt.Errorf("%s is not a URL a phone can use: %w", quoteURL(ref), err)
	}
	return u, nil
}

// folder returns the escaped path of base's folder, with its final slash.
func folder(base *url.URL) string {
	path := base.EscapedPath()
	if strings.HasSuffix(path, ".boot") || strings.HasSuffix(path, cfgSuffix) {
		path = path[:strings.LastIndexByte(path, '/')+1]
	}
	return strings.TrimSuffix(path, "/") + "/"
}
