package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/fleet"
)

// loadOnto runs a load of 60 phones that live is a window on: each tenth fails, and each other tenth gets a
// hostile value. A gate that is not nil is waited for before the 31st own file is served.
func loadOnto(ctx context.Context, live *fleet.Live, gate <-chan struct{}) error {
	var own atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch name := r.URL.Path[1:]; {
		case name == "y000000000000.cfg":
			_, _ = w.Write([]byte("lang.gui=French\n"))
		case !strings.HasSuffix(name, ".cfg"):
			http.NotFound(w, r)
		default:
			n := own.Add(1)
			if gate != nil && n > 30 {
				<-gate
			}
			switch n % 10 {
			case 3:
				http.Error(w, "no", http.StatusServiceUnavailable)
			case 7:
				_, _ = w.Write([]byte("lang.gui=" + hostileName + "\n"))
			default:
				_, _ = w.Write([]byte("account.1.label=a\n"))
			}
		}
	}))
	defer s.Close()
	specs, err := fleet.Count(60, fleet.DefaultFirst)
	if err != nil {
		return err
	}
	expect, err := scenarios.ParseExpect("expect.cfg", []byte("lang.gui=French\n"))
	if err != nil {
		return err
	}
	threshold, err := fleet.ParseThreshold("errors<1%")
	if err != nil {
		return err
	}
	server := strings.Replace(s.URL, "http://", "http://bob:geheim@", 1) + "/"
	r, err := fleet.Run(ctx, fleet.Options{
		Phones: specs, Servers: []string{server}, Expect: expect, Thresholds: []fleet.Threshold{threshold}, Seed: 1, Sample: 10, Live: live,
	})
	if err != nil {
		return err
	}
	if r.Passes != 60 || r.Failed == 0 || r.Wrong == 0 {
		return fmt.Errorf("%d passes, %d failed, %d wrong", r.Passes, r.Failed, r.Wrong)
	}
	return nil
}
