package page

import (
	"fmt"
	"math"
	"time"

	"github.com/fipsim/fipsim/simulator/fleet"
)

// stageRow is one histogram: its figures, and a strip from p50 to the maximum on a
// scale that all rows share.
type stageRow struct {
	*fleet.Latency
	Means               string  // what the stage is
	AtP50, AtP99, AtMax float64 // percent of the strip's width
}

// stageMeanings say what stages are.
var stageMeanings = map[string]string{
	fleet.StageLate:       "from the meant start to the first packet",
	fleet.StageDiscovery:  "until the server's address was known",
	fleet.StageCommonBoot: "the common boot file",
	fleet.StageMACBoot:    "the phone's own boot file",
	fleet.StageCommonCfg:  "the common cfg file",
	fleet.StageMACCfg:     "the phone's own cfg file",
	fleet.StageOtherCfg:   "cfg files that a boot file includes",
	fleet.StageResource:   "phonebooks, firmware",
	fleet.StageMerge:      "from the last file until the settings were applied",
	fleet.StageService:    "the whole pass, from its first packet",
	fleet.StagePass:       "the whole pass, from the meant start",
	fleet.StageServed:     "from the first meant start until provisioned",
}

// stageRows are the histograms in the order of a pass, and the scale of their strips:
// decades.
func stageRows(all []fleet.Latency) (rows []stageRow, scale []string) {
	low, high := math.Inf(1), math.Inf(-1)
	for i := range all {
		low = min(low, decade(all[i].P50))
		high = max(high, decade(all[i].Max))
	}
	low, high = math.Floor(low), math.Ceil(high)
	if high <= low {
		high = low + 1
	}
	at := func(d time.Duration) float64 { return math.Round(1000*(decade(d)-low)/(high-low)) / 10 }
	for i := range all {
		l := &all[i]
		rows = append(rows, stageRow{
			Latency: l, Means: stageMeanings[l.Stage],
			AtP50: at(l.P50), AtP99: at(l.P99), AtMax: at(l.Max),
		})
	}
	if len(all) > 0 {
		scale = []string{short(power(low)), short(power(high))}
	}
	return rows, scale
}

// decade is the logarithm of a duration, in seconds.
func decade(d time.Duration) float64 { return math.Log10(max(d, time.Microsecond).Seconds()) }

func power(decade float64) time.Duration {
	return time.Duration(math.Round(math.Pow(10, decade+6))) * time.Microsecond
}

// healthRow is one thing that this machine might have done wrong.
type healthRow struct {
	Name, Value, Limit string
	Bad                bool
}

// healthRows hold this machine against what makes a run invalid.
func healthRows(h *fleet.Health, files uint64) []healthRow {
	drops, whose := h.SocketDrops, "of our own sockets"
	if !h.DropsKnown {
		drops, whose = h.BufferErrors, "of all sockets here, as the system does not tell whose"
	}
	rows := []healthRow{
		{"timers fired late", short(h.LagP99) + " (p99), " + short(h.LagMax) + " at most",
			"more than " + short(fleet.MostLag) + " (p99) is invalid", h.TimersLate()},
		{"starts were handed out late", short(h.DispatchP99) + " (p99)",
			"more than " + short(fleet.MostLag) + " is invalid", h.DispatchP99 > fleet.MostLag && h.LateStarts > 2},
		{"processors", fmt.Sprintf("%.0f%% of %d by this process", 100*h.CPU, h.Processors),
			fmt.Sprintf("more than %.0f%% is invalid where a threshold on durations breaks", 100*fleet.MostCPU), h.CPU > fleet.MostCPU},
		{"datagrams lost in full receive buffers", number(drops),
			whose + "; more than one of 1000 files is invalid", float64(drops) > fleet.MostDrops*float64(files) && drops > 0},
		{"passes that waited for a permit", fmt.Sprintf("%s, of %d permits", number(h.WaitedPermits), h.InFlight),
			"invalid where a threshold on passes breaks for that alone", false},
		{"passes that this machine failed", number(h.LocalFailures), "one is invalid: no socket, port or memory", h.LocalFailures > 0},
		{"memory", fmt.Sprintf("%d MB at most, heap %d MB in the end", h.PeakRSS>>20, h.HeapBytes>>20), "", false},
	}
	if h.EchoP99 > 0 {
		rows = append(rows, healthRow{"answers were read late", short(h.EchoP50) + " (p50), " + short(h.EchoP99) + " (p99)",
			"invalid where a threshold on durations breaks that would hold without it", false})
	}
	if h.MachineCPU > 0 {
		rows[2].Value += fmt.Sprintf(", %.0f%% by everything on this machine", 100*h.MachineCPU)
	}
	return rows
}
