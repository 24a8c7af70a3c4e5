package fetch

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// FuzzTFTPTransfer plays arbitrary packets at a transfer: it ends, in bounded time, with
// a bounded number of packets, and with either a body or an *Error.
//
// A script is a row of packets: one byte for its length's high part and its sender, one
// for the low part, then the packet. Bit 7 of the first byte: wait for the phone's next
// packet before. Bit 6: from a foreign port.
func FuzzTFTPTransfer(f *testing.F) {
	f.Add(scriptOf(false, block(1, "hi")))
	f.Add(scriptOf(true, oackOf("tsize", "513", "blksize", "512"), full(1), block(2, "y")))
	f.Add(scriptOf(true, full(1), full(1), full(3), foreign(full(2)), block(2, "y")))
	f.Add(scriptOf(true, oackOf("blksize", "8"), block(1, "12345678"), oackOf("blksize", "8"), errorOf(1, "x")))
	f.Add(scriptOf(false, raw(""), raw("\x00"), raw("\x00\x06"), raw("\x00\x06a\x00"), raw("\x00\x04\x00\x00")))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 1<<16 {
			t.Skip("longer than any script needs to be")
		}
		synctest.Test(t, func(t *testing.T) {
			s := tftpScript{replies: repliesOf(script)}
			packets := 0
			for _, r := range s.replies {
				packets += len(r)
			}
			start := time.Now()
			res, _, err := s.get(t.Context(), device.Behaviour{}, Request{Limit: 4096})
			if took := time.Since(start); took > time.Hour+12*time.Second {
				t.Errorf("took %s", took)
			}
			if err == nil && res.Bytes > 4096 {
				t.Errorf("%d bytes, the limit is 4096", res.Bytes)
			}
			if err != nil {
				asFailure(t, err)
			}
			// Each packet has one answer at most; the rest are resends.
			if n := len(s.seen()); n > packets+3+51 {
				t.Errorf("%d packets for %d of the server", n, packets)
			}
		})
	})
}

func scriptOf(wait bool, replies ...tftpReply) []byte {
	var script []byte
	for _, r := range replies {
		head := byte(len(r.payload) >> 8)
		if wait {
			head |= 0x80
		}
		if r.port == tftpForeign {
			head |= 0x40
		}
		script = append(append(script, head, byte(len(r.payload))), r.payload...)
	}
	return script
}

func repliesOf(script []byte) [][]tftpReply {
	all := [][]tftpReply{nil}
	for len(script) >= 2 {
		head, n := script[0], int(script[0]&0x03)<<8|int(script[1])
		script = script[2:]
		n = min(n, len(script), tftp.MaxBlksize)
		r := tftpReply{payload: string(script[:n])}
		script = script[n:]
		if head&0x40 != 0 {
			r.port = tftpForeign
		}
		if head&0x80 != 0 && len(all[len(all)-1]) > 0 {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], r)
	}
	return all
}
