package main

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/singleflight"
)

type cart struct {
	db     *sql.DB
	client *http.Client
	rates  singleflight.Group
	once   sync.Once
	feed   *rateFeed
}

// rateFeed is made when the first request needs it.
type rateFeed struct {
	ctx context.Context
}

func runCart(ctx context.Context) error {
	db, err := openDatabase(ctx, "CREATE TABLE items (cart TEXT, name TEXT); INSERT INTO items VALUES ('0', 'tea'), ('0', 'milk'), ('0', 'cups'), ('0', 'spoons')")
	if err != nil {
		return err
	}
	defer db.Close()
	var base http.RoundTripper = watchRequests{http.DefaultTransport, "cart"}
	if broken("header-overwritten") {
		base = forwardHeaders{base}
	}
	c := &cart{db: db, client: &http.Client{Transport: otelhttp.NewTransport(base)}}

	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(otelgin.Middleware("cart"))
	if broken("header-overwritten") {
		engine.Use(keepHeaders)
	}
	if broken("export-context-cancelled") {
		engine.Use(flushSpans)
	}
	engine.GET("/cart/:id", c.show)
	return serveHTTP(ctx, engine)
}

func (s *cart) show(c *gin.Context) {
	if err := s.validate(c.Request.Context(), c.Param("id")); err != nil {
		c.String(http.StatusBadRequest, err.Error())
		return
	}
	var ctx context.Context
	var span trace.Span
	if broken("framework-context") {
		ctx, span = tracer.Start(c, "load cart")
	} else {
		ctx, span = tracer.Start(c.Request.Context(), "load cart")
	}
	defer span.End()
	slog.InfoContext(ctx, "cart", "cart", c.Param("id"), "tenant", tenantOf(ctx))
	items, err := s.items(ctx)
	if err == nil {
		err = s.convert(ctx)
	}
	if err != nil {
		slog.ErrorContext(ctx, "no cart", "error", err)
		c.String(http.StatusInternalServerError, err.Error())
		return
	}
	c.JSON(http.StatusOK, items)
}

func tenantOf(ctx context.Context) string {
	return baggage.FromContext(ctx).Member("tenant").Value()
}

// flushSpans sends what waits, at once.
func flushSpans(c *gin.Context) {
	go provider.ForceFlush(c.Request.Context())
	c.Next()
}

func (s *cart) validate(ctx context.Context, id string) error {
	if broken("borrowed-span-ended") {
		span := trace.SpanFromContext(ctx)
		defer span.End()
	} else {
		_, span := tracer.Start(ctx, "validate")
		defer span.End()
	}
	if id == "" {
		return errors.New("no id")
	}
	return nil
}

func (s *cart) items(ctx context.Context) ([]string, error) {
	const query = "SELECT name FROM items WHERE cart = '0'"
	var rows *sql.Rows
	var err error
	if broken("background-context") {
		rows, err = s.db.QueryContext(context.Background(), query)
	} else {
		rows, err = s.db.QueryContext(ctx, query)
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var items []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		items = append(items, name)
	}
	return items, rows.Err()
}

// convert asks for the exchange rates of the moment.
func (s *cart) convert(ctx context.Context) error {
	if broken("shared-work") {
		_, err, _ := s.rates.Do("rates", func() (any, error) { return nil, s.fetchRates(ctx) })
		return err
	}
	if broken("stale-context") {
		s.once.Do(func() { s.feed = &rateFeed{ctx: context.WithoutCancel(ctx)} })
		return s.fetchRates(s.feed.ctx)
	}
	return s.fetchRates(ctx)
}

func (s *cart) fetchRates(ctx context.Context) error {
	var request *http.Request
	var err error
	if broken("request-without-context") {
		request, err = http.NewRequest(http.MethodGet, *priceURL+"/rates", nil)
	} else {
		request, err = http.NewRequestWithContext(ctx, http.MethodGet, *priceURL+"/rates", nil)
	}
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

type headersKey struct{}

// keepHeaders and forwardHeaders pass the caller's headers on to whom we call.
func keepHeaders(c *gin.Context) {
	ctx := context.WithValue(c.Request.Context(), headersKey{}, c.Request.Header)
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

type forwardHeaders struct{ next http.RoundTripper }

func (f forwardHeaders) RoundTrip(request *http.Request) (*http.Response, error) {
	inbound, ok := request.Context().Value(headersKey{}).(http.Header)
	if !ok {
		return f.next.RoundTrip(request)
	}
	request = request.Clone(request.Context())
	for name, values := range inbound {
		request.Header[name] = values
	}
	return f.next.RoundTrip(request)
}
