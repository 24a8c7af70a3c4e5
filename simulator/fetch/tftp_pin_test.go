package fetch

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"

	pin "github.com/pin/tftp/v3"
)

// pinBody is the content of the file that is called by its size.
func pinBody(size int) []byte {
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return body
}

// startPin starts github.com/pin/tftp's server on loopback and returns its address.
func startPin(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	server := pin.NewServer(func(name string, to io.ReaderFrom) error {
		size, err := strconv.Atoi(name)
		if err != nil {
			return errors.New("File not found")
		}
		_, err = to.ReadFrom(bytes.NewReader(pinBody(size)))
		return err
	}, nil)
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(conn) })
	t.Cleanup(func() {
		server.Shutdown()
		running.Wait()
	})
	return conn.LocalAddr().String()
}
