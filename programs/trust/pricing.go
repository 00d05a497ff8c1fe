package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/trace"
)

func runPricing(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /rates", showRates)
	mux.HandleFunc("GET /price/{id}", showPrice)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	if broken("no-extract") {
		return serveHTTP(ctx, traceRequests(mux))
	}
	if broken("homemade-trace-id") {
		return serveHTTP(ctx, identifyRequests(traceRequests(mux)))
	}
	return serveHTTP(ctx, otelhttp.NewHandler(mux, "pricing"))
}

func showRates(w http.ResponseWriter, r *http.Request) {
	seenHeaders.add(headerEdge{From: "cart", To: "pricing"}, "received", r.Header)
	logRequest(r.Context(), "rates")
	time.Sleep(3 * time.Millisecond)
	fmt.Fprintln(w, "EUR 1.08")
}

func showPrice(w http.ResponseWriter, r *http.Request) {
	seenHeaders.add(headerEdge{From: "gateway", To: "pricing"}, "received", r.Header)
	logRequest(r.Context(), "price")
	time.Sleep(time.Millisecond)
	fmt.Fprintln(w, "3.99")
}

func logRequest(ctx context.Context, what string) {
	if broken("homemade-trace-id") {
		slog.Info(what, "trace_id", ctx.Value(traceIDKey{}))
	} else {
		slog.InfoContext(ctx, what)
	}
}

// traceRequests is a middleware of one's own: a span for each request, and nothing read of the caller's headers.
func traceRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := tracer.Start(r.Context(), r.Method+" "+r.URL.Path, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

type traceIDKey struct{}

// identifyRequests gives each request an id of its own, for the logs.
func identifyRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Trace-Id")
		if id == "" {
			id = uuid.NewString()
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), traceIDKey{}, id)))
	})
}
