package pcaps

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// missed returns the frames of diagnoses that their display filters do not show, as tshark
// applies them.
func missed(t *testing.T, file string, c *Capture) string {
	t.Helper()
	needTshark(t)
	var parts []string
	for _, p := range c.Phones {
		for _, d := range Diagnose(p) {
			if len(d.Frames) > 0 && !strings.HasPrefix(d.Filter, "frame.number in ") {
				parts = append(parts, fmt.Sprintf("(%s && !(%s))", frameFilter(d.Frames), d.Filter))
			}
		}
	}
	if len(parts) == 0 {
		return ""
	}
	out, err := exec.CommandContext(t.Context(), "tshark", "-n", "-r", file, "-Y", strings.Join(parts, " || ")).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("tshark -Y %q: %v\n%s", strings.Join(parts, " || "), err, out)
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "Running as user") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// Who pastes the filter of a diagnosis into Wireshark sees its frames: of captures by
// others, and of our own.
func TestFiltersShowTheirFrames(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(captureFolder, "*.pcap"))
	own, _ := filepath.Glob("library/*.pcapng")
	for _, file := range append(files, own...) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if _, err := os.Stat(file); err != nil {
				t.Fatal(err)
			}
			c := readCapture(t, file)
			if lines := missed(t, file, c); lines != "" {
				var told strings.Builder
				_ = c.WriteText(&told)
				t.Errorf("not shown:\n%s%s", lines, told.String())
			}
		})
	}
}
