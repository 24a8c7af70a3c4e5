package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// built is a binary, and what Go wrote into it.
type built struct {
	path string
	info *buildinfo.BuildInfo
	date time.Time // of the commit
}

// build builds fipsim for a platform: static, without paths of this machine, with the
// commit in it.
func build(ctx context.Context, p platform, work string) (*built, error) {
	b := &built{path: filepath.Join(work, p.os+"-"+p.arch, "fipsim")}
	if p.os == "windows" {
		b.path += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", b.path, "./cmd/fipsim")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go build: %w", err)
	}
	var err error
	if b.info, err = buildinfo.ReadFile(b.path); err != nil {
		return nil, err
	}
	if b.date, err = time.Parse(time.RFC3339, b.setting("vcs.time")); err != nil {
		return nil, errors.New("no commit is in the binary: dist wants a clone and git")
	}
	return b, nil
}

// setting is one line of `go version -m`.
func (b *built) setting(key string) string {
	for _, s := range b.info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// commit says what was built.
func (b *built) commit() string {
	return fmt.Sprintf("%s, commit %.12s of %s", b.info.Main.Version, b.setting("vcs.revision"), b.setting("vcs.time"))
}

// debVersion is the version without its v, and with the characters that Debian takes
// (deb-version(7)): a pseudo-version's hyphens would begin a Debian revision.
func (b *built) debVersion() string {
	return strings.NewReplacer("-", "~").Replace(strings.TrimPrefix(b.info.Main.Version, "v"))
}

// A file of an archive.
type file struct {
	name string
	body []byte
	mode os.FileMode
}

// tarball packs files below a folder; all have the commit's time, so that the same
// commit gives the same bytes.
func tarball(path, folder string, date time.Time, files []file) error {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	t := tar.NewWriter(z)
	for _, f := range files {
		h := &tar.Header{Name: folder + "/" + f.name, Mode: int64(f.mode), Size: int64(len(f.body)), ModTime: date, Format: tar.FormatUSTAR}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.body); err != nil {
			return err
		}
	}
	if err := errors.Join(t.Close(), z.Close()); err != nil {
		return err
	}
	return os.WriteFile(path, packed.Bytes(), 0o644)
}

// zipped is tarball for Windows.
func zipped(path, folder string, date time.Time, files []file) error {
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for _, f := range files {
		h := &zip.FileHeader{Name: folder + "/" + f.name, Method: zip.Deflate, Modified: date.UTC()}
		h.SetMode(f.mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := w.Write(f.body); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, packed.Bytes(), 0o644)
}
