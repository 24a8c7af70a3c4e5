package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCmd is `fipsim version`.
type versionCmd struct{}

// Run prints the version, the commit it was built from where Go recorded one, and
// the platform.
func (versionCmd) Run(a *app) error {
	_, err := fmt.Fprintf(a.stdout, "fipsim %s %s %s/%s\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
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
