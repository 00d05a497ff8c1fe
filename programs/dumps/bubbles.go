package main

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var outside sync.Mutex

func bubbleReceive(c chan int)          { <-c }
func bubbleSend(c chan int)             { c <- 1 }
func bubbleSelect(a, b chan int)        { leakIn(a, b) }
func bubbleSleep()                      { time.Sleep(time.Hour) }
func bubbleGroup(group *sync.WaitGroup) { group.Wait() }
func bubbleCond(c *sync.Cond)           { c.L.Lock(); c.Wait() }
func bubbleMutex()                      { outside.Lock() }
func bubbleOutsideChan()                { <-emptyChan }

// bubbles runs a synctest bubble that cannot advance: one of its goroutines
// waits for a mutex that is held outside, which is not a durable wait.
func bubbles(folder string) error {
	outside.Lock()
	var failed error
	go func() {
		settle()
		failed = write(folder, []group{
			{Function: "main.bubbleReceive", Count: 2, Status: "chan receive", Bubble: true, Durable: true},
			{Function: "main.bubbleSend", Count: 1, Status: "chan send", Bubble: true, Durable: true},
			{Function: "main.bubbleSelect", Count: 1, Status: "select", Bubble: true, Durable: true},
			{Function: "main.bubbleSleep", Count: 1, Status: "sleep", Bubble: true, Durable: true},
			{Function: "main.bubbleGroup", Count: 1, Status: "sync.WaitGroup.Wait", Bubble: true, Durable: true},
			{Function: "main.bubbleCond", Count: 1, Status: "sync.Cond.Wait", Bubble: true, Durable: true},
			{Function: "main.bubbleMutex", Count: 1, Status: "sync.Mutex.Lock", Bubble: true},
			{Function: "main.bubbleOutsideChan", Count: 1, Status: "chan receive", Bubble: true},
			{Function: "main.bubbles.func1", Count: 1, Status: "running"},
		})
		if failed != nil {
			fmt.Fprintln(os.Stderr, "dumps:", failed)
			os.Exit(70)
		}
		os.Exit(0)
	}()
	testing.Main(func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "Bubble", F: func(t *testing.T) { synctest.Test(t, fillBubble) }}}, nil, nil)
	return failed
}

func fillBubble(*testing.T) {
	for range 2 {
		go bubbleReceive(make(chan int))
	}
	go bubbleSend(make(chan int))
	go bubbleSelect(make(chan int), make(chan int))
	go bubbleSleep()
	group := &sync.WaitGroup{}
	group.Add(1)
	go bubbleGroup(group)
	go bubbleCond(sync.NewCond(&sync.Mutex{}))
	go bubbleMutex()
	go bubbleOutsideChan()
	synctest.Wait()
}
