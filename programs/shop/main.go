// Command shop is the demo service: an orders API with the troubles of real
// services, and the peers that it needs, all in one binary.
//
//	shop -mode all -listen 127.0.0.1:0 -for 60s
//
// starts a database, the peers, the API and a load generator as processes of
// their own, prints one line of JSON with the addresses, and ends by itself.
// The trouble begins when the peers degrade (-degrade-after): until then every
// request is served in milliseconds. README.md says what goes wrong and where.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"example.com/shop/internal/api"
	"example.com/shop/internal/life"
	"example.com/shop/internal/load"
	"example.com/shop/internal/peers"
	"example.com/shop/internal/wire"
)

type options struct {
	mode         string
	listen       string
	runFor       time.Duration
	degradeAfter time.Duration
	peerDelay    time.Duration
	rate         float64
	database     string
	inventory    string
	audit        string
	target       string
	supervised   bool
}

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	log.SetPrefix("shop: ")
	var o options
	flag.StringVar(&o.mode, "mode", "all", "all, api, db, peers or load")
	flag.StringVar(&o.listen, "listen", "127.0.0.1:0", "address of the API (other modes: of the peer)")
	flag.DurationVar(&o.runFor, "for", time.Minute, "end after this long (0: until a signal)")
	flag.DurationVar(&o.degradeAfter, "degrade-after", 4*time.Second, "when the peers turn slow (0: never)")
	flag.DurationVar(&o.peerDelay, "peer-delay", 2*time.Minute, "how long a slow peer takes to answer")
	flag.Float64Var(&o.rate, "rate", 1, "factor on the load")
	flag.StringVar(&o.database, "database", "", "address of the database (mode api)")
	flag.StringVar(&o.inventory, "inventory", "", "base URL of inventory, pricing and suppliers (mode api)")
	flag.StringVar(&o.audit, "audit", "", "address of the audit sink (mode api)")
	flag.StringVar(&o.target, "target", "", "base URL of the API (mode load)")
	flag.BoolVar(&o.supervised, "supervised", false, "end when the parent process has gone")
	flag.Parse()
	if err := run(o); err != nil {
		log.Print(err)
		os.Exit(1)
	}
}

func run(o options) error {
	switch o.mode {
	case "all":
		return supervise(o)
	case "db":
		return serve(o, func(ctx context.Context, l net.Listener) error {
			return wire.NewServer().Serve(ctx, l)
		})
	case "peers":
		return runPeers(o)
	case "api":
		return serve(o, func(ctx context.Context, l net.Listener) error {
			server, err := api.New(ctx, api.Config{Database: o.database, Inventory: o.inventory, Audit: o.audit})
			if err != nil {
				return err
			}
			return server.Serve(ctx, l)
		})
	case "load":
		if o.target == "" {
			return fmt.Errorf("-mode load needs -target")
		}
		announce(map[string]string{"target": o.target})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go load.Run(ctx, o.target, o.rate)
		life.Wait(o.runFor, o.supervised)
		return nil
	}
	return fmt.Errorf("unknown -mode %q", o.mode)
}

// serve listens, prints the address and serves until the process's life ends.
func serve(o options, work func(context.Context, net.Listener) error) error {
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- work(ctx, listener) }()
	announce(map[string]string{"address": listener.Addr().String()})
	life.Wait(o.runFor, o.supervised, failed)
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func runPeers(o options) error {
	return serve(o, func(ctx context.Context, l net.Listener) error {
		audit, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		announce(map[string]string{"audit": audit.Addr().String()})
		condition := peers.NewCondition(o.degradeAfter, o.peerDelay)
		go peers.ServeAudit(ctx, audit, condition)
		return peers.ServeHTTP(ctx, l, condition)
	})
}

// announce prints one line of JSON: how a parent, or a person, learns a port.
func announce(fields map[string]string) {
	line, _ := json.Marshal(fields)
	fmt.Println(string(line))
}
