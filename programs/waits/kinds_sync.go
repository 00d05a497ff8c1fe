package main

import (
	"net"
	"sync"
)

// own is a T in a block of the heap that nothing else shares. Objects below 16 bytes without pointers, as a Mutex is,
// stand together with others in one block of the tiny allocator, and any of those keeps all of it reachable: what the
// leak profile can prove of them would differ from run to run.
type own[T any] struct {
	it T
	_  *byte
}

func alone[T any]() *T { return &new(own[T]).it }

func init() {
	register(
		kind{name: "mutex", start: func(n int) func() {
			mu := alone[sync.Mutex]()
			mu.Lock()
			spawn(n, func(int) {
				mu.Lock()
				mu.Unlock()
			})
			return func() { mu.Unlock() }
		}},
		kind{name: "once", start: func(n int) func() {
			once, gate, in := alone[sync.Once](), make(chan int), make(chan int)
			go holder(func() {
				once.Do(func() {
					close(in)
					<-gate
				})
			})
			<-in
			spawn(n, func(int) { once.Do(func() {}) })
			return func() { close(gate) }
		}},
		kind{name: "rwmutex-rlock", start: func(n int) func() {
			mu := new(sync.RWMutex)
			mu.Lock()
			spawn(n, func(int) {
				mu.RLock()
				mu.RUnlock()
			})
			return func() { mu.Unlock() }
		}},
		// One writer per lock waits for readers; a second one would wait for the first.
		kind{name: "rwmutex-lock-readers", start: func(n int) func() {
			mus := make([]sync.RWMutex, n)
			for i := range mus {
				mus[i].RLock()
			}
			spawn(n, func(i int) {
				mus[i].Lock()
				mus[i].Unlock()
			})
			return func() {
				for i := range mus {
					mus[i].RUnlock()
				}
			}
		}},
		kind{name: "rwmutex-lock-writer", start: func(n int) func() {
			mu := new(sync.RWMutex)
			mu.Lock()
			spawn(n, func(int) {
				mu.Lock()
				mu.Unlock()
			})
			return func() { mu.Unlock() }
		}},
		kind{name: "cond", start: func(n int) func() {
			mu := alone[sync.Mutex]()
			cond := sync.NewCond(mu)
			spawn(n, func(int) {
				mu.Lock()
				cond.Wait()
				mu.Unlock()
			})
			return func() {
				// One at a time, so that the mutex of the Cond is not waited for.
				for i := 0; i < n; i++ {
					cond.Signal()
					pause()
				}
			}
		}},
		kind{name: "waitgroup", start: func(n int) func() {
			wg := new(sync.WaitGroup)
			wg.Add(1)
			spawn(n, func(int) { wg.Wait() })
			return func() { wg.Done() }
		}},
		kind{name: "fd-mutex", start: func(n int) func() {
			local, peer := connect()
			go func() {
				var one [1]byte
				local.Read(one[:])
			}()
			pause()
			spawn(n, func(int) {
				var one [1]byte
				local.Read(one[:])
			})
			return func() { must(peer.Close()) }
		}},
	)
}

// connect gives the two ends of a TCP connection on loopback.
func connect() (local, peer net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer l.Close()
	accepted := make(chan net.Conn)
	go func() {
		c, err := l.Accept()
		must(err)
		accepted <- c
	}()
	local, err = net.Dial("tcp", l.Addr().String())
	must(err)
	return local, <-accepted
}
