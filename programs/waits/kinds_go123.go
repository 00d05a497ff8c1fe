//go:build go1.23

package main

import "iter"

func init() {
	register(
		// The pulled side has yielded and waits for the next pull.
		kind{name: "coroutine", start: func(n int) func() {
			stops := make([]func(), n)
			for i := range stops {
				next, stop := iter.Pull(func(yield func(int) bool) {
					waiter(func() { yield(1) })
				})
				next()
				stops[i] = stop
			}
			return func() {
				for _, stop := range stops {
					stop()
				}
			}
		}},
	)
}
