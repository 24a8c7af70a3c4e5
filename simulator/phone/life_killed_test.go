package phone_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
)

// The two generations of settings and resources that TestKilled's phone goes to and fro
// between.
var generations = [2]string{"old", "new"}

const (
	killedSettings = 300
	killedContacts = 200
)

// generation is a server's tree of which every setting says its generation: half of
// them in each of two files, and a phonebook.
func generation(name string, dir string) tree {
	files := tree{"0021f2000001.boot": "include:config <1.cfg>\ninclude:config <2.cfg>\n"}
	for i := range killedSettings {
		file := fmt.Sprintf("%d.cfg", 1+i%2)
		files[file] += fmt.Sprintf("linekey.%d.label=%s\n", i, name)
	}
	files["2.cfg"] += "local_contact.data.url=file://" + dir + "/" + name + "/contacts.xml\n"
	files["contacts.xml"] = contacts(name)
	return files
}

func contacts(name string) string {
	return "<Directory>" + strings.Repeat("<Entry>"+name+"</Entry>", killedContacts) + "</Directory>"
}

// toAndFro names the one and the other generation's folder in turn.
type toAndFro struct {
	dir  string
	next int
}

func (f *toAndFro) Find(ctx context.Context, id device.Identity) (discover.Offer, error) {
	f.next++
	return discover.Static{URL: "file://" + filepath.Join(f.dir, generations[f.next%2]) + "/"}.Find(ctx, id)
}

// untilKilled is the child: a phone that does nothing but provision. It tells
// of each pass that is over, until it is killed.
func untilKilled(dir string) {
	check := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			panic("TestKilled's phone")
		}
	}
	flash, err := phone.OpenFolder(filepath.Join(dir, "flash"))
	check(err)
	p, err := phone.New(phone.Options{Flash: flash, Finders: map[string]discover.Finder{
		"static": &toAndFro{dir: dir}, "pnp": discover.Static{},
	}})
	check(err)
	for n := 0; ; n++ {
		_, err := p.Provision(context.Background(), device.PowerOn)
		check(err)
		fmt.Fprintln(os.Stdout, "provisioned", n)
	}
}

// A phone killed (kill -9) at a hundred random moments of passes that change its flash
// holds either the old or the new settings afterwards, never a mixture; and either the
// old or the new phonebook.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range generations {
		for file, body := range generation(name, dir) {
			path := filepath.Join(dir, name, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	const kills = 100
	found, half := make(map[string]int), 0
	for range kills {
		killedPhone(t, dir)
		left, err := filepath.Glob(filepath.Join(dir, "flash", ".settings.json.half-*"))
		if err != nil {
			t.Fatal(err)
		}
		half += min(len(left), 1)
		found[heldGeneration(t, dir)]++
		if t.Failed() {
			return
		}
	}
	t.Logf("%d kills: %v; %d of them while settings were being written", kills, found, half)
	if len(found) != len(generations) {
		t.Errorf("%d kills always left the same generation: they did not hit the passes", kills)
	}
}

// killedPhone starts a phone and kills it within the time of some passes.
func killedPhone(t *testing.T, dir string) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), binary, "-provision-until-killed="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	// A random moment of a random pass: as long as a pass takes here and now.
	lines := bufio.NewReader(out)
	var pass time.Duration
	for range 2 + rand.N(2) {
		start := time.Now()
		if _, err := lines.ReadString('\n'); err != nil {
			t.Errorf("the phone did not get as far as three passes: %v", err)
		}
		pass = time.Since(start)
	}
	time.Sleep(rand.N(pass + time.Millisecond)) // not a wait for something
	if err := child.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = child.Wait() // it was killed: that is its error
}

// heldGeneration starts the phone again, and returns which generation it holds.
func heldGeneration(t *testing.T, dir string) string {
	t.Helper()
	flash, err := phone.OpenFolder(filepath.Join(dir, "flash"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := phone.New(phone.Options{Flash: flash})
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]int)
	for s := range p.Settings().All() {
		if strings.HasPrefix(s.Key, "linekey.") {
			counts[s.Value]++
		} else if s.Key == "local_contact.data.url" {
			counts[filepath.Base(filepath.Dir(s.Value))]++
		}
	}
	held, _ := p.Settings().Get("linekey.0.label")
	if len(counts) != 1 || counts[held] != killedSettings+1 {
		t.Errorf("a mixture: %v", counts)
	}
	book, err := os.ReadFile(filepath.Join(dir, "flash", "resources", "local_contact.data.url"))
	if text := string(book); err != nil || text != contacts(generations[0]) && text != contacts(generations[1]) {
		t.Errorf("the phonebook is neither the old nor the new one: %d bytes, %v", len(book), err)
	}
	return held
}
