// Command dumps puts itself into a known state and writes what the runtime
// prints about it, beside what it knows itself:
//
//	dumps CASE FOLDER
//
// A case that lives writes dump.txt (debug=2), sometimes debug1.txt, and
// truth.json. A case that crashes writes truth.json first; its dump is its
// stderr. The truth comes from the program, not from any parser.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sort"
	"time"
)

// group is what the program knows about goroutines that it started.
type group struct {
	// Function is the outermost function: the one after the go keyword.
	Function string `json:"function"`
	// Frame is a function somewhere on the stack, where the outermost says little.
	Frame   string            `json:"frame,omitempty"`
	Count   int               `json:"count"`
	Status  string            `json:"status,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
	Locked  bool              `json:"locked,omitempty"`
	Bubble  bool              `json:"bubble,omitempty"`
	Durable bool              `json:"durable,omitempty"`
	Leaked  bool              `json:"leaked,omitempty"`
	// Creator is the function that holds the go statement.
	Creator string `json:"creator,omitempty"`
	// BlockedSeconds is how long it had been waiting when the dump was made.
	BlockedSeconds float64 `json:"blockedSeconds,omitempty"`
	// Depth is the number of frames of Frame on the stack, elided ones too.
	Depth int `json:"depth,omitempty"`
}

// truth is the sidecar of a dump.
type truth struct {
	// Goroutines is runtime.NumGoroutine() when the dump was made; 0: not known.
	Goroutines int `json:"goroutines,omitempty"`
	// Groups need not cover all goroutines, unless their counts add up to it.
	Groups []group `json:"groups,omitempty"`
	// Kind is panic, fatal or signal for a crash.
	Kind string `json:"kind,omitempty"`
	// Messages are texts that the crash must show, in order.
	Messages  []string `json:"messages,omitempty"`
	GoVersion string   `json:"goVersion"`
	GOOS      string   `json:"goos"`
	GOARCH    string   `json:"goarch"`
}

// scene is a case: it starts goroutines and says what they are.
type scene func(folder string) error

var scenes = map[string]scene{
	"waits":     waits,
	"labels":    labelled,
	"leaked":    leaked,
	"minutes":   minutes,
	"bubbles":   bubbles,
	"creators":  creators,
	"recursion": recursion,
	"inlined":   inlined,
	"generics":  generics,
	"flood":     flood,
	"crash":     nil, // crash:NAME, see crashes.go
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintf(os.Stderr, "usage: dumps CASE FOLDER\ncases: %v, crash:NAME with %v\n", names(scenes), names(crashes))
		os.Exit(64)
	}
	name, folder := os.Args[1], os.Args[2]
	if err := run(name, folder); err != nil {
		fmt.Fprintln(os.Stderr, "dumps:", err)
		os.Exit(70)
	}
}

func run(name, folder string) error {
	if how, ok := crashes[trimCrash(name)]; ok {
		return crash(how, folder)
	}
	if play := scenes[name]; play != nil {
		return play(folder)
	}
	return fmt.Errorf("no case %q", name)
}

func names[V any](m map[string]V) []string {
	all := []string{}
	for name := range m {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}

// settle gives every goroutine the time to reach its wait.
func settle() { time.Sleep(300 * time.Millisecond) }

// write dumps all goroutines at debug=2 and says what the caller knows.
func write(folder string, groups []group) error {
	settle()
	var text bytes.Buffer
	known := truth{Goroutines: runtime.NumGoroutine(), Groups: groups}
	if err := pprof.Lookup("goroutine").WriteTo(&text, 2); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "dump.txt"), text.Bytes(), 0o644); err != nil {
		return err
	}
	return writeTruth(folder, known)
}

// writeAlso writes another form of the same state: debug=1 and debug=0.
func writeAlso(folder, file string, debug int) error {
	var text bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&text, debug); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, file), text.Bytes(), 0o644)
}

func writeTruth(folder string, known truth) error {
	known.GoVersion, known.GOOS, known.GOARCH = runtime.Version(), runtime.GOOS, runtime.GOARCH
	text, err := json.MarshalIndent(known, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "truth.json"), append(text, '\n'), 0o644)
}
