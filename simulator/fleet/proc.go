package fleet

import (
	"os"
	"strconv"
	"strings"
)

// bufferErrors is the namespace's RcvbufErrors of UDP (RFC 4113's udpInErrors has them
// among others; proc(5), /proc/net/snmp); 0 where the system does not tell.
func bufferErrors() uint64 {
	text, err := os.ReadFile("/proc/self/net/snmp")
	if err != nil {
		return 0
	}
	return readBufferErrors(string(text))
}

// readBufferErrors finds UDP's RcvbufErrors in /proc/net/snmp, where a line of names
// stands above a line of values.
func readBufferErrors(text string) uint64 {
	var names []string
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "Udp:" {
			continue
		}
		if names == nil {
			names = f
			continue
		}
		for i := range min(len(names), len(f)) {
			if names[i] == "RcvbufErrors" {
				n, err := strconv.ParseUint(f[i], 10, 64)
				if err != nil {
					return 0
				}
				return n
			}
		}
	}
	return 0
}

// peakRSS is the most memory that this process had, in bytes; 0 where the system does
// not tell.
func peakRSS() uint64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				return n << 10
			}
		}
	}
	return 0
}

// machineTime is what all processors together did since the machine started, in ticks
// of the kernel's.
type machineTime struct{ busy, all uint64 }

// readMachineTime reads /proc/stat; nothing where the system does not tell.
func readMachineTime() machineTime {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return machineTime{}
	}
	return parseMachineTime(string(text))
}

// parseMachineTime reads the first line of /proc/stat: user, nice, system, idle, iowait,
// irq, softirq, steal (proc(5)); what guests used is in the first two already.
func parseMachineTime(text string) (t machineTime) {
	line, _, _ := strings.Cut(text, "\n")
	f := strings.Fields(line)
	if len(f) < 5 || f[0] != "cpu" {
		return t
	}
	for i, word := range f[1:min(len(f), 9)] {
		n, err := strconv.ParseUint(word, 10, 64)
		if err != nil {
			return machineTime{}
		}
		t.all += n
		if i != 3 && i != 4 { // idle, or waiting for a disk
			t.busy += n
		}
	}
	return t
}

// since is the share of the time in which processors were busy, from 0 to 1.
func (t machineTime) since(before machineTime) float64 {
	if t.all <= before.all || t.busy < before.busy {
		return 0
	}
	return float64(t.busy-before.busy) / float64(t.all-before.all)
}
