// Command cgo waits inside C, and on a thread that C has made:
//
//	cgo FOLDER
package main

/*
#cgo LDFLAGS: -lpthread
#include <pthread.h>
#include <unistd.h>

extern void goCalledFromC(void);

static void sleepInC(void) { for (;;) sleep(3600); }

static void *callGo(void *unused) { goCalledFromC(); return 0; }

static void startThread(void) {
	pthread_t t;
	pthread_create(&t, 0, callGo, 0);
}
*/
import "C"

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"
)

var empty = make(chan int)

//export goCalledFromC
func goCalledFromC() { waitCalledFromC() }

//go:noinline
func waitCalledFromC() { <-empty }

func waitInC() { C.sleepInC() }

func main() {
	go waitInC()
	go waitInC()
	C.startThread()
	time.Sleep(300 * time.Millisecond)
	known := fmt.Sprintf(`{
  "goroutines": %d,
  "groups": [
    {"function": "main.waitInC", "count": 2, "status": "syscall"},
    {"function": "main.goCalledFromC", "frame": "main.waitCalledFromC", "count": 1, "status": "chan receive", "locked": true},
    {"function": "main.main", "count": 1, "status": "running"}
  ],
  "goVersion": %q, "goos": %q, "goarch": %q
}
`, runtime.NumGoroutine(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	var text bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&text, 2)
	for name, content := range map[string][]byte{"dump.txt": text.Bytes(), "truth.json": []byte(known)} {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), content, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "cgo:", err)
			os.Exit(70)
		}
	}
}
