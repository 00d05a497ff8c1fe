// Command bare dies of a deadlock, which the runtime notices only in a program
// that neither listens to signals nor has the network poller at work:
//
//	bare deadlock|goexit FOLDER
package main

import (
	"os"
	"runtime"
	"sync"
)

var held sync.Mutex

func waitTwice() { held.Lock(); held.Lock() }

func main() {
	message := "all goroutines are asleep - deadlock!"
	groups := `[{"function": "main.waitTwice", "count": 2, "status": "sync.Mutex.Lock"}, {"function": "main.main", "count": 1, "status": "chan receive"}]`
	if os.Args[1] == "goexit" {
		message = "no goroutines (main called runtime.Goexit) - deadlock!"
		groups = `[]`
	}
	text := `{
  "kind": "fatal",
  "messages": ["` + message + `"],
  "groups": ` + groups + `,
  "goVersion": "` + runtime.Version() + `", "goos": "` + runtime.GOOS + `", "goarch": "` + runtime.GOARCH + `"
}
`
	if err := os.WriteFile(os.Args[2]+"/truth.json", []byte(text), 0o644); err != nil {
		println(err.Error())
		os.Exit(70)
	}
	if os.Args[1] == "goexit" {
		runtime.Goexit()
	}
	go waitTwice()
	go waitTwice()
	<-make(chan int)
}
