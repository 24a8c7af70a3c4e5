package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/server"
)

// A provisioning server for a test: a tree of files over HTTP, and what was asked of it.
func ExampleStart() {
	ctx := context.Background()
	s, err := server.Start(ctx, server.Options{
		Tree: fstest.MapFS{"y000000000000.cfg": {Data: []byte("lang.gui=French\n")}},
		HTTP: "127.0.0.1:0",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	response, err := http.Get(s.URL("http").String() + "y000000000000.cfg")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Printf("%s%v\n", body, err)
	for _, r := range s.History() {
		fmt.Println(r.Name)
	}
	// Output:
	// lang.gui=French
	// <nil>
	// y000000000000.cfg
}
