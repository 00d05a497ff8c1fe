package main

import (
	"context"
	"encoding/json"
	"log"
	"strconv"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporter keeps ended spans, and prints them as OTLP JSON (opentelemetry-proto, docs/specification of OTLP/JSON: ids in
// hexadecimal digits, 64-bit integers as decimal strings).
type exporter struct {
	mutex sync.Mutex
	spans []sdktrace.ReadOnlySpan
}

func (e *exporter) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.spans = append(e.spans, spans...)
	return nil
}

func (e *exporter) Shutdown(context.Context) error { return nil }

type object = map[string]any

func (e *exporter) document() []byte {
	var spans []object
	for _, span := range e.spans {
		ids := span.SpanContext()
		one := object{
			"traceId":           ids.TraceID().String(),
			"spanId":            ids.SpanID().String(),
			"name":              span.Name(),
			"kind":              int(span.SpanKind()),
			"startTimeUnixNano": strconv.FormatInt(span.StartTime().UnixNano(), 10),
			"endTimeUnixNano":   strconv.FormatInt(span.EndTime().UnixNano(), 10),
			"flags":             0x100 | int(ids.TraceFlags()),
		}
		if parent := span.Parent(); parent.SpanID().IsValid() {
			one["parentSpanId"] = parent.SpanID().String()
		}
		spans = append(spans, one)
	}
	service := object{"key": "service.name", "value": object{"stringValue": "spans"}}
	document := object{"resourceSpans": []object{{
		"resource":   object{"attributes": []object{service}},
		"scopeSpans": []object{{"scope": object{"name": "sightline.example/spans"}, "spans": spans}},
	}}}
	text, err := json.MarshalIndent(document, "", " ")
	if err != nil {
		log.Fatal(err)
	}
	return append(text, '\n')
}
