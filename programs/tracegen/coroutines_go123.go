//go:build go1.23

package main

import (
	"iter"
	"sync"
)

func init() { loads["coroutines"] = runCoroutines }

// runCoroutines pulls from iterators: each value is two switches from goroutine to goroutine without the scheduler.
// Some are stopped halfway, some end by themselves, and each worker keeps one from before the trace.
func runCoroutines(opts options, begin func(), stop <-chan struct{}) {
	var all sync.WaitGroup
	ready := make(chan struct{})
	var started sync.WaitGroup
	for worker := range 4 {
		all.Add(1)
		started.Add(1)
		go func() {
			defer all.Done()
			next, end := iter.Pull(countTo(1 << 40))
			defer end()
			next()
			started.Done()
			<-ready
			for round := 0; !isClosed(stop); round++ {
				next()
				pull(8+worker, round%3 == 0)
				spin(200)
			}
		}()
	}
	started.Wait()
	begin()
	close(ready)
	all.Wait()
}

func pull(limit int, isStopped bool) {
	next, end := iter.Pull(countTo(limit))
	defer end()
	for {
		value, more := next()
		if !more || isStopped && value == limit/2 {
			return
		}
	}
}

func countTo(limit int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for value := range limit {
			if !yield(value) {
				return
			}
		}
	}
}
