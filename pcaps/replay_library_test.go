package pcaps

import (
	"path"
	"slices"
	"testing"
)

// Every capture of the library is done again without a difference, the failing ones too: what was refused is refused,
// what got no answer gets none, who was asked for a password is asked again.
func TestReplayOfLibrary(t *testing.T) {
	if testing.Short() {
		t.Skip("phones wait for answers that never come, as those in the captures did")
	}
	// In these no phone got as far as to ask for a file: there is nothing to do again, and Replay says so.
	nothing := []string{"isc-dhcpd_no_option66", "lighttpd_https_not_trusted", "vsftpd-login_ftp_wrong_password"}
	library(t, func(t *testing.T, capture []byte) {
		t.Parallel()
		name := path.Base(t.Name())
		all, err := Replay(t.Context(), read(t, capture), ReplayOptions{})
		if slices.Contains(nothing, name) {
			if err == nil {
				t.Error("it was done again")
			}
			return
		}
		if err != nil || len(all) == 0 {
			t.Fatalf("%d phones, %v", len(all), err)
		}
		for _, r := range all {
			for _, d := range r.Differences {
				t.Errorf("%s (%s: %v)", d, r.Outcome, r.Err)
			}
			if len(r.Settings) > 0 {
				t.Errorf("other settings: %q", r.Settings)
			}
		}
	})
}
