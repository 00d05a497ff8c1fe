package main

import (
	"regexp"
	"runtime"
	"sync/atomic"
	"time"
)

func pause() { time.Sleep(10 * time.Millisecond) }

// until gives waiters that run a flag to stop by.
func until(n int, step func()) (release func()) {
	stop := new(atomic.Bool)
	spawn(n, func(int) {
		for !stop.Load() {
			step()
		}
	})
	return func() { stop.Store(true) }
}

var sink atomic.Uint64

func burn() {
	sum := uint64(1)
	for i := uint64(0); i < 20000; i++ {
		sum = sum*31 + i
	}
	sink.Add(sum)
}

func init() {
	register(
		kind{name: "running", mode: churn, start: func(n int) func() { return until(1, burn) }},
		kind{name: "runnable", mode: churn, procs: 1, start: func(n int) func() { return until(n, burn) }},
		kind{name: "runnable-gosched", mode: churn, procs: 1, start: func(n int) func() {
			return until(n, runtime.Gosched)
		}},
		// Goroutines that exist and have not run yet: made again and again by one that holds the processor.
		kind{name: "runnable-created", mode: churn, procs: 1, start: func(n int) func() {
			return until(1, func() {
				for i := 0; i < n; i++ {
					spawn(1, func(int) {})
				}
				burn()
				runtime.Gosched()
			})
		}},
		// Nothing of ours: the goroutine that runtime/trace starts while measure traces.
		kind{name: "trace-reader", count: 1, marker: regexp.MustCompile(`^runtime(\.ReadTrace|/trace\.runtime_readTrace)$`), start: func(int) func() { return nil }},
	)
}
