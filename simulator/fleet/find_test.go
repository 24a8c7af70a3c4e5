package fleet

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/verdict"
)

// A server that bears so many requests a second and no more: the rate is found. It answers each request when its
// turn comes, 5 ms after the one before, so that five files a pass make 40 passes a second.
func TestFind(t *testing.T) {
	specs := phones(t, 400)
	files := http.FileServerFS(tree(specs))
	turn := make(chan struct{}, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turn <- struct{}{}
		time.Sleep(5 * time.Millisecond) // the limit under test
		<-turn
		files.ServeHTTP(w, r)
	}))
	defer s.Close()
	threshold, err := ParseThreshold("p90(pass)<400ms")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Find(t.Context(), Options{Phones: specs, Servers: []string{s.URL + "/"}, Expect: expect(t, expectTree), Seed: 1}, threshold, 4*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	_ = f.Summary(&text)
	t.Logf("\n%s", &text)
	// How near it comes from below is the machine's doing; a rate that the server cannot bear never holds.
	if f.Rate > 45 || f.Broke <= f.Rate || !strings.Contains(f.First, "(p99)") {
		t.Errorf("%.1f held, %.1f broke first by %s; the server bears less than 40", f.Rate, f.Broke, f.First)
	}
	if err := f.Verdict(); f.Ours == "" && err != nil {
		t.Error(err)
	}
}

// No rate is low enough for a server that is not there; a fleet can be too small for a trial.
func TestFindNothing(t *testing.T) {
	threshold, err := ParseThreshold("errors<1%")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Phones: phones(t, 30), Servers: []string{"http://127.0.0.1:1/"}}
	f, err := Find(t.Context(), o, threshold, 2*time.Second)
	if err != nil || f.Rate != 0 || len(f.Trials) != 1 || verdict.Exit(f.Verdict()) != verdict.ExitFail {
		t.Errorf("%+v, %v", f, err)
	}
	o.Phones = phones(t, 5)
	if f, err = Find(t.Context(), o, threshold, 2*time.Second); err != nil || !strings.Contains(f.Ours, "take more") {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err = Find(t.Context(), o, threshold, time.Second); err == nil {
		t.Error("a trial of a second is taken")
	}
}
