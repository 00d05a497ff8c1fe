// Command tracegen makes execution traces of a wanted kind and size: what readers of traces are measured and judged on.
//
//	tracegen -mode busy -size 200 -out trace.bin     requests over TCP with fan-out, locks, tasks, regions and logs
//	tracegen -mode busy -procs 64 -size 50 ...       the same on many processors
//	tracegen -mode parked -goroutines 1000000 ...    goroutines that do nothing, over several generations
//	tracegen -mode live -goroutines 100000 ...       goroutines that all live long and are all busy
//	tracegen -mode gc ...                            allocation, assists, forced collections, stopped worlds
//	tracegen -mode coroutines ...                    iterators that are pulled from (Go 1.23)
//	tracegen -flight ...                             what a flight recorder holds at the end of any of them (Go 1.25)
//
// A trace ends when -size megabytes are written or -for is over, whichever is first. Prints one line of JSON.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/trace"
	"sync/atomic"
	"time"
)

// A load runs until stop is closed. What it starts before it calls begin is older than the trace.
type load func(options options, begin func(), stop <-chan struct{})

type options struct {
	goroutines int
	clients    int
}

var loads = map[string]load{"busy": runBusy, "parked": runParked, "live": runLive, "gc": runGC}

// recordFlight is there since Go 1.25.
var recordFlight func(run load, opts options, out io.Writer, life time.Duration) error

func main() {
	mode := flag.String("mode", "busy", "busy, parked, live, gc or coroutines")
	flight := flag.Bool("flight", false, "write what a flight recorder holds after -for; -size is not heeded")
	out := flag.String("out", "", "file to write the trace to")
	size := flag.Float64("size", 0, "megabytes after which to stop; 0: no limit")
	life := flag.Duration("for", 2*time.Minute, "time after which to stop")
	procs := flag.Int("procs", 0, "GOMAXPROCS; 0: as the machine has")
	var opts options
	flag.IntVar(&opts.goroutines, "goroutines", 100_000, "of the modes parked and live")
	flag.IntVar(&opts.clients, "clients", 48, "connections of the mode busy")
	flag.Parse()
	run, known := loads[*mode]
	if !known || *out == "" {
		flag.Usage()
		os.Exit(64)
	}
	if *procs > 0 {
		runtime.GOMAXPROCS(*procs)
	}
	if *flight {
		if err := fly(run, opts, *out, *life); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := record(run, opts, *out, int64(*size*1e6), *life); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// counter counts the bytes of a trace on their way to the file; full is closed once there are enough.
type counter struct {
	to    *bufio.Writer
	limit int64
	bytes atomic.Int64
	full  chan struct{}
}

func (c *counter) Write(data []byte) (int, error) {
	before := c.bytes.Add(int64(len(data))) - int64(len(data))
	if c.limit > 0 && before < c.limit && before+int64(len(data)) >= c.limit {
		close(c.full)
	}
	return c.to.Write(data)
}

func fly(run load, opts options, out string, life time.Duration) error {
	if recordFlight == nil {
		return errors.New("flight recorders are there since Go 1.25")
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	if err := recordFlight(run, opts, file, life); err != nil {
		return err
	}
	return file.Close()
}

func record(run load, opts options, out string, limit int64, life time.Duration) error {
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	written := &counter{to: bufio.NewWriterSize(file, 1<<20), limit: limit, full: make(chan struct{})}
	stop, ended := make(chan struct{}), make(chan struct{})
	begun := make(chan error)
	go func() {
		run(opts, func() { begun <- trace.Start(written) }, stop)
		close(ended)
	}()
	if err := <-begun; err != nil {
		return err
	}
	begin := time.Now()
	select {
	case <-written.full:
	case <-time.After(life):
	}
	// The load still runs when the trace ends: goroutines in the middle of things are part of it.
	trace.Stop()
	length := time.Since(begin)
	close(stop)
	<-ended
	if err := written.to.Flush(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"go": runtime.Version(), "bytes": written.bytes.Load(), "seconds": length.Seconds(), "procs": runtime.GOMAXPROCS(0),
	})
}
