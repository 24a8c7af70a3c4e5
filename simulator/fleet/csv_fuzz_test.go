package fleet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever stands in a file of phones, reading it ends with phones of which no two have
// one MAC, or with an error that names the file and shows no password.
func FuzzReadCSV(f *testing.F) {
	for _, seed := range []string{
		"mac\n0021f2000001\n", "mac,model,user,password,expect\n0021f2000001,FIP13G,u,sunflower,\n", "mac,mac\n1,2\n", "password\nsunflower\n",
		"mac\n\"0021f2000001\nx\"\n", "mac\n0021f2000001\n0021-F200-0001\n", "# only a comment\n", "\xef\xbb\xbfmac\n002100000001\n", "mac,expect\n0021f2000001,/dev/null\n",
	} {
		f.Add([]byte(seed))
	}
	name := filepath.Join(f.TempDir(), "phones.csv")
	f.Fuzz(func(t *testing.T, body []byte) {
		if err := os.WriteFile(name, body, 0o600); err != nil {
			t.Fatal(err)
		}
		specs, err := ReadCSV(name)
		if err != nil {
			if !strings.Contains(err.Error(), "phones.csv") {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		seen := make(map[string]bool)
		for _, s := range specs {
			if mac := s.MAC.String(); seen[mac] || s.MAC.IsZero() {
				t.Errorf("%q: %s twice, or none", body, mac)
			} else {
				seen[mac] = true
			}
		}
	})
}
