//go:build toolchain

package main

import (
	"io"
	"time"

	"golang.org/x/exp/trace"
)

func init() {
	modes["groups"] = readGroups
	modes["utilization"] = readUtilization
}

// times are those of the toolchain's Summarizer, ns. ExcessNs: of a goroutine that the trace leaves in a system call
// without a processor, the Summarizer counts the rest both as system call and as waiting for a processor.
type times struct {
	Count int `json:"count"`
	// Of Count: were there before the trace, or were first named late.
	OlderCount int `json:"olderCount"`
	// Of Count: had an earlier life, which the Summarizer forgets. A thread of C has its goroutine id again.
	AgainCount int              `json:"againCount"`
	RunningNs  int64            `json:"runningNs"`
	SchedNs    int64            `json:"schedNs"`
	SyscallNs  int64            `json:"syscallNs"`
	BlockedNs  int64            `json:"syscallBlockedNs"`
	WaitingNs  map[string]int64 `json:"waitingNs"`
	ExcessNs   int64            `json:"excessNs"`
	TotalNs    int64            `json:"totalNs"`
}

func (sum *times) add(stats *trace.GoroutineExecStats) {
	sum.Count++
	sum.RunningNs += int64(stats.ExecTime)
	sum.SchedNs += int64(stats.SchedWaitTime)
	sum.SyscallNs += int64(stats.SyscallTime)
	sum.BlockedNs += int64(stats.SyscallBlockTime)
	all := stats.ExecTime + stats.SchedWaitTime + stats.SyscallTime + stats.SyscallBlockTime
	for reason, length := range stats.BlockTimeByReason {
		sum.WaitingNs[reason] += int64(length)
		all += length
	}
	sum.TotalNs += int64(stats.TotalTime)
	if all > stats.TotalTime {
		sum.ExcessNs += int64(all - stats.TotalTime)
	}
}

func sumOf(sums map[string]*times, name string) *times {
	if sums[name] == nil {
		sums[name] = &times{WaitingNs: map[string]int64{}}
	}
	return sums[name]
}

// readGroups gives the Summarizer's times by start function, its regions by name and its tasks by name. GapNs is how
// long before a generation's first event its sync stands, at most: what older states begin earlier than ours.
func readGroups(from io.Reader) (any, error) {
	summarizer := trace.NewSummarizer()
	var sync trace.Time
	var gap int64
	older, lives := map[trace.GoID]bool{}, map[trace.GoID]int{}
	fresh := false
	err := forEach(from, func(event *trace.Event) {
		if event.Kind() == trace.EventSync {
			sync, fresh = event.Time(), true
		} else if fresh && event.Kind() != trace.EventStackSample {
			gap, fresh = max(gap, int64(event.Time()-sync)), false
		}
		if event.Kind() == trace.EventStateTransition {
			transition := event.StateTransition()
			if transition.Resource.Kind == trace.ResourceGoroutine {
				id := transition.Resource.Goroutine()
				old, new := transition.Goroutine()
				if new != old && (old == trace.GoUndetermined || old == trace.GoNotExist) {
					older[id] = older[id] || old == trace.GoUndetermined
					lives[id]++
				}
			}
		}
		summarizer.Event(event)
	})
	if err != nil {
		return nil, err
	}
	summary := summarizer.Finalize()
	groups, regions := map[string]*times{}, map[string]*times{}
	for _, one := range summary.Goroutines {
		sum := sumOf(groups, one.Name)
		sum.add(&one.GoroutineExecStats)
		if older[one.ID] {
			sum.OlderCount++
		}
		if lives[one.ID] > 1 {
			sum.AgainCount++
		}
		for _, region := range one.Regions {
			// Not those that a goroutine inherits, and none from before the trace.
			if region.Start != nil && region.Start.Kind() == trace.EventRegionBegin {
				sumOf(regions, region.Name).add(&region.GoroutineExecStats)
			}
		}
	}
	tasks := map[string]*times{}
	for _, one := range summary.Tasks {
		if one.Complete() {
			length := one.End.Time().Sub(one.Start.Time())
			sumOf(tasks, one.Name).add(&trace.GoroutineExecStats{TotalTime: length})
		}
	}
	return map[string]any{"groups": groups, "regions": regions, "tasks": tasks, "gapNs": gap}, nil
}

// readUtilization gives the toolchain's minimum mutator utilization for windows of 1, 10, 100 and 1,000 ms, of all
// processors together, as go tool trace shows it first. Holds all events in memory. LateNs: sweeps and assists that were
// on when the trace began are told of a little later; Go counts them back to the beginning, that much of all processors.
func readUtilization(from io.Reader) (any, error) {
	var events []trace.Event
	var start trace.Time
	var late, processors float64
	syncs := 0
	err := forEach(from, func(event *trace.Event) {
		events = append(events, *event)
		switch event.Kind() {
		case trace.EventSync:
			syncs++
		case trace.EventMetric:
			if metric := event.Metric(); metric.Name == "/sched/gomaxprocs:threads" {
				processors = float64(metric.Value.Uint64())
			}
		case trace.EventRangeActive:
			name := event.Range().Name
			if syncs == 1 && processors > 0 && (name == "GC mark assist" || name == "GC incremental sweep") {
				late += float64(event.Time()-start) / processors
			}
		}
		if start == 0 {
			start = event.Time()
		}
	})
	if err != nil {
		return nil, err
	}
	flags := trace.UtilSTW | trace.UtilBackground | trace.UtilAssist | trace.UtilSweep
	curve := trace.NewMMUCurve(trace.MutatorUtilizationV2(events, flags))
	least := map[int64]float64{}
	for _, window := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second} {
		least[int64(window)] = curve.MMU(window)
	}
	return map[string]any{"least": least, "lateNs": late}, nil
}
