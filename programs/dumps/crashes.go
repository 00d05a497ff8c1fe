package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// ending is a way to die, and what must be seen of it.
type ending struct {
	kind     string
	messages []string
	// bystanders are started first: they are to be seen at GOTRACEBACK=all.
	bystanders bool
	die        func()
}

type oddError struct{ Code int }

func (e oddError) Error() string { return fmt.Sprintf("odd error %d\nwith a second line", e.Code) }

type oddValue struct {
	name string
	n    int
}

var crashes = map[string]ending{
	"nil":        {"panic", []string{"runtime error: invalid memory address or nil pointer dereference", "SIGSEGV"}, true, dereferenceNil},
	"text":       {"panic", []string{"something went wrong"}, true, func() { panic("something went wrong") }},
	"error":      {"panic", []string{"odd error 7"}, true, func() { panic(oddError{7}) }},
	"value":      {"panic", []string{"main.oddValue"}, false, func() { panic(oddValue{"x", 1}) }},
	"number":     {"panic", []string{"42"}, false, func() { panic(42) }},
	"nested":     {"panic", []string{"first", "second", "third"}, false, panicNested},
	"recovered":  {"panic", []string{"first", "[recovered", "second"}, false, panicRecovered},
	"repanicked": {"panic", []string{"again and again", "[recovered"}, false, panicAgain},
	"index":      {"panic", []string{"runtime error: index out of range [5] with length 3"}, false, indexOut},
	"closed":     {"panic", []string{"close of closed channel"}, false, closeTwice},
	"wrapped":    {"panic", []string{"outer: inner"}, false, func() { panic(fmt.Errorf("outer: %w", errors.New("inner"))) }},
	"dumplike":   {"panic", []string{"goroutine 99 [running]:"}, true, func() { panic("goroutine 99 [running]:\nmain.fake()\n\t/nowhere.go:1 +0x1") }},
	"maps":       {"fatal", []string{"concurrent map writes"}, false, writeMaps},
	"unlock":     {"fatal", []string{"sync: unlock of unlocked mutex"}, false, func() { var m sync.Mutex; m.Unlock() }},
	"overflow":   {"fatal", []string{"goroutine stack exceeds", "stack overflow"}, false, overflow},
	"memory":     {"fatal", []string{"out of memory"}, false, runOutOfMemory},
	"fault":      {"fatal", []string{"fault", "SIGSEGV"}, false, readUnmapped},
	"deep":       {"panic", []string{"deep down"}, false, func() { panicDeep(400) }},
	"signal":     {"signal", []string{"SIGQUIT: quit"}, true, func() { killSelf(syscall.SIGQUIT) }},
	"abort":      {"signal", []string{"SIGABRT: abort"}, true, func() { killSelf(syscall.SIGABRT) }},
	"in-goroutine": {"panic", []string{"in a goroutine"}, true, func() {
		go func() { panic("in a goroutine") }()
		time.Sleep(time.Minute)
	}},
}

func trimCrash(name string) string { return strings.TrimPrefix(name, "crash:") }

func crash(how ending, folder string) error {
	known := truth{Kind: how.kind, Messages: how.messages}
	if how.bystanders {
		for range 3 {
			go waitReceive()
		}
		go waitSleep()
		heldMutex.Lock()
		go waitMutex()
		settle()
		if bystandersShown(how.kind) {
			known.Groups = []group{
				{Function: "main.waitReceive", Count: 3, Status: "chan receive"},
				{Function: "main.waitSleep", Count: 1, Status: "sleep"},
				{Function: "main.waitMutex", Count: 1, Status: "sync.Mutex.Lock"},
			}
		}
	}
	if err := writeTruth(folder, known); err != nil {
		return err
	}
	// No core files, whatever the machine's limits are.
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return err
	}
	how.die()
	return errors.New("still alive")
}

// bystandersShown is what the documentation of package runtime says of
// GOTRACEBACK: a panic shows its own goroutine only, unless more is asked for.
func bystandersShown(kind string) bool {
	switch os.Getenv("GOTRACEBACK") {
	case "all", "system", "crash":
		return true
	case "none":
		return false
	}
	return kind == "signal"
}

func dereferenceNil() { touch(nil) }

//go:noinline
func touch(w *worker) { w.n++ }

func panicNested() {
	defer func() {
		defer func() { panic("third") }()
		panic("second")
	}()
	panic("first")
}

func panicRecovered() {
	defer func() {
		recover()
		panic("second")
	}()
	panic("first")
}

func panicAgain() {
	defer func() { panic(recover()) }()
	panic("again and again")
}

func indexOut() {
	three, five := []int{1, 2, 3}, 5
	fmt.Fprintln(os.Stdout, three[five])
}

func closeTwice() {
	c := make(chan int)
	close(c)
	close(c)
}

func writeMaps() {
	m := map[int]int{}
	for range 8 {
		go func() {
			for i := 0; ; i++ {
				m[i%64] = i
			}
		}()
	}
	time.Sleep(time.Minute)
}

func overflow() {
	debug.SetMaxStack(1 << 20)
	useStack(0)
}

//go:noinline
func useStack(n int) int { return useStack(n+1) + 1 }

// runOutOfMemory limits its own address space, then asks for more.
func runOutOfMemory() {
	limit := &syscall.Rlimit{Cur: 1 << 30, Max: 1 << 30}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, limit); err != nil {
		panic(err)
	}
	keep = append(keep, make([]byte, 8<<30))
}

// readUnmapped reads an address that is not nil and not ours.
func readUnmapped() {
	address := uintptr(0x7fff00000000)
	fmt.Fprintln(os.Stdout, **(**int)(unsafe.Pointer(&address)))
}

//go:noinline
func panicDeep(n int) int {
	if n == 0 {
		panic("deep down")
	}
	return panicDeep(n-1) + 1
}

func killSelf(s syscall.Signal) {
	syscall.Kill(syscall.Getpid(), s)
	time.Sleep(time.Minute)
}
