package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// scripts are the maintainer scripts and the question that they ask.
//
//go:embed debian
var scripts embed.FS

// places are where a package has what an archive has (Debian Policy §12; man1 is for commands).
var places = map[string]string{
	"completions/fipsim.bash": "usr/share/bash-completion/completions/fipsim",
	"completions/_fipsim":     "usr/share/zsh/vendor-completions/_fipsim",
	"completions/fipsim.fish": "usr/share/fish/vendor_completions.d/fipsim.fish",
	"fipsim.1":                "usr/share/man/man1/fipsim.1.gz",
	"copyright":               "usr/share/doc/fipsim/copyright",
}

// debian makes a package with dpkg-deb, and returns its name. Where dpkg-deb is missing,
// the error is exec.ErrNotFound.
func debian(ctx context.Context, b *built, p platform, work, out string, texts []file) (string, error) {
	tool, err := exec.LookPath("dpkg-deb")
	if err != nil {
		return "", err
	}
	files, err := packaged(b, texts)
	if err != nil {
		return "", err
	}
	var sums strings.Builder
	size := 0
	for _, f := range files {
		fmt.Fprintf(&sums, "%x  %s\n", md5.Sum(f.body), f.name)
		size += len(f.body)
	}
	files = append(files, file{"DEBIAN/control", []byte(control(b, p, size)), 0o644}, file{"DEBIAN/md5sums", []byte(sums.String()), 0o644})
	for name, mode := range map[string]os.FileMode{"config": 0o755, "postinst": 0o755, "postrm": 0o755, "templates": 0o644} {
		body, err := scripts.ReadFile("debian/" + name)
		if err != nil {
			return "", err
		}
		files = append(files, file{"DEBIAN/" + name, body, mode})
	}
	root := filepath.Join(work, p.arch+"-deb")
	for _, f := range files {
		if err := f.write(root); err != nil {
			return "", err
		}
	}
	name := "fipsim_" + b.debVersion() + "_" + p.arch + ".deb"
	cmd := exec.CommandContext(ctx, tool, "--root-owner-group", "-Zxz", "--build", root, filepath.Join(out, name))
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(b.date.Unix(), 10))
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("dpkg-deb: %w\n%s", err, text)
	}
	return name, nil
}

// packaged is what a package puts on a machine.
func packaged(b *built, texts []file) ([]file, error) {
	binary, err := os.ReadFile(b.path)
	if err != nil {
		return nil, err
	}
	overrides, err := scripts.ReadFile("debian/lintian-overrides")
	if err != nil {
		return nil, err
	}
	files := []file{
		{"usr/bin/fipsim", binary, 0o755},
		{"usr/share/doc/fipsim/changelog.gz", []byte(changelog(b)), 0o644},
		{"usr/share/lintian/overrides/fipsim", overrides, 0o644},
	}
	for _, t := range texts {
		files = append(files, file{places[t.name], t.body, 0o644})
	}
	for i, f := range files {
		if filepath.Ext(f.name) == ".gz" {
			if files[i].body, err = gzipped(f.body); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

// gzipped is gzip -9n: the same bytes each time (Debian Policy §12.7).
func gzipped(body []byte) ([]byte, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = z.Write(body)
	err = errors.Join(err, z.Close())
	return packed.Bytes(), err
}

// write puts a file below root, with its mode whatever the umask.
func (f file) write(root string) error {
	path := filepath.Join(root, f.name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, f.body, f.mode); err != nil {
		return err
	}
	return os.Chmod(path, f.mode)
}

// maintainer is who packs it.
const maintainer = "fipsim maintainers <maintainers@users.noreply.github.com>"

// changelog is deb-changelog(5): what changed is told by the repository's history, and the commit says up to where.
func changelog(b *built) string {
	const form = "fipsim (%s) unstable; urgency=medium\n\n  * Built from commit %s,\n    whose history tells what changed.\n\n -- %s  %s\n"
	return fmt.Sprintf(form, b.debVersion(), b.setting("vcs.revision"), maintainer, b.date.Format(time.RFC1123Z))
}

// control is the package's description (deb-control(5)). The binary is static: it needs
// nothing but debconf for its one question.
func control(b *built, p platform, size int) string {
	return strings.Join([]string{
		"Package: fipsim",
		"Version: " + b.debVersion(),
		"Architecture: " + p.arch,
		"Maintainer: " + maintainer,
		"Installed-Size: " + strconv.Itoa(size/1024),
		"Depends: debconf (>= 0.5) | debconf-2.0",
		"Recommends: ca-certificates",
		"Suggests: libcap2-bin, adduser",
		"Section: net",
		"Priority: optional",
		"Homepage: https://github.com/fipsim/fipsim",
		"Description: virtual Flyingvoice FIP phone that judges provisioning servers",
		" It provisions as a desk phone would, over TFTP, FTP, HTTP and HTTPS, and says",
		" rule by rule whether a phone in the field would be served; it loads a server",
		" with many phones, and reads captures of real ones.", "",
	}, "\n")
}
