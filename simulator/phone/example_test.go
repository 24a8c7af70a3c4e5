package phone_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/server"
)

// One phone provisions from one server, here ours, and tells what it ends with and from
// which line of which file.
func Example() {
	ctx := context.Background()
	s, err := server.Start(ctx, server.Options{
		Tree: fstest.MapFS{"0021f2000001.cfg": {Data: []byte("lang.gui=French\n")}},
		HTTP: "127.0.0.1:0",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	mac, err := device.ParseMAC("00:21:F2:00:00:01")
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := phone.New(phone.Options{
		Identity: device.Identity{MAC: mac, Model: "FIP14G", Firmware: "V0.5.15"},
		Finders: map[string]discover.Finder{
			discover.SourceStatic: discover.Static{URL: s.URL("http").String()},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	outcome, err := p.Provision(ctx, device.PowerOn)
	fmt.Println(outcome, err)
	for _, origin := range p.Settings().Explain("lang.gui") {
		fmt.Printf("%s, line %d: %s\n", origin.File, origin.Line, origin.Value)
	}
	// Output:
	// provisioned <nil>
	// 0021f2000001.cfg, line 1: French
}
