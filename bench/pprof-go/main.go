// Command pprof-go is the Go side of bench/pprof.ts.
//
//	pprof-go record FOLDER       writes goroutine.pb.gz, heap.pb.gz and cpu.pb.gz of itself under load
//	pprof-go decode FILE ROUNDS  times profile.ParseUncompressed on plain protobuf; one line of JSON
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"runtime"
	rpprof "runtime/pprof"
	"sort"
	"strconv"
	"syscall"
	"time"

	"github.com/google/pprof/profile"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "record":
		err = record(os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "decode":
		err = decode(os.Args[2], os.Args[3])
	default:
		err = fmt.Errorf("usage: pprof-go record FOLDER | decode FILE ROUNDS")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func decode(file, rounds string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(rounds)
	if err != nil {
		return err
	}
	var times []float64
	samples := 0
	for range n {
		begin := time.Now()
		p, err := profile.ParseUncompressed(data)
		if err != nil {
			return err
		}
		times = append(times, time.Since(begin).Seconds())
		samples = len(p.Sample)
	}
	warm := times[n/2:]
	sort.Float64s(warm)
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"samples": samples, "seconds": warm[(len(warm)-1)/2], "cpuSeconds": cpu, "peakBytes": usage.Maxrss * 1024,
	})
}

// record makes profiles as a busy service gives them: many labelled goroutines at
// several depths, a heap with many sites, CPU time of a type checker.
func record(folder string) error {
	runtime.MemProfileRate = 512
	var cpu bytes.Buffer
	if err := rpprof.StartCPUProfile(&cpu); err != nil {
		return err
	}
	for range 3 {
		checkTypes()
	}
	rpprof.StopCPUProfile()
	if err := write(folder, "cpu.pb.gz", cpu.Bytes()); err != nil {
		return err
	}
	var heap bytes.Buffer
	if err := rpprof.Lookup("allocs").WriteTo(&heap, 0); err != nil {
		return err
	}
	if err := write(folder, "allocs.pb.gz", heap.Bytes()); err != nil {
		return err
	}
	const count = 100_000
	wait := make(chan int)
	begun := make(chan bool, 1024)
	for i := range count {
		labels := rpprof.Labels("request_id", fmt.Sprintf("req-%016x", i*2654435761),
			"tenant", fmt.Sprintf("tenant-%d", i%977), "route", fmt.Sprintf("/api/v1/orders/%d", i%53))
		go rpprof.Do(context.Background(), labels, func(context.Context) { descend(i%24, begun, wait) })
	}
	for range count {
		<-begun
	}
	time.Sleep(100 * time.Millisecond)
	var goroutines bytes.Buffer
	if err := rpprof.Lookup("goroutine").WriteTo(&goroutines, 0); err != nil {
		return err
	}
	return write(folder, "goroutine.pb.gz", goroutines.Bytes())
}

func descend(depth int, begun chan<- bool, wait <-chan int) {
	if depth > 0 {
		descend(depth-1, begun, wait)
		return
	}
	begun <- true
	<-wait
}

// checkTypes parses and type-checks a part of the standard library.
func checkTypes() {
	for _, folder := range []string{"net/http", "go/types", "crypto/tls", "encoding/json"} {
		fset := token.NewFileSet()
		names, _ := filepath.Glob(filepath.Join(runtime.GOROOT(), "src", folder, "*.go"))
		var files []*ast.File
		for _, name := range names {
			if file, err := parser.ParseFile(fset, name, nil, parser.ParseComments); err == nil {
				files = append(files, file)
			}
		}
		config := types.Config{Error: func(error) {}, FakeImportC: true}
		_, _ = config.Check(folder, fset, files, nil)
	}
}

// write stores gzipped bytes and, beside them, what they inflate to.
func write(folder, name string, data []byte) error {
	if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
		return err
	}
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	var plain bytes.Buffer
	if _, err := plain.ReadFrom(reader); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name[:len(name)-len(".gz")]), plain.Bytes(), 0o644)
}
