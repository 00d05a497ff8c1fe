// Command trust is a small shop of five services that trace themselves with OpenTelemetry: a gateway (HTTP), a cart (gin,
// database/sql), pricing (HTTP), stock (gRPC, database/sql) and a mailer (NATS). -role says which of them this process is;
// proxy, queue and load are what stands around them. Spans and logs go to OTEL_EXPORTER_OTLP_ENDPOINT.
//
// -break switches on one way in which trace context breaks, as code in the field does it: a few lines each, next to what
// would be right. Without it nothing is wrong.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var (
	breakName = flag.String("break", "", "the break that is switched on")
	cartURL   = flag.String("cart", "", "URL of the cart, or of the proxy before it; for the proxy several, with commas")
	priceURL  = flag.String("pricing", "", "URL of pricing")
	stockAddr = flag.String("stock", "", "address of stock")
	queueURL  = flag.String("queue", "", "URL of the NATS server")
)

// broken says whether the break of that name is switched on.
func broken(name string) bool { return *breakName == name }

func main() {
	role := flag.String("role", "", "gateway, cart, pricing, stock, mailer, proxy, queue or load")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	run, ok := map[string]func(context.Context) error{
		"gateway": runGateway,
		"cart":    runCart,
		"pricing": runPricing,
		"stock":   runStock,
		"mailer":  runMailer,
		"proxy":   runProxy,
		"queue":   runQueue,
		"load":    runLoad,
	}[*role]
	if !ok {
		log.Fatalf("no such role: %q", *role)
	}
	if err := seenHeaders.open(*headerFile); err != nil {
		log.Fatal(err)
	}
	defer seenHeaders.close()
	if !isService(*role) {
		if err := run(ctx); err != nil {
			log.Fatal(err)
		}
		return
	}
	if err := runTraced(ctx, *role, run); err != nil {
		log.Fatal(err)
	}
}

func isService(role string) bool {
	return role != "proxy" && role != "queue" && role != "load"
}

// runTraced runs a service, and hands over what it has not yet sent when it ends.
func runTraced(ctx context.Context, service string, run func(context.Context) error) error {
	if broken("no-flush") {
		if _, err := startTelemetry(ctx, service); err != nil {
			return err
		}
		return run(ctx)
	}
	shutdown, err := startTelemetry(ctx, service)
	if err != nil {
		return err
	}
	err = run(ctx)
	flushCtx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(err, shutdown(flushCtx))
}

// serveHTTP serves on a free port of the loopback until ctx is done.
func serveHTTP(ctx context.Context, handler http.Handler) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		closeCtx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_ = server.Shutdown(closeCtx)
	}()
	announce("http://" + listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// announce prints the address for whoever started this process.
func announce(addr string) {
	line, _ := json.Marshal(map[string]string{"addr": addr})
	fmt.Println(string(line))
}
