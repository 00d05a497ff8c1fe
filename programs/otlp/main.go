// Writes OTLP trace requests twice, from Go's own messages: as protobuf and as JSON, for comparing two readers.
package main

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/rand"
	"os"
	"regexp"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

var keys = []string{"http.route", "server.port", "thread.id", "code.lineno", "not.kept", "url.full", "sampling.probability"}

func value(r *rand.Rand, depth int) *common.AnyValue {
	switch n := r.Intn(9); {
	case n == 0:
		return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: r.Intn(2) == 0}}
	case n == 1:
		return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: int64(r.Uint64())}}
	case n == 2:
		return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: []float64{0, -1.5, 1e300, math.NaN(), math.Inf(1), r.NormFloat64()}[r.Intn(6)]}}
	case n == 3 && depth < 3:
		list := &common.ArrayValue{}
		for range r.Intn(3) {
			list.Values = append(list.Values, value(r, depth+1))
		}
		return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: list}}
	case n == 4 && depth < 3:
		list := &common.KeyValueList{}
		for at := range r.Intn(3) {
			list.Values = append(list.Values, &common.KeyValue{Key: fmt.Sprint("k", at), Value: value(r, depth+1)})
		}
		return &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: list}}
	case n == 5:
		return &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: bytes(r, r.Intn(5))}}
	case n == 6:
		return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: int64(r.Intn(100))}}
	}
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: []string{"", "GET", "a\"b\\c\n\t\u2028", "caf\u00e9 \U0001F600", "<&>"}[r.Intn(5)]}}
}

func bytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	r.Read(b)
	return b
}

func span(r *rand.Rand) *trace.Span {
	start := uint64(1760000000000000000) + uint64(r.Int63n(1e15))
	s := &trace.Span{
		TraceId: bytes(r, 16), SpanId: bytes(r, 8), Name: fmt.Sprint("op ", r.Intn(5)),
		Kind: trace.Span_SpanKind(r.Intn(6)), StartTimeUnixNano: start, EndTimeUnixNano: start + uint64(r.Int63n(1e10)),
		Flags: uint32(r.Intn(1024)), Status: &trace.Status{Code: trace.Status_StatusCode(r.Intn(3))},
	}
	if r.Intn(2) == 0 {
		s.ParentSpanId = bytes(r, 8)
		s.TraceState = "a=1,b=2"
		s.Status.Message = "why"
	}
	for range r.Intn(5) {
		s.Attributes = append(s.Attributes, &common.KeyValue{Key: keys[r.Intn(len(keys))], Value: value(r, 0)})
	}
	for range r.Intn(3) {
		s.Links = append(s.Links, &trace.Span_Link{TraceId: bytes(r, 16), SpanId: bytes(r, 8)})
		s.Events = append(s.Events, &trace.Span_Event{TimeUnixNano: start + 1, Name: "e"})
	}
	return s
}

var ids = regexp.MustCompile(`"(traceId|spanId|parentSpanId)":\s*"([^"]*)"`)

func main() {
	r := rand.New(rand.NewSource(42))
	data := &trace.TracesData{}
	for at := range 20 {
		scope := &trace.ScopeSpans{Scope: &common.InstrumentationScope{Name: fmt.Sprint("lib", at%3), Version: "1"}}
		for range 50 {
			scope.Spans = append(scope.Spans, span(r))
		}
		res := &resource.Resource{Attributes: []*common.KeyValue{
			{Key: "service.name", Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: fmt.Sprint("s", at%4)}}},
			{Key: "process.pid", Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: int64(at)}}},
		}}
		data.ResourceSpans = append(data.ResourceSpans, &trace.ResourceSpans{Resource: res, ScopeSpans: []*trace.ScopeSpans{scope}})
	}
	binary, err := proto.Marshal(data)
	check(err)
	check(os.WriteFile(os.Args[1]+".binpb", binary, 0o644))
	text, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(data)
	check(err)
	// OTLP JSON has hex where protojson has base64.
	check(os.WriteFile(os.Args[1]+".base64.json", text, 0o644))
	flat := ids.ReplaceAllStringFunc(string(text), func(pair string) string {
		parts := ids.FindStringSubmatch(pair)
		var b common.AnyValue
		if err := protojson.Unmarshal([]byte(`{"bytesValue":"`+parts[2]+`"}`), &b); err != nil {
			panic(err)
		}
		return fmt.Sprintf(`"%s":"%s"`, parts[1], hex.EncodeToString(b.GetBytesValue()))
	})
	check(os.WriteFile(os.Args[1]+".json", []byte(flat), 0o644))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
