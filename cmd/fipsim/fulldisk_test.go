package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/faulty"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// onFullDisk runs a command in a mount namespace of its own, where the folder $1 is a file system of 16 KiB. What
// $2 says is done there first; where it leaves a sum of the settings, they must stay. In the end it tells which files are left,
// but for the filler.
const onFullDisk = `set -e; mount -t tmpfs -o size=16k none "$1"; cd "$1"; eval "$2"; shift 2
status=0; "$@" || status=$?
[ -z "$sum" ] || [ "$sum" = "$(sha256sum flash/settings.json)" ] || echo left changed
find . -type f -size +0 ! -name filler -printf 'left %P\n'
exit $status`

// A disk that is full is this machine's, and no fault of the server: the exit status is that of what could not be judged, with the
// file's name; what is on the disk already stays as it was, and no half of a file is left.
func TestFullDisk(t *testing.T) {
	if out, err := exec.Command("unshare", "--mount", "true").CombinedOutput(); err != nil {
		if os.Getenv(testbed.RequireReal) == "1" {
			t.Fatalf("unshare: %v: %s", err, out)
		}
		t.Skipf("a disk that is full needs root on Linux, and unshare of util-linux: %v: %s", err, out)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	fipsim := filepath.Join(t.TempDir(), "fipsim")
	if err := os.Symlink(exe, fipsim); err != nil {
		t.Fatal(err)
	}
	fault, err := faulty.Find("http/miss-page")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "y000000000000.cfg"), []byte("lang.gui=French\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := faulty.Start(t.Context(), fault, os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	url := server.URLs()["http"].String()
	const fill = `head -c 16384 /dev/zero > filler`
	for _, c := range []struct {
		name, before, args string
		exit               int
		want, left         string // of what it says; the files
	}{
		{"flash", fill, "phone --flash flash", verdict.ExitUnknown, "flash: write flash/.settings.json.half", ""},
		{"no change is told", fill, "phone --flash flash", verdict.ExitUnknown, "0 held, 0 changed by this pass", ""},
		{"flash that holds settings", "phone --flash flash >/dev/null; rm -r flash/resources; " + fill + ` 2>/dev/null || true; sum=$(sha256sum flash/settings.json)`,
			"phone --flash flash --server " + url, verdict.ExitUnknown, "flash: write flash/.settings.json.half", "flash/settings.json"},
		{"resource", "head -c 8192 /dev/zero > filler", "phone --flash flash", verdict.ExitOK, "failed: flash: write flash/resources/", "flash/settings.json"},
		{"trace", fill, "phone --trace t.jsonl", verdict.ExitUnknown, "write t.jsonl: no space left on device", ""},
		{"capture", fill, "phone --pcap p.pcapng", verdict.ExitUnknown, "write p.pcapng: no space left on device", ""},
		{"settings", fill, "phone --settings s.cfg", verdict.ExitUnknown, "write s.cfg: no space left on device", ""},
		{"report of a load", fill, "load --phones 3 --report json=r.json --server " + url, verdict.ExitUnknown, "write r.json: no space left on device", ""},
		{"page of a load", fill, "load --phones 3 --report html=r.html --server " + url, verdict.ExitUnknown, "write r.html: no space left on device", ""},
		{"report of a judgement", fill, "check --rule FIP-NAME-004 --report junit=r.xml", verdict.ExitUnknown, "write r.xml: no space left on device", ""},
		{"evidence", fill, "check --rule FIP-MISS-003 --evidence ev --server " + url, verdict.ExitUnknown, "no space left on device", ""},
		{"docroot", fill, "check --rule FIP-NAME-004 --docroot . --server " + url, verdict.ExitUnknown, "no space left on device", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := strings.ReplaceAll(c.before, "phone ", fipsim+" phone ")
			cmd := exec.CommandContext(t.Context(), "unshare", append([]string{"--mount", "sh", "-c", onFullDisk, "sh", t.TempDir(), before, fipsim},
				strings.Fields(c.args)...)...)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			exit := 0
			if exited := (*exec.ExitError)(nil); errors.As(cmd.Run(), &exited) {
				exit = exited.ExitCode()
			}
			var left []string
			for line := range strings.Lines(out.String()) {
				if name, ok := strings.CutPrefix(strings.TrimSpace(line), "left "); ok {
					left = append(left, name)
				}
			}
			if exit != c.exit || !strings.Contains(out.String(), c.want) || strings.Join(left, " ") != c.left {
				t.Errorf("exit status %d, want %d, with %q; files %v, want %q:\n%s", exit, c.exit, c.want, left, c.left, &out)
			}
		})
	}
}
