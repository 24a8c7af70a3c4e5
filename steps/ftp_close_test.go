package steps

import (
	"io"
	"net"
	"testing"
)

// A session ends with QUIT, unless its phone is to vanish: a server that keeps the places
// of those who vanish must have some left when the rule about that is judged.
func TestSessionEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*ftpSession)
		want string
	}{
		{"close", (*ftpSession).close, "QUIT\r\n"},
		{"vanish", (*ftpSession).vanish, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			phone, server := net.Pipe()
			go c.end(&ftpSession{conn: phone})
			got, err := io.ReadAll(server)
			if err != nil || string(got) != c.want {
				t.Errorf("the server reads %q, %v; want %q", got, err, c.want)
			}
		})
	}
}
