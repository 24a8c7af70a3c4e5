package fetch

import (
	"errors"
	"os/exec"
	"strconv"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/testbed"
)

// The servers that people run, asked by our client and by curl: both come to the same end
// with every file. An empty one is lost on the phone wherever the server says tsize 0,
// since libcurl takes that for malformed.
func TestTFTPRealServers(t *testing.T) {
	t.Parallel()
	servers := []testbed.Server{testbed.TFTPDHPA, testbed.ATFTPD, testbed.Dnsmasq}
	needs := testbed.Needs{"curl"}
	for _, s := range servers {
		needs = append(needs, s.Needs...)
	}
	tb := testbed.New(t, needs)
	tree := fstest.MapFS{"HTTP Directory/ä.cfg": {Data: []byte("a=1\n")}}
	for _, size := range []int{0, 1, 511, 512, 513, 65535} {
		tree[strconv.Itoa(size)] = &fstest.MapFile{Data: pinBody(size)}
	}
	docroot := tb.Publish(tree)
	for _, s := range servers {
		t.Run(s.Name, func(t *testing.T) {
			tb := tb.For(t)
			base := tb.Start(s, docroot).Endpoints[0].URL
			client := newTFTP(Options{Network: tb.Phone.Network()})
			for name, file := range tree {
				u := base.JoinPath(name)
				res, err := client.Fetch(t.Context(), Request{URL: u})
				theirs, curlErr := tb.Phone.Command(t.Context(), "curl", "-q", "-s", "--noproxy", "*", "--connect-timeout", "10", u.String()).Output()
				switch {
				case (err == nil) != (curlErr == nil):
					t.Errorf("%s: curl: %v; ours: %v", name, curlErr, err)
				case err != nil && len(file.Data) > 0:
					t.Errorf("%s: %v", name, err)
				case err != nil:
					t.Logf("%s: empty file: %v", s.Name, err)
				case cmp.Diff(theirs, res.Body) != "" || len(res.Body) != len(file.Data):
					t.Errorf("%s: %d bytes, curl has %d, the file %d", name, len(res.Body), len(theirs), len(file.Data))
				}
			}
			u := base.JoinPath("missing")
			_, err := client.Fetch(t.Context(), Request{URL: u})
			curlErr := tb.Phone.Command(t.Context(), "curl", "-q", "-s", "--noproxy", "*", "--connect-timeout", "10", u.String()).Run()
			if exit := new(exec.ExitError); !errors.Is(err, ErrNotFound) || !errors.As(curlErr, &exit) || exit.ExitCode() != curlNotFound {
				t.Errorf("missing: curl: %v; ours: %v; want both not to find it", curlErr, err)
			}
		})
	}
}
