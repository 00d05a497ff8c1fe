package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/XSAM/otelsql"
	"github.com/google/uuid"
	"github.com/nats-io/nats-server/v2/server"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	_ "modernc.org/sqlite"
)

// openDatabase opens a database in memory whose queries are spans.
func openDatabase(ctx context.Context, schema string) (*sql.DB, error) {
	db, err := otelsql.Open("sqlite", ":memory:",
		otelsql.WithAttributes(semconv.DBSystemNameSQLite),
		otelsql.WithSpanOptions(otelsql.SpanOptions{OmitConnResetSession: true, OmitConnectorConnect: true, OmitRows: true}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, schema)
	return db, err
}

// runProxy stands before the carts, and makes no spans.
func runProxy(ctx context.Context) error {
	var targets []*url.URL
	for _, address := range strings.Split(*cartURL, ",") {
		target, err := url.Parse(address)
		if err != nil {
			return err
		}
		targets = append(targets, target)
	}
	var turn atomic.Uint64
	return serveHTTP(ctx, &httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
		request.SetURL(targets[turn.Add(1)%uint64(len(targets))])
		if broken("proxy-strips-header") {
			request.Out.Header = keepOnly(request.In.Header, "Accept", "Authorization", "Content-Type", "User-Agent")
		}
		edge := headerEdge{From: "gateway", To: "cart"}
		seenHeaders.add(edge, "sent", request.In.Header)
		seenHeaders.add(edge, "received", request.Out.Header)
	}})
}

func keepOnly(header http.Header, names ...string) http.Header {
	kept := http.Header{}
	for _, name := range names {
		for _, value := range header.Values(name) {
			kept.Add(name, value)
		}
	}
	return kept
}

// runQueue is a NATS server.
func runQueue(ctx context.Context) error {
	queue, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		return err
	}
	queue.Start()
	if !queue.ReadyForConnections(5 * time.Second) {
		return errors.New("the NATS server is not ready")
	}
	announce(queue.ClientURL())
	<-ctx.Done()
	queue.Shutdown()
	return nil
}

var (
	loadURL      = flag.String("url", "", "URL of the gateway, for the load")
	loadRequests = flag.Int("requests", 400, "how many")
	loadRate     = flag.Int("rate", 200, "a second, on average: a third of it in calm, five thirds in bursts")
	loadAtOnce   = flag.Int("concurrency", 0, "that many callers, each asking again when it was answered, instead of a rate")
	loadParent   = flag.Bool("parent", false, "send a traceparent, as a browser that traces itself does")
)

// runLoad asks the gateway, and pricing for its health: at a rate that changes every half second, or by callers who wait.
func runLoad(ctx context.Context) error {
	client := &http.Client{Timeout: 10 * time.Second}
	probing, stopProbing := context.WithCancel(ctx)
	defer stopProbing()
	go probe(probing, client)
	var pending sync.WaitGroup
	failed := make(chan error, *loadRequests)
	ask := func(ctx context.Context, turn int) {
		if err := get(ctx, client, fmt.Sprintf("%s/checkout/%d", *loadURL, 1000+turn)); err != nil {
			failed <- err
		}
	}
	if *loadAtOnce > 0 {
		var turn atomic.Int64
		for range *loadAtOnce {
			pending.Go(func() {
				for own := int(turn.Add(1)) - 1; own < *loadRequests; own = int(turn.Add(1)) - 1 {
					ask(ctx, own)
				}
			})
		}
	} else {
		begin := time.Now()
		for turn := range *loadRequests {
			rate := float64(*loadRate) / 3
			if time.Since(begin)/(500*time.Millisecond)%2 == 1 {
				rate *= 5
			}
			time.Sleep(time.Duration(float64(time.Second) / rate))
			pending.Go(func() { ask(ctx, turn) })
		}
	}
	pending.Wait()
	close(failed)
	announce(fmt.Sprint(*loadRequests))
	return <-failed
}

func probe(ctx context.Context, client *http.Client) {
	for ctx.Err() == nil {
		_ = get(ctx, client, *priceURL+"/healthz")
		time.Sleep(200 * time.Millisecond)
	}
}

func get(ctx context.Context, client *http.Client, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if *loadParent {
		request.Header.Set("traceparent", newTraceparent())
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err = io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, response.Status)
	}
	return nil
}

func newTraceparent() string {
	id := uuid.New()
	return fmt.Sprintf("00-%x-%x-01", id[:], id[8:])
}
