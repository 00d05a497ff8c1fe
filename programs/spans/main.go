// Command spans does traced work with the real OpenTelemetry SDK while an execution trace is taken.
// It leaves trace.bin and spans.otlp.json in -out: what a service with a file exporter would leave.
//
//	scenes: one of each case that joining spans with goroutines has to tell apart, a few ms each
//	crowd:  many spans of two names on many goroutines
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"runtime/trace"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"

	"sightline.example/spans/spanlog"
)

func main() {
	out := flag.String("out", ".", "folder to write to")
	mode := flag.String("mode", "scenes", "scenes or crowd")
	withLogs := flag.Bool("log", true, "write the ids of spans into the trace")
	count := flag.Int("spans", 20000, "of the mode crowd")
	width := flag.Int("goroutines", 200, "of the mode crowd")
	flag.Parse()

	kept := &exporter{}
	options := []sdktrace.TracerProviderOption{sdktrace.WithSyncer(kept)}
	if *withLogs {
		// First, so that nothing stands between a span's own stamps and its logs.
		options = append([]sdktrace.TracerProviderOption{sdktrace.WithSpanProcessor(spanlog.Processor{})}, options...)
	}
	provider := sdktrace.NewTracerProvider(options...)
	otel.SetTracerProvider(provider)
	tracer := otel.Tracer("sightline.example/spans")

	var buffer bytes.Buffer
	switch *mode {
	case "scenes":
		scenes(tracer, &buffer)
	case "crowd":
		start(&buffer)
		crowd(tracer, *count, *width)
		trace.Stop()
	default:
		log.Fatalf("there is no mode %q", *mode)
	}
	if err := provider.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}
	write(filepath.Join(*out, "trace.bin"), buffer.Bytes())
	write(filepath.Join(*out, "spans.otlp.json"), kept.document())
	fmt.Printf("%d spans\n", len(kept.spans))
}

func start(buffer *bytes.Buffer) {
	if err := trace.Start(buffer); err != nil {
		log.Fatal(err)
	}
}

func write(path string, content []byte) {
	if err := os.WriteFile(path, content, 0o644); err != nil {
		log.Fatal(err)
	}
}

var stock sync.Mutex

func scenes(tracer oteltrace.Tracer, buffer *bytes.Buffer) {
	ctx := context.Background()
	_, older := tracer.Start(ctx, "older than the trace")
	start(buffer)
	time.Sleep(time.Millisecond)
	older.End()

	checkout(ctx, tracer)
	twins(ctx, tracer)
	handedOver(ctx, tracer)
	nested(ctx, tracer)
	reused(ctx, tracer)
	renamed(ctx, tracer)
	backdated(ctx, tracer)
	twice(ctx, tracer)

	_, open := tracer.Start(ctx, "ends after the trace")
	time.Sleep(time.Millisecond)
	trace.Stop()
	open.End()
}

// checkout waits for a lock that another goroutine holds, then for two goroutines of its own.
func checkout(ctx context.Context, tracer oteltrace.Tracer) {
	held, release := make(chan struct{}), make(chan struct{})
	go hold(held, release)
	<-held
	time.AfterFunc(3*time.Millisecond, func() { close(release) })

	ctx, span := tracer.Start(ctx, "POST /checkout", oteltrace.WithAttributes(attribute.String("http.route", "/checkout")))
	defer span.End()
	reserve()
	var done sync.WaitGroup
	done.Add(2)
	go func() { defer done.Done(); price(ctx, tracer) }()
	go func() { defer done.Done(); spin(2 * time.Millisecond) }()
	done.Wait()
}

func hold(held, release chan struct{}) {
	stock.Lock()
	close(held)
	<-release
	stock.Unlock()
}

func reserve() {
	stock.Lock()
	spin(200 * time.Microsecond)
	stock.Unlock()
}

func price(ctx context.Context, tracer oteltrace.Tracer) {
	_, span := tracer.Start(ctx, "price")
	defer span.End()
	time.Sleep(2 * time.Millisecond)
}

// twins: two spans of one name at the same time.
func twins(ctx context.Context, tracer oteltrace.Tracer) {
	var done sync.WaitGroup
	for range 2 {
		done.Add(1)
		go func() {
			defer done.Done()
			_, span := tracer.Start(ctx, "twin")
			time.Sleep(time.Millisecond)
			span.End()
		}()
	}
	done.Wait()
}

// handedOver is started on one goroutine and ended on another.
func handedOver(ctx context.Context, tracer oteltrace.Tracer) {
	_, span := tracer.Start(ctx, "handed over")
	done := make(chan struct{})
	go func() {
		time.Sleep(time.Millisecond)
		span.End()
		close(done)
	}()
	<-done
}

// nested: spans on one goroutine, one in the other; and two that overlap.
func nested(ctx context.Context, tracer oteltrace.Tracer) {
	ctx, outer := tracer.Start(ctx, "outer")
	_, inner := tracer.Start(ctx, "inner")
	time.Sleep(time.Millisecond)
	inner.End()
	_, late := tracer.Start(ctx, "late")
	outer.End()
	time.Sleep(time.Millisecond)
	late.End()
}

// reused: one worker serves span after span.
func reused(ctx context.Context, tracer oteltrace.Tracer) {
	work, done := make(chan int), make(chan struct{})
	go func() {
		for range work {
			_, span := tracer.Start(ctx, "job")
			spin(100 * time.Microsecond)
			span.End()
		}
		close(done)
	}()
	for i := range 3 {
		work <- i
	}
	close(work)
	<-done
}

func renamed(ctx context.Context, tracer oteltrace.Tracer) {
	_, span := tracer.Start(ctx, "HTTP GET")
	time.Sleep(time.Millisecond)
	span.SetName("GET /orders/{id}")
	span.End()
}

// backdated gives its own times, as a bridge of old logs does.
func backdated(ctx context.Context, tracer oteltrace.Tracer) {
	begun := time.Now().Add(-20 * time.Millisecond)
	_, span := tracer.Start(ctx, "backdated", oteltrace.WithTimestamp(begun))
	time.Sleep(time.Millisecond)
	span.End(oteltrace.WithTimestamp(begun.Add(10 * time.Millisecond)))
}

// twice is ended a second time, which does nothing.
func twice(ctx context.Context, tracer oteltrace.Tracer) {
	_, span := tracer.Start(ctx, "ended twice")
	time.Sleep(time.Millisecond)
	span.End()
	span.End()
}

func crowd(tracer oteltrace.Tracer, count, width int) {
	names := []string{"GET /a", "GET /b"}
	var done sync.WaitGroup
	for worker := range width {
		done.Add(1)
		go func() {
			defer done.Done()
			random := rand.New(rand.NewSource(int64(worker)))
			for i := worker; i < count; i += width {
				ctx, span := tracer.Start(context.Background(), names[random.Intn(len(names))])
				switch random.Intn(3) {
				case 0:
					time.Sleep(time.Duration(random.Intn(2000)) * time.Microsecond)
				case 1:
					spin(time.Duration(random.Intn(60)) * time.Microsecond)
				default:
					_, child := tracer.Start(ctx, "child")
					time.Sleep(time.Duration(random.Intn(500)) * time.Microsecond)
					child.End()
				}
				span.End()
			}
		}()
	}
	done.Wait()
}

func spin(length time.Duration) {
	for begun := time.Now(); time.Since(begun) < length; {
	}
}
