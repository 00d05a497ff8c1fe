// Command reference is what bench/trace and judge:trace compare with: Go's own readers of execution traces.
//
//	reference ordered FILE   every event in order, nothing done with it
//	reference states FILE    ordered, with totals of what goroutines did (states.go)
//
// Built over golang.org/x/exp/trace; with the tag toolchain, inside the tree of a Go toolchain, also (toolchain.go):
//
//	reference raw FILE       wire events of internal/trace/raw, counted by name
//	reference summary FILE   ordered, into internal/trace's Summarizer: what go tool trace shows of goroutines
//
// Prints one line of JSON.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/exp/trace"
)

var modes = map[string]func(io.Reader) (any, error){"ordered": readOrdered, "states": readStates}

func main() {
	if len(os.Args) != 3 || modes[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: reference MODE FILE")
		os.Exit(64)
	}
	file, err := os.Open(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer file.Close()
	result, err := modes[os.Args[1]](bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(result)
}

// forEach calls visit for each event in order.
func forEach(from io.Reader, visit func(*trace.Event)) error {
	reader, err := trace.NewReader(from)
	if err != nil {
		return err
	}
	for {
		event, err := reader.ReadEvent()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		visit(&event)
	}
}

func readOrdered(from io.Reader) (any, error) {
	events := 0
	err := forEach(from, func(*trace.Event) { events++ })
	return map[string]int{"events": events}, err
}
