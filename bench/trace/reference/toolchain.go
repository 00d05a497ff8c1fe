//go:build toolchain

package main

import (
	"io"
	"time"

	"golang.org/x/exp/trace"
	"internal/trace/raw"
)

// Built by `go build -overlay` as a command of the toolchain's own tree, with x/exp/trace replaced by internal/trace.
func init() {
	modes["raw"] = readRaw
	modes["summary"] = readSummary
}

func readRaw(from io.Reader) (any, error) {
	reader, err := raw.NewReader(from)
	if err != nil {
		return nil, err
	}
	var counts [256]int
	events := 0
	for {
		event, err := reader.ReadEvent()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		counts[event.Ev]++
		events++
	}
	kinds := map[string]int{}
	specs := reader.Version().Specs()
	for kind, count := range counts {
		if count > 0 && kind < len(specs) {
			kinds[specs[kind].Name] = count
		}
	}
	return map[string]any{"events": events, "kinds": kinds, "version": int(reader.Version())}, nil
}

func readSummary(from io.Reader) (any, error) {
	summarizer := trace.NewSummarizer()
	events := 0
	err := forEach(from, func(event *trace.Event) {
		summarizer.Event(event)
		events++
	})
	if err != nil {
		return nil, err
	}
	summary := summarizer.Finalize()
	states := map[string]time.Duration{}
	for _, one := range summary.Goroutines {
		states["Running"] += one.ExecTime
		states["Runnable"] += one.SchedWaitTime
		states["Syscall"] += one.SyscallTime + one.SyscallBlockTime
		for _, length := range one.BlockTimeByReason {
			states["Waiting"] += length
		}
	}
	return map[string]any{
		"events": events, "goroutines": len(summary.Goroutines), "tasks": len(summary.Tasks), "statesNs": states,
	}, nil
}
