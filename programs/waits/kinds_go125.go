//go:build go1.25

package main

import (
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// gate holds a goroutine in a read, which does not count as durable: a bubble that has one is never deadlocked,
// and its clock stands still.
type gate struct{ read, write *os.File }

func newGate() gate {
	reads, writes := pipes(1)
	return gate{reads[0], writes[0]}
}

func newGates(n int) (gates []gate, open func()) {
	gates = make([]gate, n)
	for i := range gates {
		gates[i] = newGate()
	}
	return gates, func() {
		for _, g := range gates {
			g.open()
		}
	}
}

func (g gate) wait() { g.read.Read(make([]byte, 1)) }
func (g gate) open() { g.write.Close() }

// things are what a bubble's goroutines can wait for; made inside it.
type things struct {
	c    chan int
	wg   *sync.WaitGroup
	mu   *sync.Mutex
	cond *sync.Cond
}

// bubble runs wait in n goroutines of one synctest bubble, and end in the bubble's own goroutine when released.
func bubble(n int, wait func(things), end func(t *things, n int)) func() {
	g := newGate()
	inTests(1, func(t *testing.T, _ int) {
		synctest.Test(t, func(*testing.T) {
			mu := new(sync.Mutex)
			held := &things{make(chan int), new(sync.WaitGroup), mu, sync.NewCond(mu)}
			held.wg.Add(1)
			begin(n, *held, wait)
			drops = append(drops, func() { *held = things{} })
			g.wait()
			holder(func() { end(held, n) })
		})
	})
	return g.open
}

//go:noinline
func begin(n int, held things, wait func(things)) {
	spawn(n, func(int) { wait(held) })
}

// inTests runs f in n tests at once, none of which ever ends: a finished test run would end the process.
func inTests(n int, f func(t *testing.T, i int)) {
	os.Args = []string{os.Args[0], "-test.parallel=8"}
	tests := make([]testing.InternalTest, n)
	for i := range tests {
		tests[i] = testing.InternalTest{Name: "bubble", F: func(t *testing.T) {
			t.Parallel()
			f(t, i)
			select {}
		}}
	}
	go testing.Main(func(string, string) (bool, error) { return true, nil }, tests, nil, nil)
}

func done(t *things, _ int)      { t.wg.Done() }
func closeChan(t *things, _ int) { close(t.c) }

func init() {
	register(
		kind{name: "synctest-chan-receive", start: func(n int) func() {
			return bubble(n, func(t things) { <-t.c }, closeChan)
		}},
		kind{name: "synctest-chan-send", start: func(n int) func() {
			return bubble(n, func(t things) { t.c <- 1 }, func(t *things, n int) {
				for i := 0; i < n; i++ {
					<-t.c
				}
			})
		}},
		kind{name: "synctest-select", start: func(n int) func() {
			return bubble(n, func(t things) {
				select {
				case <-t.c:
				case <-make(chan int):
				}
			}, closeChan)
		}},
		kind{name: "synctest-waitgroup", start: func(n int) func() {
			return bubble(n, func(t things) { t.wg.Wait() }, done)
		}},
		kind{name: "synctest-cond", start: func(n int) func() {
			return bubble(n, func(t things) {
				t.mu.Lock()
				t.cond.Wait()
				t.mu.Unlock()
			}, func(t *things, n int) {
				for i := 0; i < n; i++ {
					t.cond.Signal()
					synctest.Wait()
				}
			})
		}},
		kind{name: "synctest-sleep", start: func(n int) func() {
			return bubble(n, func(things) { time.Sleep(time.Hour) }, func(*things, int) { time.Sleep(2 * time.Hour) })
		}},
		kind{name: "synctest-mutex", start: func(n int) func() {
			mu := new(sync.Mutex)
			mu.Lock()
			return bubble(n, func(things) {
				mu.Lock()
				mu.Unlock()
			}, func(*things, int) { mu.Unlock() })
		}},
		// Sends and receives that never block fight for the lock inside the channel.
		kind{name: "runtime-lock", mode: churn, start: func(n int) func() {
			c := make(chan int, 1)
			return until(8, func() {
				for i := 0; i < 1000; i++ {
					select {
					case c <- i:
					default:
					}
					select {
					case <-c:
					default:
					}
				}
			})
		}},
		// Wait returns when every other goroutine of the bubble waits durably; one that reads does not.
		kind{name: "synctest-wait", start: func(n int) func() {
			gates, open := newGates(n)
			inTests(n, func(t *testing.T, i int) {
				synctest.Test(t, func(*testing.T) {
					running.Add(1)
					defer running.Done()
					go gates[i].wait()
					waiter(synctest.Wait)
				})
			})
			return open
		}},
		kind{name: "synctest-run", start: func(n int) func() {
			gates, open := newGates(n)
			inTests(n, func(t *testing.T, i int) {
				running.Add(1)
				defer running.Done()
				waiter(func() { synctest.Test(t, func(*testing.T) { gates[i].wait() }) })
			})
			return open
		}},
	)
}
