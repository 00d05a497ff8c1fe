package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"
)

// Values that break a parser which searches for the next brace, colon or quote.
var labelSets = []map[string]string{
	{"route": "GET /orders", "tenant": "acme"},
	{"plain": "value"},
	{"req id": "a:b{c}", "tenant": "acme"},
	{"brace": "}:", "bracket": "]:"},
	{"quote": `say "hi"`, "back": `a\b`},
	{"empty": "", "": "no key"},
	{"comma": "a, b: c", "space": " lead and trail "},
	{"newline": "two\nlines", "tab": "a\tb"},
	{"unicode": "größe 寸法 😀", "nbsp": "a\u00a0b"},
	{"bytes": "\xff\xfe", "zero": "a\x00b"},
	{"goroutine 7 [running]": "goroutine 8 [select]:"},
	{"many1": "1", "many2": "2", "many3": "3", "many4": "4", "many5": "5", "many6": "6"},
}

func waitLabelled() { <-emptyChan }

func labelled(folder string) error {
	groups := []group{}
	for _, set := range labelSets {
		pairs := []string{}
		for k, v := range set {
			pairs = append(pairs, k, v)
		}
		pprof.Do(context.Background(), pprof.Labels(pairs...), func(context.Context) { go waitLabelled() })
		groups = append(groups, group{Function: "main.waitLabelled", Count: 1, Status: "chan receive", Labels: set})
	}
	go waitLabelled()
	groups = append(groups, group{Function: "main.waitLabelled", Count: 1, Status: "chan receive"})
	groups = append(groups, group{Function: "main.main", Count: 1, Status: "running"})
	return errorsOf(write(folder, groups), writeAlso(folder, "debug1.txt", 1))
}

func leakReceive(c chan int)   { <-c }
func leakSend(c chan int)      { c <- 1 }
func leakSelect(a, b chan int) { leakIn(a, b) }
func leakNil()                 { <-nilChan }
func leakForever()             { select {} }
func stayReachable()           { <-emptyChan }
func leakIn(a, b chan int) {
	select {
	case <-a:
	case <-b:
	}
}

// leaked asks for the leak profile first: the plain dump after it has marks.
func leaked(folder string) error {
	for range 3 {
		go leakReceive(make(chan int))
	}
	for range 2 {
		go leakSend(make(chan int))
	}
	go leakSelect(make(chan int), make(chan int))
	go leakNil()
	go leakForever()
	go stayReachable()
	settle()
	profile := pprof.Lookup("goroutineleak")
	if profile == nil {
		return os.WriteFile(filepath.Join(folder, "absent"), []byte(runtime.Version()+" has no goroutineleak profile\n"), 0o644)
	}
	for file, debug := range map[string]int{"goroutineleak.pb.gz": 0, "goroutineleak.1.txt": 1, "goroutineleak.2.txt": 2} {
		out, err := os.Create(filepath.Join(folder, file))
		if err != nil {
			return err
		}
		if err := errorsOf(profile.WriteTo(out, debug), out.Close()); err != nil {
			return err
		}
	}
	return write(folder, []group{
		{Function: "main.leakReceive", Count: 3, Status: "chan receive", Leaked: true},
		{Function: "main.leakSend", Count: 2, Status: "chan send", Leaked: true},
		{Function: "main.leakSelect", Count: 1, Status: "select", Leaked: true},
		{Function: "main.leakNil", Count: 1, Status: "chan receive (nil chan)", Leaked: true},
		{Function: "main.leakForever", Count: 1, Status: "select (no cases)", Leaked: true},
		{Function: "main.stayReachable", Count: 1, Status: "chan receive"},
		{Function: "main.main", Count: 1, Status: "running"},
	})
}

func waitLong()  { <-emptyChan }
func waitShort() { <-emptyChan }

// minutes shows how wrong the printed minutes are: waitShort has waited for
// less than a second, and the runtime says one minute.
func minutes(folder string) error {
	go waitLong()
	start := time.Now()
	settle()
	runtime.GC()
	time.Sleep(65 * time.Second)
	runtime.GC()
	go waitShort()
	short := time.Now()
	settle()
	runtime.GC()
	return write(folder, []group{
		{Function: "main.waitLong", Count: 1, Status: "chan receive", BlockedSeconds: time.Since(start).Seconds()},
		{Function: "main.waitShort", Count: 1, Status: "chan receive", BlockedSeconds: time.Since(short).Seconds()},
		{Function: "main.main", Count: 1, Status: "running"},
	})
}
