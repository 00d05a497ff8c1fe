// Program tracev1 records an execution trace of everything that the tracer of Go 1.11 to 1.21 told apart: each way to
// block, system calls that block and that do not, the network, GC with assists, tasks, regions, logs, CPU samples.
// It needs nothing newer than Go 1.19, and shows old forms of the newer format as well. -rounds makes it longer.
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"syscall"
	"time"
)

var sink []byte

func main() {
	output := flag.String("o", "trace.bin", "where to write the trace")
	rounds := flag.Int("rounds", 2, "how often to do it all")
	pause := flag.Duration("pause", 0, "between the rounds; a second of it ends a generation since Go 1.22")
	cpu := flag.Bool("cpu", true, "with CPU samples")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go serve(listener)
	var parked sync.Mutex
	parked.Lock()
	go func() { parked.Lock() }()
	go blockInRead()
	time.Sleep(5 * time.Millisecond)
	file, err := os.Create(*output)
	check(err)
	if *cpu {
		check(pprof.StartCPUProfile(io.Discard))
	}
	check(trace.Start(file))
	for round := 0; round < *rounds; round++ {
		if round > 0 {
			time.Sleep(*pause)
		}
		runRound(listener.Addr().String(), round)
	}
	trace.Stop()
	if *cpu {
		pprof.StopCPUProfile()
	}
	check(file.Close())
}

func runRound(address string, round int) {
	ctx, task := trace.NewTask(context.Background(), "round")
	defer task.End()
	trace.Log(ctx, "number", string(rune('a'+round%26)))
	var group sync.WaitGroup
	run := func(name string, do func()) {
		group.Add(1)
		go func() {
			defer group.Done()
			trace.WithRegion(ctx, name, do)
		}()
	}
	var mutex sync.Mutex
	for worker := 0; worker < 3; worker++ {
		run("mutex", func() {
			for turn := 0; turn < 4; turn++ {
				mutex.Lock()
				time.Sleep(100 * time.Microsecond)
				mutex.Unlock()
			}
		})
	}
	values := make(chan int)
	run("send", func() {
		for value := 0; value < 20; value++ {
			values <- value
		}
		close(values)
	})
	run("receive", func() {
		for range values {
			runtime.Gosched()
		}
	})
	run("select", func() {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
		}
	})
	condition := sync.NewCond(&mutex)
	isReady := false
	run("wait", func() {
		mutex.Lock()
		for !isReady {
			condition.Wait()
		}
		mutex.Unlock()
	})
	run("signal", func() {
		time.Sleep(time.Millisecond)
		mutex.Lock()
		isReady = true
		mutex.Unlock()
		condition.Broadcast()
	})
	run("network", func() { ask(address) })
	run("read", func() { readSlowly() })
	run("allocate", func() {
		_, inner := trace.NewTask(ctx, "inner")
		for turn := 0; turn < 200; turn++ {
			sink = make([]byte, 64<<10)
		}
		inner.End()
	})
	run("spin", func() {
		for end := time.Now().Add(15 * time.Millisecond); time.Now().Before(end); {
		}
	})
	group.Wait()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
}

func serve(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer connection.Close()
			time.Sleep(time.Millisecond)
			_, _ = io.Copy(connection, connection)
		}()
	}
}

func ask(address string) {
	connection, err := net.Dial("tcp", address)
	check(err)
	defer connection.Close()
	for turn := 0; turn < 5; turn++ {
		_, err = connection.Write([]byte("ping"))
		check(err)
		_, err = io.ReadFull(connection, make([]byte, 4))
		check(err)
	}
}

// readSlowly waits in a system call that the poller knows nothing of.
func readSlowly() {
	var ends [2]int
	check(syscall.Pipe(ends[:]))
	go func() {
		time.Sleep(2 * time.Millisecond)
		_, _ = syscall.Write(ends[1], []byte("x"))
		_ = syscall.Close(ends[1])
	}()
	_, err := syscall.Read(ends[0], make([]byte, 1))
	check(err)
	_ = syscall.Close(ends[0])
}

// blockInRead is in a system call when the trace begins.
func blockInRead() {
	var ends [2]int
	check(syscall.Pipe(ends[:]))
	_, _ = syscall.Read(ends[0], make([]byte, 1))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
