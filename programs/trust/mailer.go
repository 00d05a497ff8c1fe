package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

func runMailer(ctx context.Context) error {
	queue, err := nats.Connect(*queueURL)
	if err != nil {
		return err
	}
	defer queue.Close()
	if _, err := queue.Subscribe(ordersSubject, sendMail); err != nil {
		return err
	}
	if err := queue.Flush(); err != nil {
		return err
	}
	announce(queue.ConnectedAddr())
	<-ctx.Done()
	return queue.Drain()
}

func sendMail(message *nats.Msg) {
	seenHeaders.add(headerEdge{From: "gateway", To: "mailer"}, "received", message.Header)
	ctx := context.Background()
	if !broken("consumer-without-extract") {
		ctx = otel.GetTextMapPropagator().Extract(ctx, propagation.HeaderCarrier(message.Header))
	}
	options := []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(
			semconv.MessagingSystemKey.String("nats"),
			semconv.MessagingDestinationName(message.Subject),
			semconv.MessagingOperationTypeProcess,
		),
	}
	if broken("forced-new-root") {
		options = append(options, trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(ctx)))
	}
	ctx, span := tracer.Start(ctx, "process "+message.Subject, options...)
	defer span.End()
	if broken("log-without-context") {
		slog.Info("mail", "order", string(message.Data))
	} else {
		slog.InfoContext(ctx, "mail", "order", string(message.Data))
	}
	render(ctx)
}

func render(ctx context.Context) {
	_, span := tracer.Start(ctx, "render mail")
	defer span.End()
	time.Sleep(300 * time.Microsecond)
}
