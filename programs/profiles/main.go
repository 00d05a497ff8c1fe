// Command profiles makes profiles of which it knows what must be in them:
//
//	profiles CASE FOLDER
//
// writes profile.pb.gz (or profile.pb, uncompressed) and truth.json: counts
// that the program caused itself. What the whole profile says is known from
// `go tool pprof -raw`, which the recorder runs beside it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sort"
)

// site is a function with the values that samples with it on their stack must
// add up to, in the order of the profile's sample types.
type site struct {
	Function string            `json:"function"`
	Labels   map[string]string `json:"labels,omitempty"`
	// Values are exact; absent where only the site's presence is known.
	Values []int64 `json:"values,omitempty"`
	// AtLeast bounds values that depend on time from below.
	AtLeast []int64 `json:"atLeast,omitempty"`
}

type truth struct {
	SampleTypes []string `json:"sampleTypes"`
	Sites       []site   `json:"sites"`
	GoVersion   string   `json:"goVersion"`
}

type play func(folder string) (truth, error)

var cases = map[string]play{
	"cpu":           cpu,
	"heap":          heap,
	"allocs":        allocs,
	"block":         block,
	"block-delta":   blockDelta,
	"mutex":         mutex,
	"goroutine":     goroutine,
	"threadcreate":  threadcreate,
	"goroutineleak": goroutineleak,
	"crafted":       crafted,
	"crafted-plain": craftedPlain,
	"empty":         empty,
}

func main() {
	if len(os.Args) != 3 || cases[os.Args[1]] == nil {
		names := []string{}
		for name := range cases {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Fprintf(os.Stderr, "usage: profiles CASE FOLDER\ncases: %v\n", names)
		os.Exit(64)
	}
	known, err := cases[os.Args[1]](os.Args[2])
	if err == nil {
		known.GoVersion = runtime.Version()
		var text []byte
		text, err = json.MarshalIndent(known, "", "  ")
		if err == nil {
			err = os.WriteFile(filepath.Join(os.Args[2], "truth.json"), append(text, '\n'), 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "profiles:", err)
		os.Exit(70)
	}
}

// write stores a profile of runtime/pprof, gzipped as the runtime gives it.
func write(folder, name string) error {
	profile := pprof.Lookup(name)
	if profile == nil {
		return fmt.Errorf("%s has no profile %q", runtime.Version(), name)
	}
	out, err := os.Create(filepath.Join(folder, "profile.pb.gz"))
	if err != nil {
		return err
	}
	if err := profile.WriteTo(out, 0); err != nil {
		return err
	}
	return out.Close()
}
