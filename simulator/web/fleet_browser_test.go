package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/fleet/page"
)

// fits fails where the page is wider than the screen, or loads something from elsewhere, or draws nothing.
func (b *tab) fits(address string) {
	b.Helper()
	for _, width := range []int64{390, 1280} {
		b.do(chromedp.EmulateViewport(width, 800))
		b.visit(address)
		if got := evaluate[int64](b, `document.documentElement.scrollWidth`); got > width {
			b.Errorf("%d wide on a screen of %d", got, width)
		}
		if n := evaluate[int](b, `document.querySelectorAll(".chart canvas").length`); n != 5 {
			b.Errorf("%d charts are drawn, want 5", n)
		}
		if drawn := evaluate[bool](b, `[...document.querySelectorAll(".chart canvas")].every(c =>
			c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some(v => v))`); !drawn {
			b.Error("a chart is empty")
		}
		elsewhere := `performance.getEntriesByType("resource").filter(e => !e.name.startsWith(location.origin)).map(e => e.name).join()`
		if got := evaluate[string](b, elsewhere); got != "" {
			b.Errorf("it loads %s", got)
		}
		if n := evaluate[int](b, `document.querySelectorAll("body script:not(#data)").length + document.querySelectorAll("img").length`); n > 2 {
			b.Errorf("%d scripts and images: what a server sent is markup", n)
		}
	}
}

// The live page follows a load to its end without being loaded again.
func TestBrowserFleet(t *testing.T) {
	b := chromium(t)
	live, gate, ended := new(fleet.Live), make(chan struct{}), make(chan error, 1)
	s := startFleet(t, FleetOptions{Live: live})
	b.visit(s.URL())
	b.until(`document.querySelector("header .word").textContent === "under way"`)
	go func() { ended <- loadOnto(t.Context(), live, gate) }()
	b.until(`document.querySelectorAll(".chart canvas").length === 5`)
	b.until(`/of 60 phones/.test(document.querySelector(".figures").textContent)`)
	b.until(`document.getElementById("link").textContent === "live"`)
	close(gate)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	b.until(`document.querySelector("header .word").textContent === "fails" && document.getElementById("link").textContent === "ended"`)
	b.until(`/server-error/.test(document.getElementById("r0-outcomes").textContent)`)
	b.stayed()
	evaluate[any](b, `document.querySelector("#r0-phones summary").click()`)
	b.until(`document.querySelector("#r0-phones details[open] .timeline") !== null`)
	b.fits(s.URL())
}

// The report of a load, as one file, keeps its own policy.
func TestBrowserFleetReport(t *testing.T) {
	live := aLoad(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		if err := page.HTML(w, live.Report()); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	chromium(t).fits(s.URL + "/")
}
