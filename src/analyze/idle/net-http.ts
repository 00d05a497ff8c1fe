/**
 * net/http and HTTP/2: server connections between requests, client connections in the pool, their helpers.
 * Not here, because they wait for an answer or for a slow peer: persistConn.roundTrip, ClientConn.RoundTrip,
 * reads of a body, a readLoop that waits for its caller to read a body (`select`), writes, Server.Shutdown.
 * HTTP/2 names stand for the three homes of the code (names.ts): x/net, the bundle, net/http/internal/http2.
 */
import { type NamedRow, nameRows } from './pattern.ts'

const server = { module: 'std', file: 'net/http/server.go', versions: 'go1.26, go1.27' }
const transport = { module: 'std', file: 'net/http/transport.go', versions: 'go1.26, go1.27' }
const http2Server = { module: 'golang.org/x/net', file: 'http2/server.go', versions: 'v0.62.0, go1.26, go1.27' }
const http2Client = { module: 'golang.org/x/net', file: 'http2/transport.go', versions: 'v0.62.0, go1.26, go1.27' }
const proxy = { module: 'std', file: 'net/http/httputil/reverseproxy.go', versions: 'go1.26, go1.27' }

const rows: readonly NamedRow[] = [
  {
    id: 'net-http-server-keepalive',
    summary: 'HTTP/1 server connection waits for its next request',
    reasons: ['IO wait'],
    frames: ['bufio.(*Reader).Peek', 'net/http.(*conn).serve'],
    source: { ...server, function: 'net/http.(*conn).serve' },
  },
  {
    id: 'net-http-server-first-request',
    summary: 'HTTP/1 server connection waits for its first request line',
    reasons: ['IO wait'],
    frames: [
      'net/textproto.(*Reader).readLineSlice',
      'net/textproto.(*Reader).ReadLine',
      'net/http.readRequest',
      'net/http.(*conn).readRequest',
    ],
    source: { ...server, function: 'net/http.(*conn).readRequest' },
  },
  {
    id: 'net-http-server-listener',
    summary: 'HTTP or gRPC server waits for a connection of a listener that is not a socket',
    reasons: ['select', 'chan receive'],
    frames: ['**.Accept', 'net/http.(*Server).Serve|google.golang.org/grpc.(*Server).Serve'],
    source: { ...server, function: 'net/http.(*Server).Serve' },
  },
  {
    id: 'net-http-server-background-read',
    summary: 'helper of a running HTTP/1 handler watches its connection for the client going away',
    reasons: ['IO wait'],
    frames: ['net/http.(*connReader).backgroundRead'],
    source: { ...server, function: 'net/http.(*connReader).backgroundRead' },
  },
  {
    id: 'net-http-client-read-loop',
    summary: 'read loop of an HTTP/1 client connection waits for the first byte of a response or for the close',
    reasons: ['IO wait'],
    frames: ['bufio.(*Reader).Peek', 'net/http.(*persistConn).readLoop'],
    source: { ...transport, function: 'net/http.(*persistConn).readLoop' },
  },
  {
    id: 'net-http-client-write-loop',
    summary: 'write loop of an HTTP/1 client connection waits for a request to write',
    reasons: ['select'],
    frames: ['net/http.(*persistConn).writeLoop'],
    source: { ...transport, function: 'net/http.(*persistConn).writeLoop' },
  },
  {
    id: 'net-http-proxy-tunnel',
    summary: 'reverse proxy copies an upgraded connection and waits for either side to speak',
    reasons: ['IO wait'],
    frames: [
      'net/http/httputil.switchProtocolCopier.copyFromBackend|net/http/httputil.switchProtocolCopier.copyToBackend',
    ],
    ambiguous: 'a tunnel whose peer has died without closing looks the same',
    source: { ...proxy, function: 'net/http/httputil.switchProtocolCopier.copyFromBackend' },
  },
  {
    id: 'net-http-proxy-tunnel-handler',
    summary: 'reverse proxy handler waits for the end of an upgraded connection',
    reasons: ['chan receive'],
    frames: ['net/http/httputil.(*ReverseProxy).handleUpgradeResponse', 'net/http/httputil.(*ReverseProxy).ServeHTTP'],
    ambiguous: 'a tunnel whose peer has died without closing looks the same',
    source: { ...proxy, function: 'net/http/httputil.(*ReverseProxy).handleUpgradeResponse' },
  },
  {
    id: 'net-http-proxy-upgrade-watch',
    summary: 'reverse proxy watches the context of an upgraded connection',
    reasons: ['select'],
    frames: ['net/http/httputil.(*ReverseProxy).handleUpgradeResponse'],
    createdBy: 'net/http/httputil.(*ReverseProxy).handleUpgradeResponse',
    source: { ...proxy, function: 'net/http/httputil.(*ReverseProxy).handleUpgradeResponse' },
  },
  {
    id: 'http2-server-serve',
    summary: 'HTTP/2 server connection waits for frames, writes and timers',
    reasons: ['select'],
    frames: ['golang.org/x/net/http2.(*serverConn).serve'],
    source: { ...http2Server, function: 'golang.org/x/net/http2.(*serverConn).serve' },
  },
  {
    id: 'http2-server-read-frames',
    summary: 'reader of an HTTP/2 server connection waits for the next frame',
    reasons: ['IO wait'],
    frames: ['golang.org/x/net/http2.readFrameHeader', '...', 'golang.org/x/net/http2.(*serverConn).readFrames'],
    source: { ...http2Server, function: 'golang.org/x/net/http2.(*serverConn).readFrames' },
  },
  {
    id: 'http2-client-read-loop',
    summary: 'read loop of an HTTP/2 client connection waits for the next frame',
    reasons: ['IO wait'],
    frames: [
      'golang.org/x/net/http2.readFrameHeader',
      '...',
      'golang.org/x/net/http2.(*clientConnReadLoop).run',
      'golang.org/x/net/http2.(*ClientConn).readLoop',
    ],
    source: { ...http2Client, function: 'golang.org/x/net/http2.(*ClientConn).readLoop' },
  },
]

export const netHttpIdle = nameRows(rows)
