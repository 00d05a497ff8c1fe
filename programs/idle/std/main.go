// Puts net/http (HTTP/1, HTTP/2, reverse proxy), database/sql, net/rpc, os/exec, os/signal, context, the tracer and
// the CPU profiler of std, and HTTP/2 of golang.org/x/net, into their idle states.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	httppprof "net/http/pprof"
	"net/rpc"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"

	"sightline.example/idle/snapshot"
)

func main() {
	serveHTTP()
	serveHTTP2()
	serveProxy()
	openDatabase()
	serveRPC()
	startChild()
	watchSignals()
	deriveForeignContext()
	listenPackets()
	runtime.SetFinalizer(new([64]byte), func(*[64]byte) {})
	runtime.AddCleanup(new([64]byte), func(int) {}, 0)
	snapshot.Check(pprof.StartCPUProfile(io.Discard))
	go func() { select {} }()
	snapshot.PrintAfter(1500 * time.Millisecond)
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/debug/pprof/profile", httppprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", httppprof.Trace)
	mux.Handle("/debug/pprof/", http.HandlerFunc(httppprof.Index))
	return mux
}

// A kept-alive connection, one after a POST, one that has sent nothing, one whose handler runs.
func serveHTTP() {
	server := httptest.NewServer(handler())
	drain(http.Get(server.URL))
	post := &http.Client{Transport: &http.Transport{}}
	drain(post.Post(server.URL, "text/plain", strings.NewReader("x")))
	keep = append(keep, snapshot.Must(net.Dial("tcp", server.Listener.Addr().String())))
	go http.Get(server.URL + "/slow")
	go http.Get(server.URL + "/debug/pprof/mutex?seconds=20")
	go http.Get(server.URL + "/debug/pprof/trace?seconds=20")
	time.Sleep(50 * time.Millisecond)
	secure := httptest.NewTLSServer(handler())
	drain(secure.Client().Get(secure.URL))
}

func serveHTTP2() {
	server := httptest.NewUnstartedServer(handler())
	server.EnableHTTP2 = true
	server.StartTLS()
	drain(server.Client().Get(server.URL))
	clear := httptest.NewServer(h2c.NewHandler(handler(), &http2.Server{}))
	client := &http.Client{Transport: &http2.Transport{
		AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}}
	drain(client.Get(clear.URL))
}

// An upgraded connection through a reverse proxy.
func serveProxy() {
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		snapshot.Check(err)
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		io.Copy(conn, conn)
	}))
	target := snapshot.Must(url.Parse(back.URL))
	front := httptest.NewServer(httputil.NewSingleHostReverseProxy(target))
	conn := snapshot.Must(net.Dial("tcp", front.Listener.Addr().String()))
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	snapshot.Must(bufio.NewReader(conn).ReadString('\n'))
}

func drain(response *http.Response, err error) {
	snapshot.Check(err)
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
}

type fakeDriver struct{}
type fakeConn struct{}
type fakeStatement struct{}
type fakeRows struct{}

func (fakeDriver) Open(string) (driver.Conn, error)  { return fakeConn{}, nil }
func (fakeConn) Prepare(string) (driver.Stmt, error) { return fakeStatement{}, nil }
func (fakeConn) Close() error                        { return nil }
func (fakeConn) Begin() (driver.Tx, error)           { return fakeConn{}, nil }
func (fakeConn) Commit() error                       { return nil }
func (fakeConn) Rollback() error                     { return nil }
func (fakeStatement) Close() error                   { return nil }
func (fakeStatement) NumInput() int                  { return 0 }
func (fakeStatement) Exec([]driver.Value) (driver.Result, error) {
	return nil, errors.New("not supported")
}
func (fakeStatement) Query([]driver.Value) (driver.Rows, error) { return fakeRows{}, nil }
func (fakeRows) Columns() []string                              { return []string{"one"} }
func (fakeRows) Close() error                                   { return nil }
func (fakeRows) Next(values []driver.Value) error               { values[0] = int64(1); return nil }

func openDatabase() {
	sql.Register("fake", fakeDriver{})
	db := snapshot.Must(sql.Open("fake", ""))
	db.SetConnMaxLifetime(time.Hour)
	snapshot.Check(db.Ping())
	ctx, _ := context.WithCancel(context.Background())
	snapshot.Must(db.BeginTx(ctx, nil))
	rows := snapshot.Must(db.QueryContext(ctx, "select"))
	rows.Next()
	keep = append(keep, db, rows)
}

var keep []any

type Echo struct{}

func (Echo) Say(in string, out *string) error { *out = in; return nil }

func serveRPC() {
	snapshot.Check(rpc.Register(Echo{}))
	listener := snapshot.Must(net.Listen("tcp", "127.0.0.1:0"))
	go rpc.Accept(listener)
	client := snapshot.Must(rpc.Dial("tcp", listener.Addr().String()))
	var out string
	snapshot.Check(client.Call("Echo.Say", "x", &out))
}

func startChild() {
	ctx, _ := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, "sleep", "5")
	command.Stdout = new(strings.Builder)
	snapshot.Check(command.Start())
}

func watchSignals() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	signal.NotifyContext(context.Background(), os.Interrupt)
}

type foreign struct{ context.Context }

func (foreign) Done() <-chan struct{} { return foreignDone }

var foreignDone = make(chan struct{})

func deriveForeignContext() {
	_, cancel := context.WithCancel(foreign{context.Background()})
	keep = append(keep, cancel)
}

func listenPackets() {
	packets := snapshot.Must(net.ListenPacket("udp", "127.0.0.1:0"))
	go packets.ReadFrom(make([]byte, 100))
	fmt.Fprintln(os.Stderr, "std: ready")
}
