package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const ordersSubject = "orders"

type gateway struct {
	client *http.Client
	stock  *grpc.ClientConn
	queue  *nats.Conn
	visits visits
}

func runGateway(ctx context.Context) error {
	conn, err := grpc.NewClient(*stockAddr,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler()),
		grpc.WithStatsHandler(watchCalls{headerEdge{From: "gateway", To: "stock"}}))
	if err != nil {
		return err
	}
	defer conn.Close()
	queue, err := nats.Connect(*queueURL)
	if err != nil {
		return err
	}
	defer queue.Close()
	g := &gateway{
		client: &http.Client{Transport: otelhttp.NewTransport(watchRequests{http.DefaultTransport, "gateway"})},
		stock:  conn,
		queue:  queue,
		visits: visits{counts: map[string]int{}},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /checkout/{id}", g.checkout)
	watchCtx, stopWatching := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { watchLevels(watchCtx, conn) })
	defer watching.Wait()
	defer stopWatching()
	return serveHTTP(ctx, otelhttp.NewHandler(mux, "gateway"))
}

func (g *gateway) checkout(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	ctx := withTenant(r.Context(), id)
	slog.InfoContext(ctx, "checkout", "order", id)
	if broken("goroutine-without-context") {
		go g.visits.record(id)
	} else {
		go g.visits.recordContext(context.WithoutCancel(ctx), id)
	}
	items, err := g.assemble(ctx, id)
	if err != nil {
		slog.ErrorContext(ctx, "no order", "error", err)
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	g.checkLines(ctx, items)
	if err := g.publish(ctx, id); err != nil {
		slog.ErrorContext(ctx, "not published", "error", err)
	}
	if broken("detached-context-cancelled") {
		go g.warmPrices(ctx, id)
	} else {
		go g.warmPrices(context.WithoutCancel(ctx), id)
	}
	_ = json.NewEncoder(w).Encode(items)
}

// withTenant notes whose order it is, for all who work on it: baggage goes with every call.
func withTenant(ctx context.Context, id string) context.Context {
	tenant := "north"
	if isScarce(id) {
		tenant = "south"
	}
	member, err := baggage.NewMember("tenant", tenant)
	if err != nil {
		return ctx
	}
	bag, err := baggage.FromContext(ctx).SetMember(member)
	if err != nil {
		return ctx
	}
	return baggage.ContextWithBaggage(ctx, bag)
}

// assemble asks the cart and stock side by side.
func (g *gateway) assemble(ctx context.Context, id string) ([]string, error) {
	if broken("span-context-dropped") {
		_, span := tracer.Start(ctx, "assemble order")
		defer span.End()
	} else {
		var span trace.Span
		ctx, span = tracer.Start(ctx, "assemble order")
		defer span.End()
	}
	var items []string
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return reserve(groupCtx, g.stock, id) })
	if broken("outer-context-captured") {
		group.Go(func() (err error) {
			items, err = g.fetchCart(ctx, id)
			return err
		})
	} else {
		group.Go(func() (err error) {
			items, err = g.fetchCart(groupCtx, id)
			return err
		})
	}
	return items, group.Wait()
}

func (g *gateway) fetchCart(ctx context.Context, id string) ([]string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, *cartURL+"/cart/"+id, nil)
	if err != nil {
		return nil, err
	}
	var response *http.Response
	if broken("uninstrumented-client") {
		response, err = http.DefaultClient.Do(request)
	} else {
		response, err = g.client.Do(request)
	}
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var items []string
	return items, json.NewDecoder(response.Body).Decode(&items)
}

func (g *gateway) checkLines(ctx context.Context, items []string) {
	for _, item := range items {
		if broken("context-overwritten") {
			var span trace.Span
			ctx, span = tracer.Start(ctx, "check line")
			checkLine(ctx, item)
			span.End()
		} else {
			lineCtx, span := tracer.Start(ctx, "check line")
			checkLine(lineCtx, item)
			span.End()
		}
	}
}

func checkLine(ctx context.Context, item string) {
	slog.DebugContext(ctx, "line", "item", item)
	time.Sleep(100 * time.Microsecond)
}

func (g *gateway) publish(ctx context.Context, id string) error {
	ctx, span := tracer.Start(ctx, "publish "+ordersSubject, trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(
			semconv.MessagingSystemKey.String("nats"),
			semconv.MessagingDestinationName(ordersSubject),
			semconv.MessagingOperationTypeSend,
		))
	defer span.End()
	message := nats.NewMsg(ordersSubject)
	message.Data = []byte(id)
	if !broken("producer-without-inject") {
		otel.GetTextMapPropagator().Inject(ctx, propagation.HeaderCarrier(message.Header))
	}
	seenHeaders.add(headerEdge{From: "gateway", To: "mailer"}, "sent", message.Header)
	return g.queue.PublishMsg(message)
}

// warmPrices outlives the request.
func (g *gateway) warmPrices(ctx context.Context, id string) {
	ctx, span := tracer.Start(ctx, "warm prices")
	defer span.End()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, *priceURL+"/price/"+id, nil)
	if err != nil {
		return
	}
	response, err := g.client.Do(request)
	if err != nil {
		span.RecordError(err)
		slog.WarnContext(ctx, "prices not warmed", "error", err)
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
}

// visits counts what was looked at.
type visits struct {
	mutex  sync.Mutex
	counts map[string]int
}

func (v *visits) record(id string) {
	v.recordContext(context.Background(), id)
}

func (v *visits) recordContext(ctx context.Context, id string) {
	ctx, span := tracer.Start(ctx, "record visit")
	defer span.End()
	v.mutex.Lock()
	v.counts[id]++
	v.mutex.Unlock()
	time.Sleep(time.Millisecond)
	slog.InfoContext(ctx, "visit", "order", id)
}
