// Telemetry, logging, pools, schedulers, caches, clusters, file watchers, WebSockets, SSH, QUIC.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/DataDog/datadog-go/v5/statsd"
	vmmetrics "github.com/VictoriaMetrics/metrics"
	"github.com/allegro/bigcache/v3"
	"github.com/caddyserver/certmagic"
	coderws "github.com/coder/websocket"
	"github.com/fsnotify/fsnotify"
	"github.com/getsentry/sentry-go"
	"github.com/go-co-op/gocron/v2"
	_ "github.com/golang/glog"
	"github.com/gorilla/websocket"
	gometrics "github.com/hashicorp/go-metrics"
	"github.com/hashicorp/golang-lru/v2/expirable"
	"github.com/hashicorp/memberlist"
	"github.com/hashicorp/raft"
	"github.com/hashicorp/serf/serf"
	"github.com/hashicorp/yamux"
	"github.com/jellydator/ttlcache/v3"
	"github.com/miekg/dns"
	"github.com/panjf2000/ants/v2"
	gocache "github.com/patrickmn/go-cache"
	"github.com/quic-go/quic-go"
	rcrowley "github.com/rcrowley/go-metrics"
	"github.com/robfig/cron/v3"
	"github.com/spf13/viper"
	"github.com/thejerf/suture/v4"
	"github.com/uber/jaeger-client-go"
	"github.com/valyala/fasthttp"
	"go.opencensus.io/stats/view"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/crypto/ssh"
	"gopkg.in/natefinch/lumberjack.v2"
	"k8s.io/klog/v2"

	"sightline.example/idle/snapshot"
)

var keep []any

func main() {
	dir := snapshot.Must(os.MkdirTemp("", "idle-services-"))
	openTelemetry(dir)
	openPools()
	openCaches()
	openCluster(dir)
	openWatchers(dir)
	openSockets()
	openSSH()
	openQUIC()
	openSupervisor()
	snapshot.PrintAfter(2*time.Second, dir)
}

type spans struct{}

func (spans) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (spans) Shutdown(context.Context) error                             { return nil }

type logs struct{}

func (logs) Export(context.Context, []sdklog.Record) error { return nil }
func (logs) Shutdown(context.Context) error                { return nil }
func (logs) ForceFlush(context.Context) error              { return nil }

type jaegerSpans struct{}

func (jaegerSpans) Append(*jaeger.Span) (int, error) { return 0, nil }
func (jaegerSpans) Flush() (int, error)              { return 0, nil }
func (jaegerSpans) Close() error                     { return nil }

type points struct{ sdkmetric.Exporter }

func (points) Temporality(sdkmetric.InstrumentKind) metricdata.Temporality {
	return metricdata.CumulativeTemporality
}
func (points) Aggregation(kind sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	return sdkmetric.DefaultAggregationSelector(kind)
}

func openTelemetry(dir string) {
	view.SetReportingPeriod(time.Hour)
	keep = append(keep, sdktrace.NewBatchSpanProcessor(spans{}), sdklog.NewBatchProcessor(logs{}))
	keep = append(keep, sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(points{}))))
	klog.StartFlushDaemon(time.Hour)
	rolling := &lumberjack.Logger{Filename: dir + "/x.log", MaxSize: 1}
	snapshot.Must(rolling.Write(make([]byte, 1<<20)))
	snapshot.Must(rolling.Write(make([]byte, 1<<19)))
	buffered := &zapcore.BufferedWriteSyncer{WS: zapcore.AddSync(io.Discard)}
	snapshot.Must(buffered.Write([]byte("x")))
	snapshot.Check(sentry.Init(sentry.ClientOptions{Dsn: "http://a@127.0.0.1:1/1"}))
	sentry.CaptureMessage("x")
	keep = append(keep, snapshot.Must(statsd.New("127.0.0.1:1")), rolling, buffered)
	snapshot.Check(vmmetrics.InitPush("http://127.0.0.1:1", time.Hour, "", false))
	vmmetrics.NewSummary("idle_seconds")
	sink := gometrics.NewInmemSink(time.Minute, time.Hour)
	gometrics.DefaultInmemSignal(sink)
	snapshot.Must(gometrics.New(gometrics.DefaultConfig("idle"), sink))
	snapshot.Must(gometrics.NewStatsdSink("127.0.0.1:1"))
	rcrowley.NewMeter()
	keep = append(keep, jaeger.NewRemoteReporter(jaegerSpans{}))
}

func openPools() {
	pool := snapshot.Must(ants.NewPool(4, ants.WithExpiryDuration(time.Hour)))
	snapshot.Check(pool.Submit(func() {}))
	schedule := cron.New()
	snapshot.Must(schedule.AddFunc("@hourly", func() {}))
	schedule.Start()
	scheduler := snapshot.Must(gocron.NewScheduler())
	snapshot.Must(scheduler.NewJob(gocron.DurationJob(time.Hour), gocron.NewTask(func() {})))
	scheduler.Start()
	listener := snapshot.Must(net.Listen("tcp", "127.0.0.1:0"))
	go fasthttp.Serve(listener, func(ctx *fasthttp.RequestCtx) { ctx.WriteString("ok") })
	url := "http://" + listener.Addr().String()
	snapshot.Must2(fasthttp.Get(nil, url))
	closing := snapshot.Must(net.Dial("tcp", listener.Addr().String()))
	io.WriteString(closing, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	io.ReadAll(closing)
	keep = append(keep, pool, schedule, scheduler)
	app := fx.New(fx.NopLogger)
	go app.Run()
}

func openCaches() {
	ttl := ttlcache.New(ttlcache.WithTTL[string, int](time.Hour))
	go ttl.Start()
	ttl.Set("a", 1, ttlcache.DefaultTTL)
	keep = append(keep, gocache.New(time.Hour, time.Hour), ttl, expirable.NewLRU[string, int](8, nil, time.Hour),
		snapshot.Must(bigcache.New(context.Background(), bigcache.DefaultConfig(time.Hour))))
}

func openCluster(dir string) {
	config := serf.DefaultConfig()
	config.NodeName, config.LogOutput, config.SnapshotPath = "idle", io.Discard, dir+"/serf"
	config.MemberlistConfig = memberlist.DefaultLocalConfig()
	config.MemberlistConfig.BindAddr, config.MemberlistConfig.BindPort = "127.0.0.1", 0
	config.MemberlistConfig.AdvertisePort, config.MemberlistConfig.LogOutput = 0, io.Discard
	config.EventCh = make(chan serf.Event, 64)
	config.CoalescePeriod, config.QuiescentPeriod = time.Second, time.Second
	keep = append(keep, snapshot.Must(serf.Create(config)))

	settings := raft.DefaultConfig()
	settings.LocalID, settings.LogOutput = "idle", io.Discard
	logs, stable, snaps := raft.NewInmemStore(), raft.NewInmemStore(), raft.NewInmemSnapshotStore()
	_, transport := raft.NewInmemTransport("idle")
	snapshot.Check(raft.BootstrapCluster(settings, logs, stable, snaps, transport,
		raft.Configuration{Servers: []raft.Server{{ID: "idle", Address: "idle"}}}))
	keep = append(keep, snapshot.Must(raft.NewRaft(settings, &raft.MockFSM{}, logs, stable, snaps, transport)))
	follower := *settings
	follower.LocalID = "follower"
	_, other := raft.NewInmemTransport("follower")
	keep = append(keep, snapshot.Must(raft.NewRaft(&follower, &raft.MockFSM{}, raft.NewInmemStore(), raft.NewInmemStore(),
		raft.NewInmemSnapshotStore(), other)))

	one, two := net.Pipe()
	_ = two
	one.Close()
	listener := snapshot.Must(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		session := snapshot.Must(yamux.Server(snapshot.Must(listener.Accept()), nil))
		session.Accept()
	}()
	keep = append(keep, snapshot.Must(yamux.Client(snapshot.Must(net.Dial("tcp", listener.Addr().String())), nil)))
}

func openWatchers(dir string) {
	watcher := snapshot.Must(fsnotify.NewWatcher())
	snapshot.Check(watcher.Add(dir))
	file := dir + "/idle.yaml"
	snapshot.Check(os.WriteFile(file, []byte("a: 1\n"), 0o600))
	settings := viper.New()
	settings.SetConfigFile(file)
	snapshot.Check(settings.ReadInConfig())
	settings.WatchConfig()
	keep = append(keep, watcher, settings)
	cache := certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return nil, nil }, Logger: zap.NewNop(),
	})
	keep = append(keep, cache, certmagic.NewRateLimiter(1, time.Hour))
}

func openSockets() {
	upgrader := websocket.Upgrader{}
	mux := http.NewServeMux()
	mux.HandleFunc("/gorilla", func(w http.ResponseWriter, r *http.Request) {
		conn := snapshot.Must(upgrader.Upgrade(w, r, nil))
		conn.ReadMessage()
	})
	mux.HandleFunc("/coder", func(w http.ResponseWriter, r *http.Request) {
		conn := snapshot.Must(coderws.Accept(w, r, nil))
		conn.Read(context.Background())
	})
	server := httptest.NewServer(mux)
	address := "ws" + strings.TrimPrefix(server.URL, "http")
	for _, path := range []string{"/gorilla", "/coder"} {
		conn, response, err := websocket.DefaultDialer.Dial(address+path, nil)
		snapshot.Check(err)
		keep = append(keep, conn, response)
	}
	listener := snapshot.Must(net.Listen("tcp", "127.0.0.1:0"))
	names := &dns.Server{Listener: listener, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		answer := new(dns.Msg)
		answer.SetReply(r)
		w.WriteMsg(answer)
	})}
	go names.ActivateAndServe()
	conn := snapshot.Must(dns.Dial("tcp", listener.Addr().String()))
	snapshot.Check(conn.WriteMsg(new(dns.Msg).SetQuestion("x.", dns.TypeA)))
	snapshot.Must(conn.ReadMsg())
	keep = append(keep, conn)
}

func openSSH() {
	key := snapshot.Must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(snapshot.Must(ssh.NewSignerFromKey(key)))
	listener := snapshot.Must(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		conn, channels, requests, err := ssh.NewServerConn(snapshot.Must(listener.Accept()), config)
		snapshot.Check(err)
		go ssh.DiscardRequests(requests)
		for range channels {
		}
		conn.Wait()
	}()
	keep = append(keep, snapshot.Must(ssh.Dial("tcp", listener.Addr().String(),
		&ssh.ClientConfig{User: "x", HostKeyCallback: ssh.InsecureIgnoreHostKey()})))
}

func openQUIC() {
	key := snapshot.Must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der := snapshot.Must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	secure := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos:   []string{"idle"}, InsecureSkipVerify: true,
	}
	listener := snapshot.Must(quic.ListenAddr("127.0.0.1:0", secure, nil))
	go func() {
		for {
			snapshot.Must(listener.Accept(context.Background()))
		}
	}()
	keep = append(keep, snapshot.Must(quic.DialAddr(context.Background(), listener.Addr().String(), secure, nil)))
}

type service struct{}

func (service) Serve(ctx context.Context) error { <-ctx.Done(); return nil }

func openSupervisor() {
	supervisor := suture.NewSimple("idle")
	supervisor.Add(service{})
	go supervisor.Serve(context.Background())
}
