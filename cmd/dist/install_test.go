package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// install is a life of the package, on a copy of this machine that is thrown away: $1 is the folder for it, $2 the
// package. CAP_NET_RAW is there only where it was asked for, and then not for all.
const install = `set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root" || { echo "no overlay here"; exit 0; }
mount --rbind /proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
cp "$2" "$1/root/fipsim.deb"
chroot "$1/root" sh -ec '
cd / && export LC_ALL=C DEBIAN_FRONTEND=noninteractive
dpkg --purge fipsim >log 2>&1 || cat log
dpkg --install fipsim.deb >log 2>&1 || { cat log; exit 1; }
echo "as it comes: $(getcap /usr/bin/fipsim) $(stat -c "%a %U:%G" /usr/bin/fipsim)"
fipsim phone >log && echo "a phone: $(grep -c "provisioned" log)"
echo fipsim fipsim/net_raw boolean true | debconf-set-selections
dpkg-reconfigure fipsim
echo "asked for: $(getcap /usr/bin/fipsim) $(stat -c "%a %U:%G" /usr/bin/fipsim)"
dpkg --purge fipsim >log 2>&1 || { cat log; exit 1; }
echo "purged: $(ls -d /usr/bin/fipsim /usr/share/doc/fipsim /usr/share/bash-completion/completions/fipsim 2>/dev/null)."
'`

// installs installs the package, asks for its capability, and purges it.
func installs(t *testing.T, deb string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Log("the package was not installed: it wants root")
		return
	}
	for _, tool := range []string{"dpkg", "dpkg-reconfigure", "setcap", "getcap", "unshare", "mount", "chroot", "groupadd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("the package was not installed: %s is not here", tool)
			return
		}
	}
	told := run(t, ".", "unshare", "--mount", "--propagation", "private", "sh", "-c", install, "sh", t.TempDir(), deb)
	if strings.Contains(told, "no overlay here") {
		t.Logf("the package was not installed: %s", told)
		return
	}
	for _, want := range []string{
		`(?m)^as it comes:  755 root:root$`,
		`(?m)^a phone: [1-9]`,
		`(?m)^asked for: /usr/bin/fipsim cap_net_raw=ep 750 root:fipsim$`,
		`(?m)^purged: \.$`,
	} {
		if !regexp.MustCompile(want).MatchString(told) {
			t.Errorf("no %s in\n%s", want, told)
		}
	}
}
