package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	httppprof "net/http/pprof"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

// hash is inlined into mix, mix into its callers: three lines, one address.
func hash(x uint64) uint64 { return (x ^ x>>33) * 0xff51afd7ed558ccd }
func mix(x uint64) uint64  { return hash(x) + hash(x+1) }

//go:noinline
func burn(d time.Duration) uint64 {
	sum := uint64(1)
	for end := cpuTime() + d; cpuTime() < end; {
		for i := range uint64(20000) {
			sum += mix(sum + i)
		}
	}
	return sum
}

// cpuTime is what this process has had of the processors: a busy machine makes
// burn last longer, and not run less.
func cpuTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func burnCheckout(d time.Duration) uint64 { return burn(d) }
func burnSearch(d time.Duration) uint64   { return burn(d) }

func cpu(folder string) (truth, error) {
	out, err := os.Create(filepath.Join(folder, "profile.pb.gz"))
	if err != nil {
		return truth{}, err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return truth{}, err
	}
	checkout := map[string]string{"route": "/checkout", "tenant": "acme"}
	search := map[string]string{"route": "/search"}
	pprof.Do(context.Background(), pprof.Labels("route", "/checkout", "tenant", "acme"), func(context.Context) {
		burnCheckout(600 * time.Millisecond)
	})
	pprof.Do(context.Background(), pprof.Labels("route", "/search"), func(context.Context) {
		burnSearch(300 * time.Millisecond)
	})
	pprof.StopCPUProfile()
	// Half of what 100 samples a second would give.
	return truth{
		SampleTypes: []string{"samples/count", "cpu/nanoseconds"},
		Sites: []site{
			{Function: "main.burn", Labels: checkout, AtLeast: []int64{30, 300e6}},
			{Function: "main.burn", Labels: search, AtLeast: []int64{15, 150e6}},
			{Function: "main.burn", AtLeast: []int64{45, 450e6}},
		},
	}, out.Close()
}

var held [][]byte

//go:noinline
func holdPages(n int) {
	for range n {
		held = append(held, make([]byte, 8192))
	}
}

//go:noinline
func dropPages(n int) {
	for range n {
		sink = make([]byte, 16384)
	}
	sink = nil
}

var sink []byte

func init() {
	// Every allocation from the start, so that the numbers are exact.
	if len(os.Args) > 1 && (os.Args[1] == "heap" || os.Args[1] == "allocs") {
		runtime.MemProfileRate = 1
	}
}

var memoryTypes = []string{"alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes"}

func memory(folder, name string) (truth, error) {
	held = make([][]byte, 0, 64)
	holdPages(50)
	dropPages(20)
	runtime.GC()
	runtime.GC()
	err := write(folder, name)
	return truth{SampleTypes: memoryTypes, Sites: []site{
		{Function: "main.holdPages", Values: []int64{50, 50 * 8192, 50, 50 * 8192}},
		{Function: "main.dropPages", Values: []int64{20, 20 * 16384, 0, 0}},
	}}, err
}

func heap(folder string) (truth, error)   { return memory(folder, "heap") }
func allocs(folder string) (truth, error) { return memory(folder, "allocs") }

//go:noinline
func blockOnReceive(c <-chan int) { <-c }

//go:noinline
func blockOnSelect(a, b <-chan int) {
	select {
	case <-a:
	case <-b:
	}
}

func block(folder string) (truth, error) {
	runtime.SetBlockProfileRate(1)
	for range 5 {
		c := make(chan int)
		go func() { time.Sleep(20 * time.Millisecond); c <- 1 }()
		blockOnReceive(c)
	}
	for range 3 {
		c := make(chan int)
		go func() { time.Sleep(10 * time.Millisecond); close(c) }()
		blockOnSelect(c, nil)
	}
	return truth{SampleTypes: []string{"contentions/count", "delay/nanoseconds"}, Sites: []site{
		{Function: "main.blockOnReceive", AtLeast: []int64{5, 90e6}},
		{Function: "main.blockOnSelect", AtLeast: []int64{3, 25e6}},
	}}, write(folder, "block")
}

// blockDelta asks net/http/pprof for one second; what was before is not in it.
func blockDelta(folder string) (truth, error) {
	runtime.SetBlockProfileRate(1)
	old := make(chan int)
	go func() { time.Sleep(50 * time.Millisecond); old <- 1 }()
	blockOnReceive(old)

	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", httppprof.Index)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return truth{}, err
	}
	go http.Serve(l, mux)
	go func() {
		for {
			c := make(chan int)
			go func() { time.Sleep(50 * time.Millisecond); close(c) }()
			blockOnSelect(c, nil)
		}
	}()
	response, err := http.Get("http://" + l.Addr().String() + "/debug/pprof/block?seconds=1")
	if err != nil {
		return truth{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return truth{}, fmt.Errorf("%s: %w", response.Status, err)
	}
	return truth{SampleTypes: []string{"contentions/count", "delay/nanoseconds"}, Sites: []site{
		{Function: "main.blockOnSelect", AtLeast: []int64{10, 500e6}},
		{Function: "main.blockOnReceive", Values: []int64{0, 0}},
	}}, os.WriteFile(filepath.Join(folder, "profile.pb.gz"), body, 0o644)
}

//go:noinline
func holdLock(m *sync.Mutex, ready chan<- bool) {
	m.Lock()
	ready <- true
	time.Sleep(50 * time.Millisecond)
	m.Unlock()
}

func mutex(folder string) (truth, error) {
	runtime.SetMutexProfileFraction(1)
	var m sync.Mutex
	for range 4 {
		ready := make(chan bool)
		done := make(chan bool)
		go func() { holdLock(&m, ready); done <- true }()
		<-ready
		m.Lock()
		m.Unlock()
		<-done
	}
	return truth{SampleTypes: []string{"contentions/count", "delay/nanoseconds"}, Sites: []site{
		{Function: "main.holdLock", AtLeast: []int64{4, 150e6}},
	}}, write(folder, "mutex")
}

var never = make(chan int)

func waitForJob()    { <-never }
func waitForTenant() { <-never }

func goroutine(folder string) (truth, error) {
	for range 7 {
		go waitForJob()
	}
	for _, tenant := range []string{"acme", "acme", "größe & {co}"} {
		pprof.Do(context.Background(), pprof.Labels("tenant", tenant), func(context.Context) { go waitForTenant() })
	}
	time.Sleep(100 * time.Millisecond)
	return truth{SampleTypes: []string{"goroutine/count"}, Sites: []site{
		{Function: "main.waitForJob", Values: []int64{7}},
		{Function: "main.waitForTenant", Values: []int64{3}},
		{Function: "main.waitForTenant", Labels: map[string]string{"tenant": "acme"}, Values: []int64{2}},
		{Function: "main.waitForTenant", Labels: map[string]string{"tenant": "größe & {co}"}, Values: []int64{1}},
		{Function: "main.main", Values: []int64{1}},
	}}, write(folder, "goroutine")
}

func threadcreate(folder string) (truth, error) {
	return truth{SampleTypes: []string{"threadcreate/count"}, Sites: []site{}}, write(folder, "threadcreate")
}

func leakReceive(c chan int) { <-c }

func goroutineleak(folder string) (truth, error) {
	for range 6 {
		go leakReceive(make(chan int))
	}
	go waitForJob()
	time.Sleep(100 * time.Millisecond)
	return truth{SampleTypes: []string{"goroutineleak/count"}, Sites: []site{
		{Function: "main.leakReceive", Values: []int64{6}},
		{Function: "main.waitForJob", Values: []int64{0}},
	}}, write(folder, "goroutineleak")
}
