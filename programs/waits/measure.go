package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// running counts the waiters that have not returned.
var running sync.WaitGroup

// held keeps what a kind waits for reachable, until it is dropped; drops let go of it elsewhere.
var (
	held  func()
	drops []func()
)

type seen struct {
	Kind      string         `json:"kind"`
	Go        string         `json:"go"`
	Waiters   int            `json:"waiters"`
	Mode      string         `json:"mode"`
	Dump      map[string]int `json:"dump"`             // status word, as printed: goroutines (steady) or sightings (churn)
	System    map[string]int `json:"system,omitempty"` // the same in the dump of a SIGQUIT at level system
	Frames    []string       `json:"frames"`           // of one goroutine, leaf first
	Ids       []uint64       `json:"ids"`
	BlockNow  int64          `json:"blockNow"` // events of the block profile below the marker
	BlockEnd  int64          `json:"blockAfter"`
	BlockNs   int64          `json:"blockAfterNs"`
	MutexNow  int64          `json:"mutexNow"`
	MutexEnd  int64          `json:"mutexAfter"`
	MutexLeaf []string       `json:"mutexLeaf"` // leaf functions of the mutex records that count
	Released  bool           `json:"released"`
}

type goroutine struct {
	id     uint64
	status string
	leaked bool
	frames []string
}

var header = regexp.MustCompile(`^goroutine (\d+) (?:gp=\S+ )?(?:m=\S+ )?(?:mp=\S+ )?\[([^\]]*)\]`)

// parseDump reads the goroutines of a dump that have a frame that marker matches.
func parseDump(text []byte, marker *regexp.Regexp) []goroutine {
	var out []goroutine
	for _, block := range strings.Split(string(text), "\n\n") {
		lines := strings.Split(block, "\n")
		m := header.FindStringSubmatch(lines[0])
		if m == nil {
			continue
		}
		g := goroutine{status: m[2]}
		g.id, _ = strconv.ParseUint(m[1], 10, 64)
		g.status, _, _ = strings.Cut(g.status, ", ")
		if strings.Contains(g.status, " (leaked)") {
			g.leaked = true
			g.status = strings.Replace(g.status, " (leaked)", "", 1)
		}
		hit := false
		for _, line := range lines[1:] {
			if strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "created by ") || line == "" {
				continue
			}
			name := line
			if at := strings.LastIndexByte(line, '('); at > 0 {
				name = line[:at]
			}
			g.frames = append(g.frames, name)
			hit = hit || marker.MatchString(name)
		}
		if hit {
			out = append(out, g)
		}
	}
	return out
}

// dumpText is what /debug/pprof/goroutine?debug=2 serves.
func dumpText() []byte {
	var text bytes.Buffer
	must(pprof.Lookup("goroutine").WriteTo(&text, 2))
	return text.Bytes()
}

// settle waits until all waiters of a steady kind are in a wait and stay there.
func settle(k kind) {
	deadline := time.Now().Add(5 * time.Second)
	calm := 0
	for time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
		gs := parseDump(dumpText(), k.marker)
		still := len(gs) >= k.count
		for _, g := range gs {
			if g.status == "running" || g.status == "runnable" {
				still = false
			}
		}
		if !still {
			calm = 0
			continue
		}
		if calm++; calm == 3 {
			return
		}
	}
}

func startTrace(path string) (stop func()) {
	f, err := os.Create(path)
	must(err)
	must(trace.Start(f))
	return func() {
		trace.Stop()
		must(f.Close())
	}
}

func measure(k kind, dir string) seen {
	if k.procs > 0 {
		runtime.GOMAXPROCS(k.procs)
	}
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	s := seen{Kind: k.name, Go: runtime.Version(), Waiters: waiters, Mode: k.mode.String(), Dump: map[string]int{}}

	// The CPU profile's samples go into the trace too, where one reader finds them.
	must(pprof.StartCPUProfile(io.Discard))
	stop := startTrace(filepath.Join(dir, "trace.bin"))
	release := k.start(waiters)
	if k.mode == steady {
		settle(k)
		s.look(k, dumpText())
		time.Sleep(60 * time.Millisecond)
	} else {
		for end := time.Now().Add(700 * time.Millisecond); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
			s.look(k, dumpText())
		}
	}
	stop()
	pprof.StopCPUProfile()

	if k.mode == steady {
		stop = startTrace(filepath.Join(dir, "older.bin"))
		time.Sleep(30 * time.Millisecond)
		stop()
		s.BlockNow, _ = blockEvents(k.marker)
		s.MutexNow, _ = mutexEvents(k)
	}
	if release != nil {
		holder(release)
		s.Released = waitFor(&running, 10*time.Second)
		// The last unlocks and wake-ups are recorded after the waiters have gone.
		time.Sleep(20 * time.Millisecond)
	}
	if k.system {
		s.System = map[string]int{}
		for _, g := range parseDump(crash(k), k.marker) {
			s.System[g.status]++
		}
	}
	s.BlockEnd, s.BlockNs = blockEvents(k.marker)
	s.MutexEnd, s.MutexLeaf = mutexEvents(k)
	return s
}

func (s *seen) look(k kind, text []byte) {
	for _, g := range parseDump(text, k.marker) {
		s.Dump[g.status]++
		if s.Frames == nil || (k.mode == churn && len(s.Frames) > len(g.frames)) {
			s.Frames = g.frames
		}
		s.note(g.id)
	}
}

func (s *seen) note(id uint64) {
	for _, known := range s.Ids {
		if known == id {
			return
		}
	}
	s.Ids = append(s.Ids, id)
}

func waitFor(wg *sync.WaitGroup, limit time.Duration) bool {
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(limit):
		return false
	}
}

// crash gives the dump that another process of this kind prints at level system when SIGQUIT ends it: runtime.Stack and
// the goroutine profile never show the runtime's own goroutines, and stop the world before they look.
func crash(k kind) []byte {
	self, err := os.Executable()
	must(err)
	child := exec.Command(self, "crash", k.name)
	child.Env = append(os.Environ(), "GOTRACEBACK=system")
	var text bytes.Buffer
	child.Stderr = &text
	child.Run()
	return text.Bytes()
}

// runCrash is that process.
func runCrash(k kind) {
	if k.procs > 0 {
		runtime.GOMAXPROCS(k.procs)
	}
	k.start(waiters)
	time.Sleep(100 * time.Millisecond)
	must(syscall.Kill(os.Getpid(), syscall.SIGQUIT))
	time.Sleep(5 * time.Second)
}

func names(stack []uintptr) []string {
	var out []string
	frames := runtime.CallersFrames(stack)
	for {
		frame, more := frames.Next()
		out = append(out, frame.Function)
		if !more {
			return out
		}
	}
}

func has(names []string, marker *regexp.Regexp) bool {
	for _, name := range names {
		if marker.MatchString(name) {
			return true
		}
	}
	return false
}

var (
	ours     = regexp.MustCompile(`^main\.waiter$`)
	holders  = regexp.MustCompile(`^main\.holder$`)
	gcStarts = regexp.MustCompile(`^runtime\.(gcStart|GC)$`)
)

func blockEvents(marker *regexp.Regexp) (count, ns int64) {
	for _, r := range records(runtime.BlockProfile) {
		// A GC that an allocation of the waiter starts has waits of its own (gcStart, gcBgMarkStartWorkers).
		at := names(r.Stack())
		if has(at, marker) && !has(at, gcStarts) {
			count += r.Count
			ns += r.Cycles
		}
	}
	return count, ns
}

var unlocks = regexp.MustCompile(`^(internal/sync|sync)\.\(\*(RW)?Mutex\)\.(R?Unlock|unlockSlow|rUnlockSlow)`)

func mutexEvents(k kind) (count int64, leafs []string) {
	known := map[string]bool{}
	leafs = []string{}
	for _, r := range records(runtime.MutexProfile) {
		at := names(r.Stack())
		if len(at) == 0 || !(has(at, holders) || has(at, k.marker)) {
			continue
		}
		isUser := unlocks.MatchString(at[0])
		if isUser == (k.name == "runtime-lock") {
			continue
		}
		count += r.Count
		if !known[at[0]] {
			known[at[0]] = true
			leafs = append(leafs, at[0])
		}
	}
	return count, leafs
}

func records(profile func([]runtime.BlockProfileRecord) (int, bool)) []runtime.BlockProfileRecord {
	for size := 256; ; size *= 2 {
		p := make([]runtime.BlockProfileRecord, size)
		if n, ok := profile(p); ok {
			return p[:n]
		}
	}
}

type leaks struct {
	Kind        string `json:"kind"`
	Go          string `json:"go"`
	Exists      bool   `json:"exists"`
	Reachable   int    `json:"reachable"`   // flagged while the program still holds what is waited for
	Unreachable int    `json:"unreachable"` // flagged after it has let go of it
	MarksLater  bool   `json:"marksLater"`  // an ordinary dump taken afterwards says (leaked)
}

func leak(k kind) leaks {
	profile := pprof.Lookup("goroutineleak")
	l := leaks{Kind: k.name, Go: runtime.Version(), Exists: profile != nil}
	if profile == nil {
		return l
	}
	if k.procs > 0 {
		runtime.GOMAXPROCS(k.procs)
	}
	hold(k)
	if k.mode == steady {
		settle(k)
	} else {
		time.Sleep(100 * time.Millisecond)
	}
	l.Reachable = flagged(k, profile)
	held = nil
	for _, drop := range drops {
		drop()
	}
	drops = nil
	l.Unreachable = flagged(k, profile)
	for _, g := range parseDump(dumpText(), k.marker) {
		l.MarksLater = l.MarksLater || g.leaked
	}
	return l
}

//go:noinline
func hold(k kind) {
	held = k.start(waiters)
}

func flagged(k kind, profile *pprof.Profile) int {
	var text bytes.Buffer
	must(profile.WriteTo(&text, 2))
	count := 0
	for _, g := range parseDump(text.Bytes(), k.marker) {
		if g.leaked {
			count++
		}
	}
	return count
}
