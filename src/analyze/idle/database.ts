/**
 * database/sql and the drivers of PostgreSQL, MySQL, Redis, MongoDB, Cassandra: openers, cleaners, health checks,
 * heartbeats, listeners. Not here: (*DB).conn, puddle Acquire, and every read of an answer to a query.
 */
import { type NamedRow, nameRows } from './pattern.ts'

const sql = { module: 'std', file: 'database/sql/sql.go', versions: 'go1.26, go1.27' }
const redis = { module: 'github.com/redis/go-redis/v9', versions: 'v9.23.0' }
const mongo = { module: 'go.mongodb.org/mongo-driver/v2', versions: 'v2.10.0, v1.17.10' }
const topology = 'go.mongodb.org/mongo-driver/x/mongo/driver/topology'
const gocql = { module: 'github.com/gocql/gocql', versions: 'v1.7.0' }

const rows: readonly NamedRow[] = [
  {
    id: 'sql-connection-opener',
    summary: 'database/sql waits for a request to open a connection',
    reasons: ['select'],
    frames: ['database/sql.(*DB).connectionOpener'],
    source: { ...sql, function: 'database/sql.(*DB).connectionOpener' },
  },
  {
    id: 'sql-connection-cleaner',
    summary: 'database/sql waits for the next clean-up of old connections',
    reasons: ['select'],
    frames: ['database/sql.(*DB).connectionCleaner'],
    source: { ...sql, function: 'database/sql.(*DB).connectionCleaner' },
  },
  {
    id: 'sql-tx-await-done',
    summary: 'helper of an open transaction waits for its end',
    reasons: ['chan receive'],
    frames: ['database/sql.(*Tx).awaitDone'],
    ambiguous: 'a transaction that is never committed or rolled back leaks this goroutine and its connection',
    source: { ...sql, function: 'database/sql.(*Tx).awaitDone' },
  },
  {
    id: 'sql-rows-await-done',
    summary: 'helper of open rows waits for their close',
    reasons: ['select', 'chan receive'],
    frames: ['database/sql.(*Rows).awaitDone'],
    ambiguous: 'rows that are never closed leak this goroutine and their connection',
    source: { ...sql, function: 'database/sql.(*Rows).awaitDone' },
  },
  {
    id: 'mysql-watcher',
    summary: 'MySQL connection waits for a context to watch',
    reasons: ['select'],
    frames: ['github.com/go-sql-driver/mysql.(*mysqlConn).startWatcher'],
    source: {
      module: 'github.com/go-sql-driver/mysql',
      file: 'connection.go',
      function: 'github.com/go-sql-driver/mysql.(*mysqlConn).startWatcher',
      versions: 'v1.10.1',
    },
  },
  {
    id: 'pgxpool-health-check',
    summary: 'pgx pool waits for its next health check',
    reasons: ['select'],
    frames: ['github.com/jackc/pgx/pgxpool.(*Pool).backgroundHealthCheck'],
    source: {
      module: 'github.com/jackc/pgx/v5',
      file: 'pgxpool/pool.go',
      function: 'github.com/jackc/pgx/pgxpool.(*Pool).backgroundHealthCheck',
      versions: 'v5.12.0',
    },
  },
  {
    id: 'pgx-wait-notification',
    summary: 'PostgreSQL listener (pgx) waits for a notification',
    reasons: ['IO wait'],
    frames: ['github.com/jackc/pgx/*', '...', 'github.com/jackc/pgx/pgconn.(*PgConn).WaitForNotification'],
    source: {
      module: 'github.com/jackc/pgx/v5',
      file: 'pgconn/pgconn.go',
      function: 'github.com/jackc/pgx/pgconn.(*PgConn).WaitForNotification',
      versions: 'v5.12.0',
    },
  },
  {
    id: 'redis-pubsub-health',
    summary: 'Redis subscription waits for its next ping',
    reasons: ['select'],
    frames: ['github.com/redis/go-redis.(*channel).initHealthCheck'],
    source: { ...redis, file: 'pubsub.go', function: 'github.com/redis/go-redis.(*channel).initHealthCheck' },
  },
  {
    id: 'redis-pubsub-receive',
    summary: 'Redis subscription waits for a message',
    reasons: ['IO wait'],
    frames: [
      'github.com/redis/go-redis/internal/proto.(*Reader).*',
      '...',
      'github.com/redis/go-redis.(*PubSub).ReceiveTimeout',
    ],
    source: { ...redis, file: 'pubsub.go', function: 'github.com/redis/go-redis.(*PubSub).ReceiveTimeout' },
  },
  {
    id: 'redis-ring-heartbeat',
    summary: 'Redis ring waits for its next heartbeat',
    reasons: ['select'],
    frames: ['github.com/redis/go-redis.(*ringSharding).Heartbeat'],
    source: { ...redis, file: 'ring.go', function: 'github.com/redis/go-redis.(*ringSharding).Heartbeat' },
  },
  {
    id: 'redis-circuit-cleanup',
    summary: 'Redis client waits for its next clean-up of circuit breakers',
    reasons: ['select'],
    frames: ['github.com/redis/go-redis/maintnotifications.(*CircuitBreakerManager).cleanupLoop'],
    source: {
      ...redis,
      file: 'maintnotifications/circuit_breaker.go',
      function: 'github.com/redis/go-redis/maintnotifications.(*CircuitBreakerManager).cleanupLoop',
    },
  },
  {
    id: 'mongo-heartbeat-wait',
    summary: 'MongoDB monitor waits for its next heartbeat',
    reasons: ['select'],
    frames: [`${topology}.(*Server).update`],
    source: { ...mongo, file: 'x/mongo/driver/topology/server.go', function: `${topology}.(*Server).update` },
  },
  {
    id: 'mongo-rtt-monitor',
    summary: 'MongoDB round-trip monitor waits for its next measurement',
    reasons: ['select'],
    frames: [`${topology}.(*rttMonitor).start`],
    source: { ...mongo, file: 'x/mongo/driver/topology/rtt_monitor.go', function: `${topology}.(*rttMonitor).start` },
  },
  {
    id: 'mongo-pool-create',
    summary: 'MongoDB pool waits for a request for a new connection',
    reasons: ['sync.Cond.Wait'],
    frames: [`${topology}.(*pool).createConnections`],
    source: { ...mongo, file: 'x/mongo/driver/topology/pool.go', function: `${topology}.(*pool).createConnections` },
  },
  {
    id: 'mongo-pool-maintain',
    summary: 'MongoDB pool waits for its next maintenance',
    reasons: ['select'],
    frames: [`${topology}.(*pool).maintain`],
    source: { ...mongo, file: 'x/mongo/driver/topology/pool.go', function: `${topology}.(*pool).maintain` },
  },
  {
    id: 'mongo-srv-poll',
    summary: 'MongoDB topology waits for its next SRV look-up',
    reasons: ['select'],
    frames: [`${topology}.(*Topology).pollSRVRecords`],
    source: {
      ...mongo,
      file: 'x/mongo/driver/topology/topology.go',
      function: `${topology}.(*Topology).pollSRVRecords`,
    },
  },
  {
    id: 'gocql-heartbeat',
    summary: 'Cassandra connection waits for its next heartbeat',
    reasons: ['select'],
    frames: ['github.com/gocql/gocql.(*Conn).heartBeat|github.com/gocql/gocql.(*controlConn).heartBeat'],
    source: { ...gocql, file: 'conn.go', function: 'github.com/gocql/gocql.(*Conn).heartBeat' },
  },
  {
    id: 'gocql-debouncer',
    summary: 'Cassandra session waits for events to gather',
    reasons: ['select'],
    frames: ['github.com/gocql/gocql.(*eventDebouncer).flusher|github.com/gocql/gocql.(*refreshDebouncer).flusher'],
    source: { ...gocql, file: 'events.go', function: 'github.com/gocql/gocql.(*eventDebouncer).flusher' },
  },
  {
    id: 'gocql-reconnect',
    summary: 'Cassandra session waits for its next look at hosts that are down',
    reasons: ['select'],
    frames: ['github.com/gocql/gocql.(*Session).reconnectDownedHosts'],
    source: { ...gocql, file: 'session.go', function: 'github.com/gocql/gocql.(*Session).reconnectDownedHosts' },
  },
]

export const databaseIdle = nameRows(rows)
