// Command old is dumps for toolchains from Go 1.14 on: no generics, no
// function newer than that, a module of its own whose go line they accept.
//
//	old waits|panic|signal FOLDER
package main

import (
	"encoding/json"
	"fmt"
	"io/ioutil"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

type group struct {
	Function string `json:"function"`
	Count    int    `json:"count"`
	Status   string `json:"status,omitempty"`
	Locked   bool   `json:"locked,omitempty"`
	Creator  string `json:"creator,omitempty"`
}

var (
	empty     = make(chan int)
	nilChan   chan int
	held      sync.Mutex
	condition = sync.NewCond(&sync.Mutex{})
	quiet     net.Listener
)

type point struct{ x, y int }
type worker struct{ n int }

func waitReceive(n int, text string, p point, list []byte) int {
	return n + len(text) + p.x + len(list) + <-empty
}
func waitSend()              { empty2 <- 1 }
func waitNil()               { <-nilChan }
func waitForever()           { select {} }
func waitSleep()             { time.Sleep(time.Hour) }
func waitAccept()            { quiet.Accept() }
func waitLocked()            { runtime.LockOSThread(); <-empty }
func (w *worker) waitMutex() { held.Lock(); w.n++ }
func waitCondition()         { condition.L.Lock(); condition.Wait() }
func waitSelect(e interface{}, f func()) {
	select {
	case <-empty:
		f()
	case empty2 <- 2:
		panic(e)
	}
}

var empty2 = make(chan int)

func startAll() []group {
	for i := 0; i < 3; i++ {
		go waitReceive(7, "text", point{1, 2}, []byte("abc"))
	}
	go waitSend()
	go waitNil()
	go waitForever()
	go waitSleep()
	go waitAccept()
	go waitLocked()
	go (&worker{1}).waitMutex()
	go (&worker{2}).waitMutex()
	go waitCondition()
	go waitSelect(nil, func() {})
	by := "main.startAll"
	return []group{
		{Function: "main.waitReceive", Count: 3, Status: "chan receive", Creator: by},
		{Function: "main.waitSend", Count: 1, Status: "chan send", Creator: by},
		{Function: "main.waitNil", Count: 1, Status: "chan receive (nil chan)", Creator: by},
		{Function: "main.waitForever", Count: 1, Status: "select (no cases)", Creator: by},
		{Function: "main.waitSleep", Count: 1, Status: "sleep", Creator: by},
		{Function: "main.waitAccept", Count: 1, Status: "IO wait", Creator: by},
		{Function: "main.waitLocked", Count: 1, Status: "chan receive", Locked: true, Creator: by},
		// semacquire until Go 1.20, sync.Mutex.Lock from then on.
		{Function: "main.(*worker).waitMutex", Count: 2, Creator: by},
		{Function: "main.waitCondition", Count: 1, Status: "sync.Cond.Wait", Creator: by},
		{Function: "main.waitSelect", Count: 1, Status: "select", Creator: by},
	}
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: old waits|panic|signal FOLDER")
		os.Exit(64)
	}
	var err error
	if quiet, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		fail(err)
	}
	held.Lock()
	known := map[string]interface{}{"goVersion": runtime.Version(), "goos": runtime.GOOS, "goarch": runtime.GOARCH}
	groups := startAll()
	time.Sleep(300 * time.Millisecond)
	folder := os.Args[2]
	switch os.Args[1] {
	case "panic":
		known["kind"], known["messages"] = "panic", []string{"something went wrong"}
	case "signal":
		known["kind"], known["messages"] = "signal", []string{"SIGQUIT: quit"}
	default:
		groups = append(groups, group{Function: "main.main", Count: 1, Status: "running"})
		known["goroutines"] = runtime.NumGoroutine()
		for file, debug := range map[string]int{"dump.txt": 2, "debug1.txt": 1} {
			out, err := os.Create(filepath.Join(folder, file))
			if err != nil {
				fail(err)
			}
			if err := pprof.Lookup("goroutine").WriteTo(out, debug); err != nil {
				fail(err)
			}
			out.Close()
		}
	}
	known["groups"] = groups
	text, err := json.MarshalIndent(known, "", "  ")
	if err != nil {
		fail(err)
	}
	if err := ioutil.WriteFile(filepath.Join(folder, "truth.json"), append(text, '\n'), 0644); err != nil {
		fail(err)
	}
	switch os.Args[1] {
	case "panic":
		panic("something went wrong")
	case "signal":
		syscall.Kill(syscall.Getpid(), syscall.SIGQUIT)
		time.Sleep(time.Minute)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "old:", err)
	os.Exit(70)
}
