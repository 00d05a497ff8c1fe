// Package snapshot ends a program of this module: it lets the libraries come to rest, then prints one goroutine
// dump (the text of /debug/pprof/goroutine?debug=2) to stdout and exits.
package snapshot

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"time"
)

// PrintAfter never returns; the folders are removed when the dump is taken.
func PrintAfter(rest time.Duration, folders ...string) {
	runtime.GC()
	time.Sleep(rest)
	var text bytes.Buffer
	err := pprof.Lookup("goroutine").WriteTo(&text, 2)
	for _, folder := range folders {
		os.RemoveAll(folder)
	}
	Check(err)
	os.Stdout.Write(text.Bytes())
	os.Exit(0)
}

// Must ends the program where the set-up of a library failed: a dump without it would say nothing.
func Must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, "idle:", err)
		os.Exit(1)
	}
	return value
}

// Check is Must without a value.
func Check(err error) {
	Must(struct{}{}, err)
}

// Must2 is Must for two values.
func Must2[A, B any](first A, second B, err error) (A, B) {
	Check(err)
	return first, second
}
