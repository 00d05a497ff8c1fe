package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/contrib/propagators/ot"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

var tracer = otel.Tracer("sightline.example/trust")

// provider is what ForceFlush is called on.
var provider *sdktrace.TracerProvider

// logs is where the bridges of the loggers write.
var logs *sdklog.LoggerProvider

// clockError is how far the clock of this process's host is ahead. Go asks the kernel for the time, past any library that
// could be put between, so it is added where times are handed on.
var clockError = flag.Duration("clock", 0, "how far the clock is ahead")

// startTelemetry sets the globals; the function that it returns sends what is left.
func startTelemetry(ctx context.Context, service string) (func(context.Context) error, error) {
	spans, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	records, err := otlploghttp.New(ctx)
	if err != nil {
		return nil, err
	}
	about, err := resource.New(ctx, resource.WithFromEnv(), resource.WithProcessPID(), resource.WithTelemetrySDK(),
		resource.WithAttributes(
			semconv.ServiceName(service),
			semconv.ServiceVersion("1.0.0"),
			semconv.ServiceInstanceID(uuid.NewString()),
		))
	if err != nil {
		return nil, err
	}
	provider = sdktrace.NewTracerProvider(
		sdktrace.WithResource(about),
		sdktrace.WithSampler(chooseSampler(service)),
		sdktrace.WithSpanProcessor(newProcessor(wrongClock{spans})),
	)
	otel.SetTracerProvider(provider)
	setPropagator()

	logs = sdklog.NewLoggerProvider(
		sdklog.WithResource(about),
		sdklog.WithProcessor(wrongLogClock{}),
		sdklog.WithProcessor(sdklog.NewBatchProcessor(records)),
	)
	slog.SetDefault(otelslog.NewLogger("sightline.example/trust", otelslog.WithLoggerProvider(logs)))
	return func(ctx context.Context) error {
		return errors.Join(provider.Shutdown(ctx), logs.Shutdown(ctx))
	}, nil
}

func newProcessor(exporter sdktrace.SpanExporter) sdktrace.SpanProcessor {
	if broken("queue-overflow") {
		return sdktrace.NewBatchSpanProcessor(exporter, sdktrace.WithMaxQueueSize(64), sdktrace.WithMaxExportBatchSize(64))
	}
	return sdktrace.NewBatchSpanProcessor(exporter, sdktrace.WithBatchTimeout(time.Second))
}

func setPropagator() {
	if broken("no-propagator") {
		return
	}
	if broken("propagator-mismatch") {
		otel.SetTextMapPropagator(b3.New())
		return
	}
	if broken("trace-id-truncated") {
		otel.SetTextMapPropagator(ot.OT{})
		return
	}
	if broken("baggage-only") {
		otel.SetTextMapPropagator(propagation.Baggage{})
		return
	}
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
}

// chooseSampler: the cart is the busiest of the services, and half of what comes there is enough.
func chooseSampler(service string) sdktrace.Sampler {
	if broken("sampling-disagreement") {
		if service == "cart" {
			return sdktrace.TraceIDRatioBased(0.5)
		}
		return sdktrace.AlwaysSample()
	}
	return sdktrace.ParentBased(sdktrace.AlwaysSample())
}
