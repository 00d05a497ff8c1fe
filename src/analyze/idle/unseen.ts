/**
 * Rows read from upstream source that no dump in testdata/idle shows firing yet. The test holds this list against the
 * dumps in both directions; the judge prints its length. It should only get shorter.
 */
export const unseenRows: ReadonlySet<string> = new Set([
  'amqp-watch',
  'etcd-server-auth-tokens',
  'etcd-server-peer',
  'fasthttp-stackless',
  'franz-commit',
  'franz-fetches',
  'gocql-debouncer',
  'gocql-heartbeat',
  'gocql-reconnect',
  'grpc-balancer-watcher',
  'jaeger-pollers',
  'kafka-go-conn',
  'kafka-go-group-heartbeat',
  'kafka-go-lag',
  'kafka-go-writer',
  'mongo-rtt-monitor',
  'mongo-srv-poll',
  'nats-server-raft',
  'opencensus-reader',
  'prometheus-chunk-writer',
  'prometheus-tsdb-state',
  'redis-circuit-cleanup',
  'sarama-group-heartbeat',
  'sentry-batch',
  'sentry-scheduler',
])
