package main

import (
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"sync"

	"google.golang.org/grpc/stats"
)

var headerFile = flag.String("headers", "", "where to write the headers that are seen")

// seenHeaders: what goes from one service to another, and what arrives there. What goes to the cart is seen by the proxy
// before it, the rest by the services themselves.
var seenHeaders headerLog

// headerLog holds a line of JSON for each request, seen from one side. All processes write to one file.
type headerLog struct {
	mutex sync.Mutex
	file  *os.File
}

type headerEdge struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func (l *headerLog) open(path string) (err error) {
	if path != "" {
		l.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	}
	return err
}

func (l *headerLog) add(edge headerEdge, direction string, header map[string][]string) {
	if l.file == nil {
		return
	}
	line, err := json.Marshal(map[string]any{"edge": edge, "direction": direction, "headers": http.Header(header).Clone()})
	if err != nil {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	_, _ = l.file.Write(append(line, '\n'))
}

func (l *headerLog) close() {
	if l.file != nil {
		_ = l.file.Close()
	}
}

// watchRequests sees the headers of requests to pricing as they leave.
type watchRequests struct {
	next http.RoundTripper
	from string
}

func (w watchRequests) RoundTrip(request *http.Request) (*http.Response, error) {
	if "http://"+request.URL.Host == *priceURL {
		seenHeaders.add(headerEdge{From: w.from, To: "pricing"}, "sent", request.Header)
	}
	return w.next.RoundTrip(request)
}

// watchCalls sees the headers of gRPC calls, as they leave and as they arrive.
type watchCalls struct{ edge headerEdge }

func (w watchCalls) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (w watchCalls) HandleRPC(_ context.Context, event stats.RPCStats) {
	switch header := event.(type) {
	case *stats.OutHeader:
		if header.Client {
			seenHeaders.add(w.edge, "sent", header.Header)
		}
	case *stats.InHeader:
		if !header.Client {
			seenHeaders.add(w.edge, "received", header.Header)
		}
	}
}

func (w watchCalls) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (w watchCalls) HandleConn(context.Context, stats.ConnStats) {}
