/**
 * gRPC: transports, keepalive, resolvers, balancers and the callback serializers.
 * Not here: RecvMsg and SendMsg of either side, waits for a ready transport, a loopy writer stuck in a write.
 */
import { type NamedRow, nameRows } from './pattern.ts'

const module = 'google.golang.org/grpc'
const versions = 'v1.41.0, v1.85.0'

const rows: readonly NamedRow[] = [
  {
    id: 'grpc-loopy-writer',
    summary: 'gRPC transport writer waits for frames to send',
    reasons: ['select'],
    frames: [`${module}/internal/transport.(*controlBuffer).get`, `${module}/internal/transport.(*loopyWriter).run`],
    source: {
      module,
      file: 'internal/transport/controlbuf.go',
      function: `${module}/internal/transport.(*controlBuffer).get`,
      versions,
    },
  },
  {
    id: 'grpc-server-reader',
    summary: 'gRPC server connection waits for the next frame',
    reasons: ['IO wait'],
    frames: [
      'golang.org/x/net/http2.readFrameHeader',
      '...',
      `${module}/internal/transport.(*http2Server).HandleStreams`,
    ],
    source: {
      module,
      file: 'internal/transport/http2_server.go',
      function: `${module}/internal/transport.(*http2Server).HandleStreams`,
      versions,
    },
  },
  {
    id: 'grpc-server-keepalive',
    summary: 'gRPC server connection: keepalive timer',
    reasons: ['select'],
    frames: [`${module}/internal/transport.(*http2Server).keepalive`],
    source: {
      module,
      file: 'internal/transport/http2_server.go',
      function: `${module}/internal/transport.(*http2Server).keepalive`,
      versions,
    },
  },
  {
    id: 'grpc-server-worker',
    summary: 'gRPC server worker waits for a stream to handle',
    reasons: ['chan receive'],
    frames: [`${module}.(*Server).serverWorker`],
    source: { module, file: 'server.go', function: `${module}.(*Server).serverWorker`, versions },
  },
  {
    id: 'grpc-client-reader',
    summary: 'gRPC client connection waits for the next frame',
    reasons: ['IO wait'],
    frames: ['golang.org/x/net/http2.readFrameHeader', '...', `${module}/internal/transport.(*http2Client).reader`],
    notFrames: [`${module}/internal/transport.(*http2Client).readServerPreface`],
    source: {
      module,
      file: 'internal/transport/http2_client.go',
      function: `${module}/internal/transport.(*http2Client).reader`,
      versions,
    },
  },
  {
    id: 'grpc-client-keepalive',
    summary: 'gRPC client connection: keepalive timer, or dormant without streams',
    reasons: ['select', 'sync.Cond.Wait'],
    frames: [`${module}/internal/transport.(*http2Client).keepalive`],
    source: {
      module,
      file: 'internal/transport/http2_client.go',
      function: `${module}/internal/transport.(*http2Client).keepalive`,
      versions,
    },
  },
  {
    id: 'grpc-client-stream-watch',
    summary: 'helper of an open gRPC client stream waits for the end of its context',
    reasons: ['select'],
    frames: [`${module}.newClientStreamWithParams|${module}.newClientStream`],
    createdBy: `${module}.newClientStreamWithParams|${module}.newClientStream`,
    ambiguous: 'a stream that its caller neither reads to the end nor cancels leaks this goroutine',
    source: { module, file: 'stream.go', function: `${module}.newClientStreamWithParams`, versions },
  },
  {
    id: 'grpc-callback-serializer',
    summary: 'gRPC callback serializer waits for a callback',
    reasons: ['chan receive', 'select'],
    frames: [
      `${module}/internal/grpcsync.(*CallbackSerializer).run|${module}/internal/xds/clients/internal/syncutil.(*CallbackSerializer).run`,
    ],
    source: {
      module,
      file: 'internal/grpcsync/callback_serializer.go',
      function: `${module}/internal/grpcsync.(*CallbackSerializer).run`,
      versions,
    },
  },
  {
    id: 'grpc-dns-resolver',
    summary: 'gRPC DNS resolver waits for a reason to resolve again',
    reasons: ['select'],
    frames: [`${module}/internal/resolver/dns.(*dnsResolver).watcher`],
    source: {
      module,
      file: 'internal/resolver/dns/dns_resolver.go',
      function: `${module}/internal/resolver/dns.(*dnsResolver).watcher`,
      versions,
    },
  },
  {
    id: 'grpc-balancer-watcher',
    summary: 'gRPC balancer wrapper waits for updates',
    reasons: ['select'],
    frames: [`${module}.(*ccBalancerWrapper).watcher`],
    source: {
      module,
      file: 'balancer_conn_wrappers.go',
      function: `${module}.(*ccBalancerWrapper).watcher`,
      versions: 'v1.41.0',
    },
  },
]

export const grpcIdle = nameRows(rows)
