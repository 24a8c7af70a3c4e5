package fleet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// witnessJob is the variable that makes this test binary a witness.
const witnessJob = "FIPSIM_FLEET_WITNESS"

// witness is a server whose delays are programmed, in a process of its own. All that a phone asks it for names the
// phone, so that it can tell how long each of them was kept waiting: from the moment at which the kernel took a request
// to the end of the call that sent the answer, over all requests of the phone. What it is late itself is in that.
type witness struct {
	Delays  bool          // each phone's cfg file after its own delay, see programmed
	Service time.Duration // cfg files one after the other, so long each
	From    time.Duration // counted from the first request: nothing is answered from then on
	For     time.Duration // for so long

	mu    sync.Mutex
	kept  map[device.MAC]time.Duration
	stood stood
}

// testimony is what a witness tells in the end.
type testimony struct {
	Kept  []time.Duration // of each phone, ascending
	Stood stood
}

// stood is when a witness stood still.
type stood struct{ From, Until time.Time }

// programmed is a phone's own delay: exponential, 60 ms on average.
func programmed(mac device.MAC) time.Duration {
	return time.Duration(-60 * math.Log(1-fraction(9, int(mac[3])<<16|int(mac[4])<<8|int(mac[5]))) * float64(time.Millisecond))
}

// witnessed is a whole process of a witness: it serves until standard input ends.
func witnessed(job string) error {
	w := &witness{kept: make(map[device.MAC]time.Duration)}
	if err := json.Unmarshal([]byte(job), w); err != nil {
		return err
	}
	if err := w.serve(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var kept []time.Duration
	for _, d := range w.kept {
		kept = append(kept, d)
	}
	slices.Sort(kept)
	return json.NewEncoder(os.Stdout).Encode(testimony{kept, w.stood})
}

// serve answers requests for small files.
func (w *witness) serve() error {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	_ = conn.SetReadBuffer(4 << 20) // smaller where the system allows no more
	fmt.Println(conn.LocalAddr())
	go func() { _, _ = os.Stdin.Read(make([]byte, 1)); conn.Close() }()
	read := arrivals(conn)
	in, first, free := make([]byte, 1500), time.Time{}, time.Time{}
	for {
		n, from, now, err := read(in)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		name, mac, reply := answerOf(in[:n])
		if reply == nil {
			continue
		}
		if first.IsZero() {
			first = now
		}
		at := now
		switch {
		case name != mac.CfgName():
		case w.Delays:
			at = now.Add(programmed(mac))
		case w.Service > 0:
			free = latest(free, now).Add(w.Service)
			at = free
		}
		if begin, end := first.Add(w.From), first.Add(w.From+w.For); w.For > 0 && !now.Before(begin) && now.Before(end) {
			w.stood, at = stood{begin, end}, end
		}
		w.send(conn, mac, reply, from, now, at)
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// send answers at a time, and notes how long the phone was kept waiting.
func (w *witness) send(conn *net.UDPConn, mac device.MAC, reply []byte, to netip.AddrPort, arrived, at time.Time) {
	answer := func() {
		_, _ = conn.WriteToUDPAddrPort(reply, to)
		kept := time.Since(arrived)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.kept[mac] += kept
	}
	if wait := time.Until(at); wait > 0 {
		time.AfterFunc(wait, answer)
		return
	}
	answer()
}

// answerOf is the file of a request, whose it is, and the whole answer, one block; none to what is no request of a
// phone's own file.
func answerOf(packet []byte) (name string, mac device.MAC, reply []byte) {
	if len(packet) < 3 || packet[1] != 1 {
		return "", mac, nil
	}
	text, _, _ := bytes.Cut(packet[2:], []byte{0})
	name = string(text)
	owner, suffix, _ := bytes.Cut(text, []byte("."))
	mac, err := device.ParseMAC(string(owner))
	switch {
	case err != nil:
		return name, mac, nil
	case string(suffix) == "boot":
		return name, mac, tftp.AppendData(nil, 1, []byte("#!version:1.0.0.1\ninclude:config \"$(MA).cfg\"\n"))
	case string(suffix) == "cfg":
		return name, mac, tftp.AppendData(nil, 1, []byte("#!version:1.0.0.1\naccount.1.label="+name+"\n"))
	}
	return name, mac, tftp.AppendError(nil, 1, "File not found")
}

// start runs the witness in a process of its own, and returns its URL and what ends it and has it tell.
func (w *witness) start(b *testing.B) (url string, end func() testimony) {
	b.Helper()
	job, err := json.Marshal(w)
	if err != nil {
		b.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), exe) // the end of its input ends it
	cmd.Env = append(os.Environ(), witnessJob+"="+string(job))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	at, err := lines.ReadBytes('\n')
	if err != nil {
		b.Fatal(err)
	}
	var told testimony
	end = sync.OnceValue(func() testimony {
		stdin.Close()
		if err := json.NewDecoder(lines).Decode(&told); err != nil {
			b.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
		return told
	})
	b.Cleanup(func() { end() })
	return "tftp://" + string(bytes.TrimSpace(at)) + "/", end
}
