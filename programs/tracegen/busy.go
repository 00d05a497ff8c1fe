package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"runtime/trace"
	"sync"
	"sync/atomic"
	"time"
)

// ledger is what all requests fight for.
type ledger struct {
	lock    sync.Mutex
	rows    sync.RWMutex
	entries [256]int
}

// runBusy is a service and its clients in one process: each request is a task with a write and a read over TCP, four
// goroutines that meet in a lock and a channel, two regions and a log line.
func runBusy(opts options, begin func(), stop <-chan struct{}) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var all sync.WaitGroup
	all.Add(1)
	go serve(listener, &all)
	begin()
	books := &ledger{}
	var requests atomic.Int64
	for range opts.clients {
		all.Add(1)
		go func() {
			defer all.Done()
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				return
			}
			defer conn.Close()
			replies := bufio.NewReader(conn)
			for !isClosed(stop) {
				request(conn, replies, books, requests.Add(1))
			}
		}()
	}
	<-stop
	listener.Close()
	all.Wait()
}

func request(conn net.Conn, replies *bufio.Reader, books *ledger, number int64) {
	ctx, task := trace.NewTask(context.Background(), kinds[number%int64(len(kinds))])
	defer task.End()
	trace.Log(ctx, "request", fmt.Sprint(number))
	trace.WithRegion(ctx, "call", func() {
		fmt.Fprintf(conn, "GET %d\n", number)
		replies.ReadString('\n')
	})
	trace.WithRegion(ctx, "fan out", func() { fanOut(books, int(number)) })
	if number%1024 == 0 {
		time.Sleep(time.Millisecond)
	}
}

var kinds = [...]string{"checkout", "search", "login", "report"}

func fanOut(books *ledger, number int) int {
	results := make(chan int)
	for part := range 4 {
		go lookUp(books, number+part, results)
	}
	sum := 0
	for range 4 {
		sum += <-results
	}
	return sum
}

func lookUp(books *ledger, key int, results chan<- int) {
	if key%8 == 0 {
		books.rows.RLock()
		value := books.entries[key%256]
		books.rows.RUnlock()
		select {
		case results <- value:
		case <-time.After(time.Minute):
		}
		return
	}
	books.lock.Lock()
	books.entries[key%256]++
	value := books.entries[(key*7)%256]
	books.lock.Unlock()
	results <- value
}

func serve(listener net.Listener, all *sync.WaitGroup) {
	defer all.Done()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		all.Add(1)
		go answer(conn, all)
	}
}

func answer(conn net.Conn, all *sync.WaitGroup) {
	defer all.Done()
	defer conn.Close()
	lines := bufio.NewReader(conn)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(conn, "200 %s", line); err != nil {
			return
		}
	}
}

func isClosed(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}
