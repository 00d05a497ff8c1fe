// Command goker runs one program of the Go toolchain's goroutine leak tests
// (runtime/testdata/testgoroutineleakprofile) as a service that can be
// captured: it serves net/http/pprof, runs the program on the main goroutine,
// and stays. The programs themselves are read from GOROOT when the judge runs
// and built together with this file; they call register, as with their own
// main.go, which this one stands in for.
//
//	goker NAME      prints one line of JSON with its address
//	GET /finished   whether the program's function has returned
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"sort"
	"sync/atomic"
	"time"
)

// The number of times that the programs yield before they look at their leaks.
const yieldCount = 10

var programs = map[string]func(){}

func register(name string, f func()) { programs[name] = f }

// exitProgram stands where a program would end its process: it only ends the
// goroutine's work, so that what it left behind can be looked at.
func exitProgram(int) {
	for {
		time.Sleep(time.Hour)
	}
}

func main() {
	if len(os.Args) != 2 || programs[os.Args[1]] == nil {
		names := make([]string, 0, len(programs))
		for name := range programs {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Fprintln(os.Stderr, "usage: goker NAME; there are:", names)
		os.Exit(64)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var finished atomic.Bool
	http.HandleFunc("/finished", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, finished.Load())
	})
	go http.Serve(listener, nil)
	json.NewEncoder(os.Stdout).Encode(map[string]string{"pprof": "http://" + listener.Addr().String() + "/debug/pprof/"})
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stdout = null
	}
	programs[os.Args[1]]()
	finished.Store(true)
	for {
		time.Sleep(time.Hour)
	}
}
