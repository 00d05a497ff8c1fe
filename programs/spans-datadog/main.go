// Command spans-datadog does work that Datadog's tracer traces, while an execution trace is taken: its tracer begins a
// task for each span and logs the span's id in it, as eight bytes. It leaves trace.bin and spans.json in -out; the ids
// in it are the tracer's own. Nothing is sent: the tracer has no agent.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"os"
	"path/filepath"
	"runtime/trace"
	"strconv"
	"time"

	"github.com/DataDog/dd-trace-go/v2/ddtrace/tracer"
)

type span struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type silent struct{}

func (silent) Log(string) {}

func main() {
	out := flag.String("out", ".", "folder to write to")
	flag.Parse()
	if err := tracer.Start(tracer.WithLambdaMode(true), tracer.WithService("shop"), tracer.WithLogger(silent{})); err != nil {
		log.Fatal(err)
	}
	file, err := os.Create(filepath.Join(*out, "trace.bin"))
	if err != nil {
		log.Fatal(err)
	}
	if err := trace.Start(file); err != nil {
		log.Fatal(err)
	}
	var spans []span
	for range 8 {
		request, ctx := tracer.StartSpanFromContext(context.Background(), "web.request", tracer.ResourceName("GET /cart"))
		query, _ := tracer.StartSpanFromContext(ctx, "db.query")
		time.Sleep(time.Millisecond)
		query.Finish()
		request.Finish()
		spans = append(spans, describe(request, "web.request"), describe(query, "db.query"))
	}
	trace.Stop()
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
	text, err := json.MarshalIndent(spans, "", " ")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*out, "spans.json"), append(text, '\n'), 0o644); err != nil {
		log.Fatal(err)
	}
	// Without an agent there is nothing to wait for.
	os.Exit(0)
}

func describe(one *tracer.Span, name string) span {
	return span{ID: strconv.FormatUint(one.Context().SpanID(), 10), Name: name}
}
