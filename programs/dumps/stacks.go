package main

import "time"

// creators: who started whom, by functions with names.
func creators(folder string) error {
	done := make(chan bool)
	go startFirst(done)
	<-done
	go func() { <-emptyChan }()
	service{}.start()
	return write(folder, []group{
		{Function: "main.startFirst", Count: 1, Status: "chan receive", Creator: "main.creators"},
		{Function: "main.startSecond", Count: 1, Status: "chan receive", Creator: "main.startFirst"},
		{Function: "main.startThird", Count: 2, Status: "chan receive", Creator: "main.startSecond"},
		{Function: "main.creators.func1", Count: 1, Status: "chan receive", Creator: "main.creators"},
		{Function: "main.service.run", Count: 1, Status: "chan receive", Creator: "main.service.start"},
		{Function: "main.(*worker).run", Count: 1, Status: "sleep", Creator: "main.service.start"},
		{Function: "main.main", Count: 1, Status: "running"},
	})
}

func startFirst(done chan bool) {
	go startSecond(done)
	<-emptyChan
}

func startSecond(done chan bool) {
	go startThird()
	go startThird()
	done <- true
	<-emptyChan
}

func startThird() { <-emptyChan }

type service struct{}
type worker struct{ n int }

//go:noinline
func (s service) start() {
	go s.run()
	go (&worker{7}).run()
}

func (service) run()   { <-emptyChan }
func (w *worker) run() { time.Sleep(time.Duration(w.n) * time.Hour) }

const depth = 300

// recursion: a stack of more frames than the runtime prints.
func recursion(folder string) error {
	go descend(depth)
	go descend(40)
	return write(folder, []group{
		{Function: "main.descend", Frame: "main.descend", Count: 1, Status: "chan receive", Depth: depth + 1},
		{Function: "main.descend", Frame: "main.descend", Count: 1, Status: "chan receive", Depth: 40 + 1},
		{Function: "main.main", Count: 1, Status: "running"},
	})
}

//go:noinline
func descend(n int) int {
	if n == 0 {
		return <-emptyChan
	}
	return descend(n-1) + n
}

// inlined: frames that exist in the dump only, with (...) for arguments.
func inlined(folder string) error {
	go outer(1, "text", nil)
	return write(folder, []group{
		{Function: "main.outer", Frame: "main.innermost", Count: 1, Status: "chan receive"},
		{Function: "main.main", Count: 1, Status: "running"},
	})
}

//go:noinline
func outer(n int, s string, p *worker) int  { return middle(n, s, p) + len(s) }
func middle(n int, s string, p *worker) int { return innermost(n) + n }
func innermost(n int) int                   { return <-emptyChan + n }

type box[K comparable, V any] struct{ queue chan V }

func (b *box[K, V]) take(key K) V { return <-b.queue }

type pairOf[A, B any] struct {
	a A
	b B
}

//go:noinline
func takeFrom[T any](c <-chan T) T { return <-c }

// generics: type parameters are printed as [...].
func generics(folder string) error {
	strings, pairs := &box[string, int]{make(chan int)}, &box[int, pairOf[string, []byte]]{make(chan pairOf[string, []byte])}
	keep = append(keep, strings, pairs)
	go strings.take("a")
	go pairs.take(1)
	go takeFrom[int](emptyChan)
	go func(f func() int) { f() }(func() int { return takeFrom[int](emptyChan) })
	return write(folder, []group{
		{Function: "main.(*box[...]).take", Frame: "main.(*box[...]).take", Count: 2, Status: "chan receive"},
		{Function: "main.takeFrom[...]", Frame: "main.takeFrom[...]", Count: 1, Status: "chan receive"},
		{Function: "main.generics.func1", Frame: "main.generics.func2", Count: 1, Status: "chan receive"},
		{Function: "main.main", Count: 1, Status: "running"},
	})
}
