package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// scripts are the maintainer scripts and the question that they ask.
//
//go:embed debian
var scripts embed.FS

// debian makes a package with dpkg-deb, and returns its name. Where dpkg-deb is missing,
// the error is exec.ErrNotFound.
func debian(ctx context.Context, b *built, p platform, work, out string, shells []file) (string, error) {
	tool, err := exec.LookPath("dpkg-deb")
	if err != nil {
		return "", err
	}
	binary, err := os.ReadFile(b.path)
	if err != nil {
		return "", err
	}
	files := []file{
		{"usr/bin/fipsim", binary, 0o755},
		{"DEBIAN/control", []byte(control(b, p, len(binary))), 0o644},
	}
	places := map[string]string{
		"completions/fipsim.bash": "usr/share/bash-completion/completions/fipsim",
		"completions/_fipsim":     "usr/share/zsh/vendor-completions/_fipsim",
		"completions/fipsim.fish": "usr/share/fish/vendor_completions.d/fipsim.fish",
	}
	for _, s := range shells {
		files = append(files, file{places[s.name], s.body, 0o644})
	}
	for name, mode := range map[string]os.FileMode{"config": 0o755, "postinst": 0o755, "postrm": 0o755, "templates": 0o644} {
		body, err := scripts.ReadFile("debian/" + name)
		if err != nil {
			return "", err
		}
		files = append(files, file{"DEBIAN/" + name, body, mode})
	}
	root := filepath.Join(work, p.arch+"-deb")
	for _, f := range files {
		path := filepath.Join(root, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, f.body, f.mode); err != nil {
			return "", err
		}
		if err := os.Chmod(path, f.mode); err != nil { // whatever the umask
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

// control is the package's description (deb-control(5)). The binary is static: it needs
// nothing but debconf for its one question.
func control(b *built, p platform, size int) string {
	return strings.Join([]string{
		"Package: fipsim",
		"Version: " + b.debVersion(),
		"Architecture: " + p.arch,
		"Maintainer: fipsim <fipsim@localhost>",
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
