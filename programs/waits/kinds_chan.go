package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

func init() {
	register(
		kind{name: "chan-receive", start: func(n int) func() {
			c := make(chan int)
			spawn(n, func(int) { <-c })
			return func() {
				for i := 0; i < n; i++ {
					c <- i
				}
			}
		}},
		kind{name: "chan-range", start: func(n int) func() {
			c := make(chan int, 1)
			spawn(n, func(int) {
				for range c {
				}
			})
			return func() { close(c) }
		}},
		kind{name: "chan-receive-locked-thread", start: func(n int) func() {
			c := make(chan int)
			spawn(n, func(int) {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				<-c
			})
			return func() { close(c) }
		}},
		kind{name: "chan-send", start: func(n int) func() {
			c := make(chan int)
			spawn(n, func(i int) { c <- i })
			return func() {
				for i := 0; i < n; i++ {
					<-c
				}
			}
		}},
		kind{name: "select", start: func(n int) func() {
			a, b := make(chan int), make(chan int)
			spawn(n, func(i int) {
				select {
				case <-a:
				case b <- i:
				}
			})
			return func() { close(a) }
		}},
		kind{name: "select-timeout", start: func(n int) func() {
			a := make(chan int)
			<-time.After(time.Millisecond) // the first timer of a process takes locks
			spawn(n, func(int) {
				select {
				case <-a:
				case <-time.After(time.Minute):
				}
			})
			return func() { close(a) }
		}},
		kind{name: "time-after", start: func(n int) func() {
			<-time.After(time.Millisecond)
			end := time.Now().Add(900 * time.Millisecond)
			spawn(n, func(int) { <-time.After(time.Until(end)) })
			return func() {}
		}},
		kind{name: "context-done", start: func(n int) func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			done := ctx.Done() // made under a lock on the first call
			spawn(n, func(int) { <-done })
			return cancel
		}},
		kind{name: "signal-notify", start: func(n int) func() {
			for i := 0; i < n; i++ {
				c := make(chan os.Signal, 1)
				signal.Notify(c, syscall.SIGUSR1)
				spawn(1, func(int) { <-c })
			}
			return func() { must(syscall.Kill(os.Getpid(), syscall.SIGUSR1)) }
		}},
		kind{name: "nil-chan-receive", start: func(n int) func() {
			spawn(n, func(int) {
				var c chan int
				<-c
			})
			return nil
		}},
		kind{name: "nil-chan-send", start: func(n int) func() {
			spawn(n, func(i int) {
				var c chan int
				c <- i
			})
			return nil
		}},
		kind{name: "empty-select", start: func(n int) func() {
			spawn(n, func(int) { select {} })
			return nil
		}},
	)
}
