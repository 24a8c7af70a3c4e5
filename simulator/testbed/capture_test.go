package testbed_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/testbed"
)

// A capture holds what fits its filter, from its start to its stop, and nothing of
// the machinery. The request is as long as the guide's captures say: 81 bytes and the
// name, with libcurl's options.
func TestCapture(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, append(append(testbed.CaptureNeeds, testbed.TFTPDHPA.Needs...), "curl"))
	server := tb.Start(testbed.TFTPDHPA, tb.Publish(tree))
	for _, filter := range []string{"udp", ""} {
		capture := tb.Capture(tb.Phone, filter)
		const name = "y000000000000.boot"
		if _, err := curl(t, tb, server.Endpoints[0].URL.JoinPath(name), "--connect-timeout", "10"); err != nil {
			t.Fatal(err)
		}
		file := capture.Stop()

		got := testbed.TsharkFields(t, file, nil, "tftp.opcode == 1",
			"ip.src", "frame.len", "tftp.source_file", "tftp.option.name", "tftp.option.value")
		want := [][]string{{tb.Phone.Addr.String(), fmt.Sprint(81 + len(name)), name, "tsize,blksize,timeout", "0,512,3"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("filter %q: read requests (-want +got):\n%s", filter, diff)
		}
		if got := testbed.TsharkFields(t, file, []string{"udp.port==69,echo"}, "echo", "frame.number"); len(got) != 1 {
			t.Errorf("filter %q: port 69 decoded as Echo gives %d Echo frames, want 1", filter, len(got))
		}
		if got := testbed.TsharkFields(t, file, nil, "udp.port == 9", "frame.number"); len(got) != 0 {
			t.Errorf("filter %q: frames of the capture's own: %v", filter, got)
		}
	}
}
