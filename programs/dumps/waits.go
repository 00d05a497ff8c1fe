package main

import (
	"context"
	"iter"
	"net"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// What the goroutines of "waits" wait for. Package variables: reachable, so
// that nothing here counts as leaked.
var (
	emptyChan  = make(chan int)
	fullChan   = make(chan int)
	otherChan  = make(chan int)
	nilChan    chan int
	heldMutex  sync.Mutex
	readLocked sync.RWMutex
	writeOwned sync.RWMutex
	condition  = sync.NewCond(&sync.Mutex{})
	unfinished sync.WaitGroup
	once       sync.Once
	signals    = make(chan os.Signal, 1)
	listener   net.Listener
	quietConn  net.Conn
	sharedConn net.Conn
)

func waitReceive()      { <-emptyChan }
func waitSend()         { fullChan <- 1 }
func waitNilReceive()   { <-nilChan }
func waitNilSend()      { nilChan <- 1 }
func waitForever()      { select {} }
func waitMutex()        { heldMutex.Lock() }
func waitReadLock()     { writeOwned.RLock() }
func waitForReaders()   { readLocked.Lock() }
func waitForWriter()    { writeOwned.Lock() }
func waitGroup()        { unfinished.Wait() }
func waitSleep()        { time.Sleep(time.Hour) }
func waitAccept()       { listener.Accept() }
func waitRead()         { quietConn.Read(make([]byte, 1)) }
func waitSecondReader() { sharedConn.Read(make([]byte, 1)) }
func waitContext()      { <-longContext.Done() }
func waitSignal()       { <-signals }
func waitOnce()         { once.Do(func() { <-emptyChan }) }
func waitRange()        { rangeOver(emptyChan) }
func waitLocked()       { runtime.LockOSThread(); <-emptyChan }
func waitCoroutine()    { pull(); <-emptyChan }
func rangeOver(c <-chan int) {
	for range c {
	}
}

var longContext, cancelLong = context.WithCancel(context.Background())

func waitSelect() {
	select {
	case <-emptyChan:
	case otherChan <- 1:
	}
}

func waitTimeout() {
	select {
	case <-emptyChan:
	case <-time.After(time.Hour):
	}
}

func waitCondition() {
	condition.L.Lock()
	condition.Wait()
}

// waitPipe reads a pipe through the poller, waitSyscall one in a system call.
func waitPipe() {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	keep = append(keep, r, w)
	r.Read(make([]byte, 1))
}

func waitSyscall() {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	syscall.Read(ends[0], make([]byte, 1))
}

var keep []any

// pull leaves a coroutine of iter.Pull in the middle of its work.
func pull() {
	next, _ := iter.Pull(func(yield func(int) bool) { coroutineBody(yield) })
	next()
	keep = append(keep, next)
}

//go:noinline
func coroutineBody(yield func(int) bool) {
	for i := 0; yield(i); i++ {
	}
}

func waits(folder string) error {
	var err error
	if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	if quietConn, err = pair(); err != nil {
		return err
	}
	if sharedConn, err = pair(); err != nil {
		return err
	}
	heldMutex.Lock()
	readLocked.RLock()
	writeOwned.Lock()
	unfinished.Add(1)
	signal.Notify(signals, syscall.SIGUSR1)
	defer cancelLong()

	groups := []group{}
	start := func(count int, status, function string, f func()) {
		for range count {
			go f()
		}
		groups = append(groups, group{Function: "main." + function, Count: count, Status: status})
	}
	start(3, "chan receive", "waitReceive", waitReceive)
	start(2, "chan send", "waitSend", waitSend)
	start(2, "select", "waitSelect", waitSelect)
	start(1, "select", "waitTimeout", waitTimeout)
	start(1, "chan receive (nil chan)", "waitNilReceive", waitNilReceive)
	start(1, "chan send (nil chan)", "waitNilSend", waitNilSend)
	start(2, "select (no cases)", "waitForever", waitForever)
	start(4, "sync.Mutex.Lock", "waitMutex", waitMutex)
	start(2, "sync.RWMutex.RLock", "waitReadLock", waitReadLock)
	start(1, "sync.RWMutex.Lock", "waitForReaders", waitForReaders)
	start(1, "sync.Mutex.Lock", "waitForWriter", waitForWriter)
	start(2, "sync.Cond.Wait", "waitCondition", waitCondition)
	start(2, "sync.WaitGroup.Wait", "waitGroup", waitGroup)
	start(3, "sleep", "waitSleep", waitSleep)
	start(1, "IO wait", "waitAccept", waitAccept)
	start(1, "IO wait", "waitRead", waitRead)
	start(1, "IO wait", "waitPipe", waitPipe)
	start(2, "syscall", "waitSyscall", waitSyscall)
	start(1, "chan receive", "waitContext", waitContext)
	start(1, "chan receive", "waitSignal", waitSignal)
	start(1, "chan receive", "waitRange", waitRange)
	start(2, "chan receive", "waitLocked", waitLocked)
	groups[len(groups)-1].Locked = true
	start(1, "chan receive", "waitCoroutine", waitCoroutine)
	groups = append(groups, group{Function: "main.pull.func1", Frame: "main.coroutineBody", Count: 1, Status: "coroutine"})

	// The second of two: its wait is for the first.
	go waitOnce()
	settle()
	go waitOnce()
	go waitSecondReader()
	settle()
	go waitSecondReader()
	groups = append(groups,
		group{Function: "main.waitOnce", Frame: "main.waitOnce.func1", Count: 1, Status: "chan receive"},
		group{Function: "main.waitOnce", Frame: "sync.(*Mutex).Lock", Count: 1, Status: "sync.Mutex.Lock"},
		group{Function: "main.waitSecondReader", Frame: "internal/poll.(*FD).Read", Count: 1, Status: "IO wait"},
		group{Function: "main.waitSecondReader", Frame: "internal/poll.(*fdMutex).rwlock", Count: 1, Status: "semacquire"},
		group{Function: "main.main", Count: 1, Status: "running"},
		group{Function: "os/signal.loop", Count: 1, Status: "syscall"},
	)
	return errorsOf(write(folder, groups), writeAlso(folder, "debug1.txt", 1))
}

// pair returns one end of a TCP connection whose other end says nothing.
func pair() (net.Conn, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	server, err := l.Accept()
	keep = append(keep, client)
	return server, err
}

func errorsOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}
