// Command hostile is a real net/http/pprof server in the situations that a
// collector has to survive: TLS of every kind, credentials, odd base paths, a
// busy tracer, thousands of goroutines, profiling rates that are off.
//
//	hostile -listen 127.0.0.1:0 -tls mutual -base /internal/debug/pprof/
//
// prints one line of JSON with its address (and PEM texts), then serves until
// it is killed or -for is over. GET /state says what is on in the process.
package main

import (
	"encoding/json"
	"expvar"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	rpprof "runtime/pprof"
	"runtime/trace"
	"strings"
	"sync/atomic"
	"time"
)

type options struct {
	listen, unix, tls, base, user, password, bearer, busy, without string
	blockRate, mutexFraction, goroutines                           int
	runFor                                                         time.Duration
	vars, noMemProfile                                             bool
}

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "127.0.0.1:0", "TCP address")
	flag.StringVar(&o.unix, "unix", "", "unix socket instead of TCP")
	flag.StringVar(&o.tls, "tls", "", "server: own CA; mutual: wants a client certificate")
	flag.StringVar(&o.base, "base", "/debug/pprof/", "where the lenses are served")
	flag.StringVar(&o.user, "user", "", "basic credentials")
	flag.StringVar(&o.password, "password", "", "basic credentials")
	flag.StringVar(&o.bearer, "bearer", "", "bearer token")
	flag.StringVar(&o.busy, "busy", "", "trace or cpu: taken already")
	flag.StringVar(&o.without, "without", "", "lenses that answer 404, with commas")
	flag.IntVar(&o.blockRate, "block-rate", 0, "SetBlockProfileRate, ns")
	flag.IntVar(&o.mutexFraction, "mutex-fraction", 0, "SetMutexProfileFraction")
	flag.IntVar(&o.goroutines, "goroutines", 0, "goroutines that wait on a channel")
	flag.BoolVar(&o.vars, "vars", false, "serve /debug/vars and /metrics, with secrets in them")
	flag.BoolVar(&o.noMemProfile, "no-mem-profile", false, "MemProfileRate = 0")
	flag.DurationVar(&o.runFor, "for", 2*time.Minute, "end after this long")
	flag.Parse()
	if err := run(o); err != nil {
		log.Fatal(err)
	}
}

func run(o options) error {
	if o.noMemProfile {
		runtime.MemProfileRate = 0
	}
	runtime.SetBlockProfileRate(o.blockRate)
	runtime.SetMutexProfileFraction(o.mutexFraction)
	park(o.goroutines)
	if err := occupy(o.busy); err != nil {
		return err
	}
	network, address := "tcp", o.listen
	if o.unix != "" {
		network, address = "unix", o.unix
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	said := map[string]string{"address": listener.Addr().String()}
	server := &http.Server{Handler: guard(o, routes(o)), ErrorLog: log.New(io.Discard, "", 0)}
	if o.tls != "" {
		if err := secure(server, o.tls, said); err != nil {
			return err
		}
	}
	line, err := json.Marshal(said)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	time.AfterFunc(o.runFor, func() { os.Exit(0) })
	if o.tls != "" {
		return server.ServeTLS(listener, "", "")
	}
	return server.Serve(listener)
}

// dumps counts requests that stop the process, and how many ran at once.
var inDump, mostInDump, requests atomic.Int64

func routes(o options) http.Handler {
	mux := http.NewServeMux()
	serve := func(name string, handler http.HandlerFunc) {
		for _, without := range strings.Split(o.without, ",") {
			if without == name {
				return
			}
		}
		mux.HandleFunc(o.base+name, handler)
	}
	serve("cmdline", pprof.Cmdline)
	serve("profile", pprof.Profile)
	serve("trace", pprof.Trace)
	for _, profile := range rpprof.Profiles() {
		name := profile.Name()
		serve(name, func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("debug") == "2" {
				now := inDump.Add(1)
				for most := mostInDump.Load(); now > most && !mostInDump.CompareAndSwap(most, now); {
					most = mostInDump.Load()
				}
				defer inDump.Add(-1)
			}
			pprof.Handler(name).ServeHTTP(w, r)
		})
	}
	mux.HandleFunc("/state", func(w http.ResponseWriter, r *http.Request) {
		busy := "no"
		if err := rpprof.StartCPUProfile(io.Discard); err != nil {
			busy = "yes"
		} else {
			rpprof.StopCPUProfile()
		}
		fmt.Fprintf(w, `{"tracing":%t,"profiling":"%s","mostDumpsAtOnce":%d,"requests":%d}`,
			trace.IsEnabled(), busy, mostInDump.Load(), requests.Load())
	})
	if o.vars {
		expvar.Publish("resource", expvar.Func(func() any {
			return map[string]string{"service.name": "till", "service.version": "v7.1.0", "db_password": "hunter2"}
		}))
		mux.Handle("/debug/vars", expvar.Handler())
		mux.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "# TYPE go_info gauge\ngo_info{version=%q} 1\n", runtime.Version())
			fmt.Fprint(w, "# TYPE upstream gauge\nupstream{url=\"postgres://till:hunter2@db/till\"} 1\n")
		})
	}
	return mux
}

// guard asks for the credentials that the options name.
func guard(o options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		user, password, _ := r.BasicAuth()
		if o.user != "" && (user != o.user || password != o.password) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if o.bearer != "" && r.Header.Get("Authorization") != "Bearer "+o.bearer && r.FormValue("token") != o.bearer {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func park(count int) {
	never := make(chan struct{})
	for range count {
		go func() { <-never }()
	}
	if count > 0 {
		go func() { time.Sleep(time.Hour); close(never) }()
	}
}

func occupy(what string) error {
	switch what {
	case "trace":
		return trace.Start(io.Discard)
	case "cpu":
		return rpprof.StartCPUProfile(io.Discard)
	}
	return nil
}
