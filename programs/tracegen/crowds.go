package main

import (
	"runtime"
	"sync"
	"time"
)

// runParked has goroutines that wait for ever in five ways, half of them from before the trace, and one that works.
func runParked(opts options, begin func(), stop <-chan struct{}) {
	var lock sync.Mutex
	lock.Lock()
	never := make(chan int)
	var group sync.WaitGroup
	group.Add(1)
	park := func(from, to int) {
		for index := from; index < to; index++ {
			switch index % 5 {
			case 0:
				go receive(never)
			case 1:
				go send(make(chan int))
			case 2:
				go contend(&lock)
			case 3:
				go sleep()
			case 4:
				go join(&group, never)
			}
		}
	}
	park(0, opts.goroutines/2)
	begin()
	park(opts.goroutines/2, opts.goroutines)
	for !isClosed(stop) {
		spin(100_000)
		time.Sleep(time.Millisecond)
	}
}

//go:noinline
func receive(from <-chan int) { <-from }

//go:noinline
func send(to chan<- int) { to <- 1 }

//go:noinline
func contend(lock *sync.Mutex) { lock.Lock() }

//go:noinline
func sleep() { time.Sleep(time.Hour) }

//go:noinline
func join(group *sync.WaitGroup, never <-chan int) { group.Wait() }

// runLive hands tokens round one ring of goroutines: all live as long as the trace, and all are woken again and again.
func runLive(opts options, begin func(), stop <-chan struct{}) {
	first := make(chan int, 1)
	from := first
	begin()
	for range opts.goroutines - 1 {
		to := make(chan int, 1)
		go relay(from, to)
		from = to
	}
	go relay(from, first)
	tokens := max(1, opts.goroutines/100)
	for token := range tokens {
		select {
		case first <- token:
		case <-stop:
			return
		}
	}
	<-stop
}

func relay(from <-chan int, to chan<- int) {
	for token := range from {
		if token%64 == 0 {
			spin(200)
		}
		to <- token
	}
}

// runGC allocates faster than the collector likes.
func runGC(opts options, begin func(), stop <-chan struct{}) {
	begin()
	var all sync.WaitGroup
	for worker := range 16 {
		all.Add(1)
		go func() {
			defer all.Done()
			allocate(worker, stop)
		}()
	}
	for !isClosed(stop) {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		time.Sleep(20 * time.Millisecond)
	}
	all.Wait()
}

type node struct {
	next *node
	data []byte
}

func allocate(worker int, stop <-chan struct{}) {
	kept := make(map[int]*node)
	for round := 0; !isClosed(stop); round++ {
		var list *node
		for size := range 100 {
			list = &node{next: list, data: make([]byte, 16+size*8)}
		}
		kept[round%2000] = list
		if round%100 == worker {
			runtime.Gosched()
		}
	}
}

var sink int

//go:noinline
func spin(rounds int) {
	sum := 0
	for index := range rounds {
		sum += index * index
	}
	sink = sum
}
