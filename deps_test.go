package fipsim_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The libraries that this module asks for are those that docs/decisions.md gives reasons
// for, in its list of them: no more and no fewer.
func TestLibraries(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	decisions, err := os.ReadFile("docs/decisions.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(decisions), "\n### The list\n")
	if !ok {
		t.Fatal(`docs/decisions.md has no "### The list"`)
	}
	list, _, _ = strings.Cut(list, "\n#")
	var required, accounted []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1) {
		required = append(required, m[1])
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.+) \\|$").FindAllStringSubmatch(list, -1) {
		accounted = append(accounted, m[1])
	}
	if len(required) == 0 {
		t.Fatal("go.mod requires nothing")
	}
	for _, path := range required {
		if !slices.Contains(accounted, path) {
			t.Errorf("go.mod requires %s: give it a line in the list of docs/decisions.md that says what for", path)
		}
	}
	for _, path := range accounted {
		if !slices.Contains(required, path) {
			t.Errorf("docs/decisions.md lists %s, which go.mod does not require", path)
		}
	}
}

// The image has nothing but the binary and the root certificates, and is not root's.
// There is no engine here to build it; what it would run is built by cmd/dist's tests.
func TestDockerfile(t *testing.T) {
	body, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	stages := strings.Split(string(body), "\nFROM ")[1:]
	last := strings.Split(strings.TrimSpace(stages[len(stages)-1]), "\n")
	if len(stages) != 2 || last[0] != "scratch" {
		t.Fatalf("want two stages, the last one from scratch: %q", last[0])
	}
	if !strings.Contains(stages[0], "CGO_ENABLED=0 go build") {
		t.Error("the binary is not static: there is no C library in the image")
	}
	built := regexp.MustCompile(`-o (\S+)`).FindStringSubmatch(stages[0])
	user, entry := false, false
	for _, line := range last[1:] {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "COPY":
			from := strings.Fields(rest)
			if len(from) != 3 || from[0] != "--from=build" || built == nil || from[1] != built[1] && !strings.HasPrefix(from[1], "/etc/ssl/") {
				t.Errorf("%s: more than the binary and the certificates", line)
			}
			entry = entry || strings.Contains(string(body), `ENTRYPOINT ["`+from[2]+`"]`)
		case "USER":
			user = regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(rest)
		case "ENTRYPOINT", "CMD":
		default:
			t.Errorf("%s: not in an image without a shell", line)
		}
	}
	if !user || !entry {
		t.Errorf("want a USER by number, as there is no /etc/passwd, and the binary as ENTRYPOINT: %v, %v", user, entry)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	if version == nil || !strings.Contains(stages[0], "golang:"+string(version[1])+" ") {
		t.Error("the image builds with another Go than go.mod wants")
	}
}
