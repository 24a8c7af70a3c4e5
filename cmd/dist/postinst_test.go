package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// postinst runs the package's script on an unpacked package, once for each answer to
// its question: CAP_NET_RAW is there only where it was asked for, and then not for all.
func postinst(t *testing.T, root string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Log("the package's script was not run: it wants root")
		return
	}
	for _, tool := range []string{"setcap", "getcap", "unshare", "mount", "groupadd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("the package's script was not run: %s is not installed", tool)
			return
		}
	}
	binary := filepath.Join(root, "tree/usr/bin/fipsim")
	for answer, want := range map[string]string{"false": "", "true": "cap_net_raw=ep"} {
		// debconf's place is taken by a file that gives the answer, in a mount namespace of
		// its own, where /etc is a copy: the group is made there.
		script := `set -e
cp -a /etc "$1/etc" && mount --bind "$1/etc" /etc
mkdir -p "$1/debconf" && printf 'db_get() { RET=%s; }\n' "$2" >"$1/debconf/confmodule"
mount --bind "$1/debconf" /usr/share/debconf
DPKG_ROOT="$1/tree" sh "$1/control/postinst" configure
umount /etc && rm -rf "$1/etc"`
		run(t, ".", "unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", root, answer)
		if got := run(t, ".", "getcap", binary); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("answer %s: %q, want %q", answer, got, want)
		}
		info, err := os.Stat(binary)
		if err != nil {
			t.Fatal(err)
		}
		if all := info.Mode()&0o001 != 0; all != (answer == "false") {
			t.Errorf("answer %s: the mode is %v", answer, info.Mode())
		}
	}
}
