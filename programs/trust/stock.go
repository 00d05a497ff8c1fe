package main

import (
	"context"
	"database/sql"
	"errors"
	"hash/fnv"
	"io"
	"log/slog"
	"net"
	"time"

	"go.opentelemetry.io/contrib/bridges/otelzap"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type stock struct {
	db      *sql.DB
	jobs    chan restockJob
	log     *zap.Logger
	closing <-chan struct{}
}

type restockJob struct {
	caller trace.SpanContext
	id     string
}

func runStock(ctx context.Context) error {
	db, err := openDatabase(ctx, "CREATE TABLE levels (item TEXT, amount INTEGER); INSERT INTO levels VALUES ('tea', 1000000)")
	if err != nil {
		return err
	}
	defer db.Close()
	log := zap.New(otelzap.NewCore("sightline.example/trust/stock", otelzap.WithLoggerProvider(logs)))
	s := &stock{db: db, jobs: make(chan restockJob, 256), log: log, closing: ctx.Done()}
	for range 2 {
		go s.restock()
	}
	go s.reportLevels(ctx)

	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer(
		grpc.StatsHandler(otelgrpc.NewServerHandler()),
		grpc.StatsHandler(watchCalls{headerEdge{From: "gateway", To: "stock"}}))
	server.RegisterService(&stockService, s)
	go func() {
		<-ctx.Done()
		server.GracefulStop()
	}()
	announce(listener.Addr().String())
	return server.Serve(listener)
}

// Reserve takes one of everything, and asks for more where little is left.
func (s *stock) Reserve(ctx context.Context, id *wrapperspb.StringValue) (*wrapperspb.BoolValue, error) {
	ctx, span := tracer.Start(ctx, "reserve")
	if !broken("span-never-ended") {
		defer span.End()
	}
	s.log.Info("reserve", zap.Any("ctx", ctx), zap.String("order", id.Value))
	if _, err := s.db.ExecContext(ctx, "UPDATE levels SET amount = amount - 1 WHERE item = 'tea'"); err != nil {
		return nil, err
	}
	if isScarce(id.Value) {
		if broken("handoff-without-context") {
			s.jobs <- restockJob{id: id.Value}
		} else {
			s.jobs <- restockJob{caller: trace.SpanContextFromContext(ctx), id: id.Value}
		}
		return wrapperspb.Bool(false), nil
	}
	if broken("span-never-ended") {
		span.End()
	}
	return wrapperspb.Bool(true), nil
}

func isScarce(id string) bool {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(id))
	return sum.Sum32()%3 == 0
}

// restock is a worker of the pool.
func (s *stock) restock() {
	for job := range s.jobs {
		s.order(job)
	}
}

func (s *stock) order(job restockJob) {
	ctx := context.Background()
	if !broken("handoff-without-context") {
		ctx = trace.ContextWithSpanContext(ctx, job.caller)
	}
	ctx, span := tracer.Start(ctx, "restock")
	defer span.End()
	s.log.Info("restock", zap.Any("ctx", ctx), zap.String("order", job.id))
	if _, err := s.db.ExecContext(ctx, "UPDATE levels SET amount = amount + 3 WHERE item = 'tea'"); err != nil {
		span.RecordError(err)
	}
}

// reportLevels is on its own by design: it runs by the clock, for no request.
func (s *stock) reportLevels(ctx context.Context) {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.reportOnce(ctx)
		}
	}
}

func (s *stock) reportOnce(ctx context.Context) {
	ctx, span := tracer.Start(ctx, "report levels")
	defer span.End()
	var amount int
	if err := s.db.QueryRowContext(ctx, "SELECT amount FROM levels").Scan(&amount); err != nil {
		span.RecordError(err)
		return
	}
	s.log.Info("levels", zap.Any("ctx", ctx), zap.Int("tea", amount))
}

// Watch tells the level of stock to who wants to know, for as long as they do: one call for the life of a gateway.
func (s *stock) Watch(stream grpc.ServerStream) error {
	ticker := time.NewTicker(400 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-stream.Context().Done():
			return nil
		case <-s.closing:
			return nil
		case <-ticker.C:
		}
		var amount int64
		if err := s.db.QueryRowContext(stream.Context(), "SELECT amount FROM levels").Scan(&amount); err != nil {
			return err
		}
		if err := stream.SendMsg(wrapperspb.Int64(amount)); err != nil {
			return err
		}
	}
}

// stockService is what protoc would make of:
//
//	service Stock {
//	  rpc Reserve(google.protobuf.StringValue) returns (google.protobuf.BoolValue);
//	  rpc Watch(google.protobuf.Empty) returns (stream google.protobuf.Int64Value);
//	}
var stockService = grpc.ServiceDesc{
	ServiceName: "shop.Stock",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{
		MethodName: "Reserve",
		Handler: func(server any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
			request := new(wrapperspb.StringValue)
			if err := decode(request); err != nil {
				return nil, err
			}
			return server.(*stock).Reserve(ctx, request)
		},
	}},
	Streams: []grpc.StreamDesc{{
		StreamName:    "Watch",
		ServerStreams: true,
		Handler: func(server any, stream grpc.ServerStream) error {
			if err := stream.RecvMsg(new(emptypb.Empty)); err != nil {
				return err
			}
			return server.(*stock).Watch(stream)
		},
	}},
}

func reserve(ctx context.Context, conn *grpc.ClientConn, id string) error {
	return conn.Invoke(ctx, "/shop.Stock/Reserve", wrapperspb.String(id), new(wrapperspb.BoolValue))
}

// watchLevels follows the level of stock until ctx is done.
func watchLevels(ctx context.Context, conn *grpc.ClientConn) {
	stream, err := conn.NewStream(ctx, &stockService.Streams[0], "/shop.Stock/Watch")
	if err == nil {
		err = errors.Join(stream.SendMsg(new(emptypb.Empty)), stream.CloseSend())
	}
	for level := new(wrapperspb.Int64Value); err == nil; {
		err = stream.RecvMsg(level)
	}
	if ctx.Err() == nil && !errors.Is(err, io.EOF) {
		slog.WarnContext(ctx, "stock is not watched", "error", err)
	}
}
