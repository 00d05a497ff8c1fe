package main

import (
	"regexp"
	"runtime"
	"runtime/debug"
	"time"
)

type node struct {
	next *node
	pad  [6]uintptr
}

var heap []*node

// grow fills the heap with pointers, so that a GC cycle lasts.
func grow(lists, length int) {
	heap = make([]*node, lists)
	for i := range heap {
		for j := 0; j < length; j++ {
			heap[i] = &node{next: heap[i]}
		}
	}
}

// systemEntry is the function that a goroutine of the runtime begins with.
var systemEntry = regexp.MustCompile(
	`^runtime\.(forcegchelper|bgsweep|bgscavenge|runfinq|runFinalizers|gcBgMarkWorker|runCleanups|updateMaxProcsGoroutine|` +
		`\(\*(finalizerQueue|cleanupQueue)\)\.\w+)$`)

var garbage [64][]*node

func init() {
	register(
		kind{name: "gc-assist", mode: churn, start: func(n int) func() {
			grow(64, 8000)
			debug.SetGCPercent(10)
			return until(8, func() {
				list := make([]*node, 256)
				for i := range list {
					list[i] = new(node)
				}
				garbage[int(sink.Add(1))%len(garbage)] = list
			})
		}},
		kind{name: "gc-cycle", mode: churn, start: func(n int) func() {
			grow(64, 8000)
			return until(n, runtime.GC)
		}},
		kind{name: "stop-the-world", mode: churn, start: func(n int) func() {
			return until(8, func() {
				var stats runtime.MemStats
				runtime.ReadMemStats(&stats)
			})
		}},
		// The runtime's own goroutines: a finalizer and a GC bring the last of them to life.
		kind{name: "system-goroutines", marker: systemEntry, system: true, start: func(int) func() {
			live()
			runtime.GC()
			time.Sleep(20 * time.Millisecond)
			return nil
		}},
	)
}

// live brings the goroutine of finalizers to life.
func live() {
	runtime.SetFinalizer(new(node), func(*node) { sink.Add(1) })
}
