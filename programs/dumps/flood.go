package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"time"
)

// flood writes a dump of very many goroutines: with more than about 20,000 the
// runtime stops at 64 MiB, in the middle of a line, and says nothing. The
// number is in FLOOD; the dump is too large to keep, so tests make it anew.
func flood(folder string) error {
	n := 30000
	if text := os.Getenv("FLOOD"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 {
			return fmt.Errorf("FLOOD=%q is not a number of goroutines", text)
		}
	}
	for range n {
		go descend(60)
	}
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() < n+1 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	settle()
	out, err := os.Create(filepath.Join(folder, "dump.txt"))
	if err != nil {
		return err
	}
	known := truth{Goroutines: runtime.NumGoroutine(), Groups: []group{
		{Function: "main.descend", Frame: "main.descend", Count: n, Status: "chan receive", Depth: 61},
		{Function: "main.main", Count: 1, Status: "running"},
	}}
	if err := errorsOf(pprof.Lookup("goroutine").WriteTo(out, 2), out.Close()); err != nil {
		return err
	}
	return writeTruth(folder, known)
}
