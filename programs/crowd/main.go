// Command crowd is a service of many goroutines, to measure what looking at it costs: channels with a silent partner,
// a contended mutex, timers, network readers and a few that work, behind net/http/pprof.
//
//	crowd -goroutines 10000 -listen 127.0.0.1:0 -for 60s
//
// Prints one line of JSON with its address when all goroutines wait.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"sync"
	"time"
)

type job struct {
	id    int
	tags  [4]string
	reply chan int
}

func main() {
	count := flag.Int("goroutines", 10_000, "how many goroutines to park")
	listen := flag.String("listen", "127.0.0.1:0", "address of the HTTP server")
	life := flag.Duration("for", time.Minute, "how long to live")
	flag.Parse()
	runtime.SetBlockProfileRate(10_000)
	runtime.SetMutexProfileFraction(100)
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go http.Serve(listener, nil)
	park(*count)
	for range 2 {
		go work()
	}
	for runtime.NumGoroutine() < *count {
		time.Sleep(time.Millisecond)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"url": "http://" + listener.Addr().String(), "goroutines": *count})
	time.Sleep(*life)
}

func park(count int) {
	var lock sync.Mutex
	lock.Lock()
	queue := make(chan job)
	var group sync.WaitGroup
	group.Add(1)
	for index := range count {
		switch index % 5 {
		case 0:
			go receive(queue, index)
		case 1:
			go send(make(chan job), job{id: index, reply: make(chan int)})
		case 2:
			go contend(&lock, index)
		case 3:
			go sleep(time.Hour + time.Duration(index))
		case 4:
			go join(&group, queue, index)
		}
	}
}

//go:noinline
func receive(queue <-chan job, index int) { <-queue; use(index) }

//go:noinline
func send(queue chan<- job, one job) { queue <- one; use(one.id) }

//go:noinline
func contend(lock *sync.Mutex, index int) { lock.Lock(); defer lock.Unlock(); use(index) }

//go:noinline
func sleep(length time.Duration) { time.Sleep(length) }

//go:noinline
func join(group *sync.WaitGroup, queue <-chan job, index int) {
	select {
	case <-queue:
	case <-time.After(time.Hour):
	}
	group.Wait()
	use(index)
}

func work() {
	for {
		sum := 0
		for index := range 200_000 {
			sum += index * index
		}
		use(sum)
		time.Sleep(time.Millisecond)
	}
}

var sink int

//go:noinline
func use(value int) { sink = value }
