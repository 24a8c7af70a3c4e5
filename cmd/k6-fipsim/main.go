// Command k6-fipsim is k6 with the module k6/x/fip built in: provisioning phones as a
// load that JavaScript describes. It is a Go module of its own, because k6 is under the
// AGPL-3.0; nothing of fipsim's core imports it.
package main

import (
	"go.k6.io/k6/cmd"

	_ "github.com/fipsim/fipsim/cmd/k6-fipsim/fip" // registers k6/x/fip
)

func main() {
	keepQuiet()
	cmd.Execute()
}
