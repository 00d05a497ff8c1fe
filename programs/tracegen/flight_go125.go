//go:build go1.25

package main

import (
	"fmt"
	"io"
	"runtime/trace"
	"time"
)

func init() { recordFlight = takeFlight }

// takeFlight runs the load under a flight recorder and writes its last seconds: a trace that begins in the middle.
func takeFlight(run load, opts options, out io.Writer, life time.Duration) error {
	recorder := trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: life / 3, MaxBytes: 64 << 20})
	stop, ended := make(chan struct{}), make(chan struct{})
	begun := make(chan error)
	go func() {
		run(opts, func() { begun <- recorder.Start() }, stop)
		close(ended)
	}()
	if err := <-begun; err != nil {
		return fmt.Errorf("flight recorder: %w", err)
	}
	time.Sleep(life)
	_, err := recorder.WriteTo(out)
	recorder.Stop()
	close(stop)
	<-ended
	return err
}
