package pcaps

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/trace"
)

// captureFolder holds captures by others, which stay where they are.
const captureFolder = "../../shared/captures"

// captures lists them.
func captures(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(captureFolder, "*.pcap*"))
	if err != nil || len(files) == 0 {
		t.Skipf("no captures in %s, which stands beside the project", captureFolder)
	}
	return files
}

func readCapture(t *testing.T, name string) *Capture {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := Read(filepath.Base(name), f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sharkFields are what is compared.
var sharkFields = []string{"frame.number", "ip.src", "ip.dst", "udp.srcport", "udp.dstport",
	"tftp.opcode", "tftp.source_file", "tftp.destination_file", "tftp.type", "tftp.option.name", "tftp.option.value", "tftp.error.code", "tftp.block",
	"dhcp.option.dhcp", "dhcp.hw.mac_addr", "dhcp.option.tftp_server_name", "dhcp.option.vendor_class_id", "dhcp.option.request_list_item",
	"dhcp.option.type", "dhcp.option.dhcp_server_id", "dhcp.option.tftp_server_address", "ftp.request", "ftp.request.command", "ftp.request.arg"}

type row map[string]string

// tshark returns the fields of each packet; a field with several values has them
// separated by |.
func tshark(t *testing.T, file string) []row {
	t.Helper()
	needTshark(t)
	args := []string{"-r", file, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|"}
	for _, f := range sharkFields {
		args = append(args, "-e", f)
	}
	cmd := exec.CommandContext(t.Context(), "tshark", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, stderr.String())
	}
	var rows []row
	for line := range strings.Lines(string(out)) {
		r := make(row)
		for i, v := range strings.Split(strings.TrimRight(line, "\n"), "\t") {
			r[sharkFields[i]] = v
		}
		rows = append(rows, r)
	}
	return rows
}

// at returns the events of a frame, of all phones.
func (c *Capture) at(frame string, kinds ...trace.Kind) []Event {
	var found []Event
	for _, p := range c.Phones {
		for _, e := range p.Events {
			if strconv.Itoa(e.Frame) == frame && slices.Contains(kinds, e.Kind) {
				found = append(found, e)
			}
		}
	}
	return found
}

// Each capture by others is read whole: as many frames as tshark counts, and in each
// frame what tshark finds there.
func TestAsTshark(t *testing.T) {
	compared := make(map[string]int)
	for _, file := range captures(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, rows := readCapture(t, file), tshark(t, file)
			if c.Frames != len(rows) {
				t.Errorf("%d frames, tshark has %d", c.Frames, len(rows))
			}
			if len(c.Phones) == 0 {
				t.Error("no phone in it")
			}
			for _, r := range rows {
				switch {
				case r["tftp.opcode"] != "":
					compared["tftp "+r["tftp.opcode"]] += compareTFTP(t, c, r)
				case r["dhcp.option.dhcp"] != "":
					compared["dhcp"] += compareDHCP(t, c, r)
				}
			}
			compared["transfers"] += compareBlocks(t, c, rows)
			compared["ftp"] += compareFTP(t, c, rows)
		})
	}
	for what, least := range map[string]int{"tftp 1": 4, "tftp 2": 2, "tftp 6": 1, "dhcp": 10, "ftp": 20, "transfers": 3} {
		if compared[what] < least {
			t.Errorf("%d of %s compared, want %d at least", compared[what], what, least)
		}
	}
}

// compareTFTP compares names, modes and options of a request, the options granted, and
// the error code.
func compareTFTP(t *testing.T, c *Capture, r row) int {
	frame := r["frame.number"]
	switch r["tftp.opcode"] {
	case "1", "2":
		found := c.at(frame, trace.FetchRequest, trace.FetchIgnored)
		if len(found) != 1 {
			t.Errorf("frame %s: %d events for a request", frame, len(found))
			return 0
		}
		if found[0].Kind == trace.FetchIgnored { // malformed: tshark guesses at what it may be
			return 0
		}
		e := found[0]
		want := []string{r["tftp.opcode"], r["tftp.source_file"] + r["tftp.destination_file"], r["tftp.type"], optionsOf(r)}
		got := []string{e.Fact("tftp.opcode"), e.Name, e.Fact("tftp.mode"), factOptions(e)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("frame %s (-tshark +got):\n%s", frame, diff)
		}
	case "6":
		found := c.at(frame, trace.FetchReply)
		if len(found) != 1 || factOptions(found[0]) != optionsOf(r) {
			t.Errorf("frame %s: %+v, tshark has %s", frame, found, optionsOf(r))
		}
	case "5":
		found := c.at(frame, trace.FetchFailed, trace.FetchMissing)
		if len(found) != 1 || found[0].Fact("tftp.error") != r["tftp.error.code"] {
			t.Errorf("frame %s: %+v, tshark has error %s", frame, found, r["tftp.error.code"])
		}
	}
	return 1
}

func optionsOf(r row) string {
	names, values := strings.Split(r["tftp.option.name"], "|"), strings.Split(r["tftp.option.value"], "|")
	var all []string
	for i, n := range names {
		if n != "" {
			all = append(all, n+"="+values[i])
		}
	}
	return strings.Join(all, " ")
}

func factOptions(e Event) string {
	var all []string
	for _, f := range e.Facts {
		if name, ok := strings.CutPrefix(f.Name, "tftp.option."); ok {
			all = append(all, name+"="+f.Value)
		}
	}
	return strings.Join(all, " ")
}

// compareBlocks counts the DATA packets to the port from which each request came.
func compareBlocks(t *testing.T, c *Capture, rows []row) (transfers int) {
	blocks, port := make(map[string]int), make(map[string]string)
	for _, r := range rows {
		switch r["tftp.opcode"] {
		case "3":
			blocks[r["ip.dst"]+":"+r["udp.dstport"]]++
		case "1":
			port[r["frame.number"]] = r["ip.src"] + ":" + r["udp.srcport"]
		}
	}
	for _, p := range c.Phones {
		for i, e := range p.Events {
			if e.Kind != trace.FetchDone || e.Fact("tftp.blocks") == "" {
				continue
			}
			transfers++
			for ; p.Events[i].Kind != trace.FetchRequest; i-- {
			}
			if want := blocks[port[strconv.Itoa(p.Events[i].Frame)]]; e.Fact("tftp.blocks") != strconv.Itoa(want) {
				t.Errorf("frame %d: %s blocks, tshark has %d", e.Frame, e.Fact("tftp.blocks"), want)
			}
		}
	}
	return transfers
}

// compareDHCP compares type, client, the order of the options, those that name the
// server, and those asked for.
func compareDHCP(t *testing.T, c *Capture, r row) int {
	kinds := map[string]trace.Kind{"1": trace.DHCPDiscover, "2": trace.DHCPOffer, "3": trace.DHCPRequest, "5": trace.DHCPAck}
	frame := r["frame.number"]
	found := c.at(frame, kinds[r["dhcp.option.dhcp"]], trace.DHCPRenew)
	if len(found) != 1 {
		t.Errorf("frame %s: %d events of type %s", frame, len(found), r["dhcp.option.dhcp"])
		return 0
	}
	e := found[0]
	mac, _, _ := strings.Cut(r["dhcp.hw.mac_addr"], "|") // option 61 may repeat it
	list := func(v string) string { return strings.ReplaceAll(v, "|", ",") }
	order, _, _ := strings.Cut(list(r["dhcp.option.type"]), ",255")
	want := map[string]string{"mac": strings.ReplaceAll(mac, ":", ""), "order": strings.TrimSuffix(order, ",0"),
		"66": r["dhcp.option.tftp_server_name"], "60": r["dhcp.option.vendor_class_id"], "55": list(r["dhcp.option.request_list_item"]),
		"54": r["dhcp.option.dhcp_server_id"], "150": list(r["dhcp.option.tftp_server_address"])}
	got := map[string]string{"mac": e.Phone.String(), "order": e.Fact("dhcp.order"), "66": e.Fact("dhcp.option.66"), "60": e.Fact("dhcp.option.60"),
		"55": e.Fact("dhcp.option.55"), "54": e.Fact("dhcp.option.54"), "150": e.Fact("dhcp.option.150")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("frame %s (-tshark +got):\n%s", frame, diff)
	}
	return 1
}

// compareFTP compares each command and its argument.
func compareFTP(t *testing.T, c *Capture, rows []row) int {
	var want, got []string
	for _, r := range rows {
		arg := r["ftp.request.arg"]
		if r["ftp.request.command"] == "PASS" {
			arg = "********"
		}
		if r["ftp.request.command"] != "" {
			want = append(want, fmt.Sprintf("%s %s %s", r["frame.number"], r["ftp.request.command"], arg))
		}
	}
	for _, p := range c.Phones {
		for _, e := range p.Events {
			if e.Kind == FTPCommand {
				arg, _, _ := strings.Cut(e.Detail, "→")
				got = append(got, fmt.Sprintf("%d %s %s", e.Frame, e.Name, strings.TrimSpace(arg)))
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-tshark +got):\n%s", diff)
	}
	return len(want)
}
