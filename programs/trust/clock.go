package main

import (
	"context"

	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// wrongClock exports spans with the times that a host would give whose clock is ahead by clockError.
type wrongClock struct{ sdktrace.SpanExporter }

func (w wrongClock) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if *clockError == 0 {
		return w.SpanExporter.ExportSpans(ctx, spans)
	}
	stubs := tracetest.SpanStubsFromReadOnlySpans(spans)
	for at := range stubs {
		one := &stubs[at]
		one.StartTime = one.StartTime.Add(*clockError)
		one.EndTime = one.EndTime.Add(*clockError)
		for index := range one.Events {
			one.Events[index].Time = one.Events[index].Time.Add(*clockError)
		}
	}
	return w.SpanExporter.ExportSpans(ctx, stubs.Snapshots())
}

// wrongLogClock does the same for log records.
type wrongLogClock struct{}

func (wrongLogClock) OnEmit(_ context.Context, record *sdklog.Record) error {
	if *clockError != 0 {
		record.SetTimestamp(record.Timestamp().Add(*clockError))
		record.SetObservedTimestamp(record.ObservedTimestamp().Add(*clockError))
	}
	return nil
}

func (wrongLogClock) Enabled(context.Context, sdklog.EnabledParameters) bool { return false }
func (wrongLogClock) Shutdown(context.Context) error                         { return nil }
func (wrongLogClock) ForceFlush(context.Context) error                       { return nil }
