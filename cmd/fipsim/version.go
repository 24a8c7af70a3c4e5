package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCmd is `fipsim version`.
type versionCmd struct{}

// Run prints the version and the platform, and the commit it was built from where Go
// recorded one.
func (versionCmd) Run(a *app) error {
	_, err := fmt.Fprintf(a.stdout, "fipsim %s %s %s/%s\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return err
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		if commit := commitOf(info); commit != "" {
			_, err = fmt.Fprintln(a.stdout, commit)
		}
	}
	return err
}

// commitOf says which commit a binary was built from, and of when; "" where Go was not
// in a repository, as in `go run`.
func commitOf(info *debug.BuildInfo) string {
	vcs := make(map[string]string)
	for _, s := range info.Settings {
		vcs[s.Key] = s.Value
	}
	if vcs["vcs.revision"] == "" {
		return ""
	}
	text := "commit " + vcs["vcs.revision"] + " of " + vcs["vcs.time"]
	if vcs["vcs.modified"] == "true" {
		text += ", and changes since"
	}
	return text
}

// buildVersion is the module's version, or the commit it was built from.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && version == "(devel)" {
			return "devel-" + s.Value[:min(12, len(s.Value))]
		}
	}
	return version
}
