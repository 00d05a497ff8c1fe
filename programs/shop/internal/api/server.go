// Package api is the orders API: what a reader would find in a service of that
// name, mistakes included. server.go wires it up; each handler has its file.
package api

import (
	"context"
	"database/sql"
	"errors"
	"expvar"
	"log"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	rpprof "runtime/pprof"
	"time"

	"example.com/shop/internal/wire"
)

// Config says where the API's peers are.
type Config struct {
	Database  string // host:port
	Inventory string // base URL: reservations, prices, suppliers
	Audit     string // host:port
}

// Server holds what requests share.
type Server struct {
	config Config
	db     *sql.DB
	peers  *http.Client
	prices *priceCache
	mail   *mailer
	audit  *auditLog
}

var (
	requests = expvar.NewMap("requests")
	failures = expvar.NewMap("failures")
)

// New connects to the database, warms the price cache and starts the workers.
func New(ctx context.Context, config Config) (*Server, error) {
	runtime.SetBlockProfileRate(1000) // every wait of a microsecond and more
	runtime.SetMutexProfileFraction(1)

	db := wire.Open(config.Database)
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	if err := db.PingContext(ctx); err != nil {
		return nil, err
	}
	expvar.Publish("database", expvar.Func(func() any { return db.Stats() }))
	expvar.Publish("goroutines", expvar.Func(func() any { return runtime.NumGoroutine() }))

	s := &Server{
		config: config,
		db:     db,
		peers:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute}},
		audit:  &auditLog{address: config.Audit},
	}
	s.prices = newPriceCache(s.peers, config.Inventory+"/prices", 5*time.Second)
	s.mail = startMailer(4)
	go s.reportHealth(ctx)
	return s, nil
}

// Serve answers requests until ctx ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	s.handle(mux, "GET /catalog", s.catalog)
	s.handle(mux, "GET /products/{sku}", s.product)
	s.handle(mux, "GET /quote/{sku}", s.quote)
	s.handle(mux, "POST /orders", s.createOrder)
	s.handle(mux, "GET /orders/{id}", s.getOrder)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.Handle("/debug/vars", expvar.Handler())

	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handle counts requests and labels their goroutines with the route.
func (s *Server) handle(mux *http.ServeMux, route string, h func(http.ResponseWriter, *http.Request) error) {
	mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(route, 1)
		rpprof.Do(r.Context(), rpprof.Labels("route", route), func(ctx context.Context) {
			if err := h(w, r.WithContext(ctx)); err != nil {
				failures.Add(route, 1)
				http.Error(w, err.Error(), http.StatusBadGateway)
			}
		})
	})
}

// reportHealth logs when the pool is short, once every ten seconds.
func (s *Server) reportHealth(ctx context.Context) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if st := s.db.Stats(); st.InUse == st.MaxOpenConnections {
				log.Printf("database pool is full: %d in use, %d waits so far", st.InUse, st.WaitCount)
			}
		}
	}
}
