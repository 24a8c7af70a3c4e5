package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/fleet/page"
)

// How often a load is looked at, whoever asks, and how long its end is shown.
const (
	lookPause  = 900 * time.Millisecond // pages ask once a second
	lingerTime = 3 * time.Second
	maxScrapes = 4 // of /metrics at once
)

// FleetOptions says of which loads a live page is, where and to whom it is shown.
type FleetOptions struct {
	Listen   string // as Options has it
	Password string // as Options has it
	// Live is a window on the loads. It must be set.
	Live *fleet.Live
}

// StartFleet listens and serves the live page of a fleet until Close, and the same as
// metrics for Prometheus under /metrics. Its error says that it cannot listen there.
func StartFleet(ctx context.Context, o FleetOptions) (*Server, error) {
	l, err := listen(ctx, o.Listen)
	if err != nil {
		return nil, fmt.Errorf("live page: %w", err)
	}
	s := newServer(Options{Password: o.Password}, l.Addr())
	s.fleet = &fleetPage{live: o.Live}
	s.serve(ctx, l, s.guard(s.fleet.handler()))
	return s, nil
}

// fleetPage shows loads.
type fleetPage struct {
	live *fleet.Live

	mu     sync.Mutex // held while the load is looked at: who else asks gets the same
	asked  time.Time  // when a page asked last
	looked time.Time
	report *fleet.Report
	search *fleet.Found
}

func (p *fleetPage) handler() http.Handler {
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collector{p}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.page)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes}))
	assets := page.Assets()
	mux.HandleFunc("GET /assets/{name}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, assets, r.PathValue("name"))
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return mux
}

// look returns the load as it was less than a second ago.
func (p *fleetPage) look() (*fleet.Report, *fleet.Found) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.looked) >= lookPause || p.report == nil || p.report.Ended != "running" {
		p.report, p.search, p.looked = p.live.Report(), p.live.Search(), time.Now()
	}
	return p.report, p.search
}

// page writes the page as it is now.
func (p *fleetPage) page(w http.ResponseWriter, _ *http.Request) {
	report, search := p.look()
	var body bytes.Buffer // whole or not at all
	if err := page.Live(&body, report, search); err != nil {
		http.Error(w, "this page cannot be shown: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = body.WriteTo(w) // the browser went away
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = time.Now()
}

// Linger waits until pages that follow a load which has ended have shown its end: a few
// seconds at most, and not at all where none is open.
func (s *Server) Linger(ctx context.Context) {
	if s.fleet == nil {
		return
	}
	ended := time.Now()
	tick := time.NewTicker(lingerTime / 30)
	defer tick.Stop()
	for s.fleet.awaits(ended) && time.Since(ended) < lingerTime {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// awaits reports whether a page that was open shortly before has not asked since.
func (p *fleetPage) awaits(ended time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked.After(ended.Add(-lingerTime)) && !p.asked.After(ended)
}
