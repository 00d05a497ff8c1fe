// Command waits puts goroutines into one kind of wait and says what each lens of the runtime shows of it.
//
//	waits list                      the kinds that this Go release can make, one per line
//	waits measure KIND DIR          dump, block and mutex profile during and after; DIR/trace.bin and DIR/older.bin
//	waits leak KIND                 what the goroutine leak profile flags, while the waited-for object is and is not reachable
//
// Every answer is one JSON document on stdout. Nothing is judged here: scripts/judge/waits.ts holds the answers
// against the table in src/analyze/lenses.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"sort"
)

const waiters = 3

// mode says how a kind is watched.
type mode int

const (
	steady mode = iota // each waiter blocks once and stays
	churn              // waiters go in and out of the wait until released
)

func (m mode) String() string {
	if m == steady {
		return "steady"
	}
	return "churn"
}

// kind is one wait: start puts n goroutines into it, each below waiter, and returns what ends it.
// A nil release means that nothing can.
type kind struct {
	name   string
	mode   mode
	start  func(n int) (release func())
	marker *regexp.Regexp // frame of the goroutines looked at; default main.waiter
	count  int            // goroutines with that frame once settled; default waiters, where the marker is
	procs  int            // GOMAXPROCS; 0 leaves it alone
	system bool           // look at the dump of a SIGQUIT at level system too
}

var kinds = map[string]kind{}

func register(ks ...kind) {
	for _, k := range ks {
		if k.marker == nil {
			k.marker, k.count = ours, waiters
		}
		kinds[k.name] = k
	}
}

// waiter is the frame by which measurements find the goroutines that wait.
//
//go:noinline
func waiter(wait func()) { wait() }

// holder is the frame by which the mutex profile shows who let go.
//
//go:noinline
func holder(act func()) { act() }

// spawn runs wait in n goroutines below waiter.
func spawn(n int, wait func(i int)) {
	for i := 0; i < n; i++ {
		i := i // one variable per loop before Go 1.22
		running.Add(1)
		go func() {
			defer running.Done()
			waiter(func() { wait(i) })
		}()
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		runChild()
		return
	}
	if len(os.Args) == 2 && os.Args[1] == "list" {
		names := make([]string, 0, len(kinds))
		for name := range kinds {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Println(name)
		}
		return
	}
	if len(os.Args) < 3 {
		fail("usage: waits list | measure KIND DIR | leak KIND")
	}
	k, ok := kinds[os.Args[2]]
	if !ok {
		fail("no such kind in this release: " + os.Args[2])
	}
	var answer any
	switch {
	case os.Args[1] == "measure" && len(os.Args) == 4:
		answer = measure(k, os.Args[3])
	case os.Args[1] == "leak":
		answer = leak(k)
	case os.Args[1] == "crash":
		runCrash(k)
		return
	default:
		fail("usage: waits list | measure KIND DIR | leak KIND")
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		fail(err.Error())
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(1)
}

func must(err error) {
	if err != nil {
		fail(err.Error())
	}
}
