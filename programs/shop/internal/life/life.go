// Package life decides when a process of the demo ends: at its time, on a
// signal, when its work has failed, or when its parent has gone.
package life

import (
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Wait returns when the process should end. runFor 0 means no end in time.
func Wait(runFor time.Duration, supervised bool, failed ...<-chan error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	var end <-chan time.Time
	if runFor > 0 {
		end = time.After(runFor)
	}
	parent := os.Getppid()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	var failure <-chan error
	if len(failed) > 0 {
		failure = failed[0]
	}
	for {
		select {
		case <-signals:
			return
		case <-end:
			return
		case err := <-failure:
			if err != nil {
				log.Print(err)
			}
			return
		case <-look.C:
			if supervised && os.Getppid() != parent {
				return
			}
		}
	}
}
