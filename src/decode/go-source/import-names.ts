/**
 * The name by which a file knows an imported package, where it gives none: the package clause, which by custom follows
 * from the path. Without the package's source that is a guess; where custom is broken, a row of the table says so.
 */

/** Packages whose name does not follow from the path. Source: their package clauses. */
const oddNames: Readonly<Record<string, string>> = {
  'github.com/nats-io/nats.go': 'nats',
  'github.com/nats-io/nats.go/jetstream': 'jetstream',
  'github.com/segmentio/kafka-go': 'kafka',
  'github.com/confluentinc/confluent-kafka-go': 'kafka',
  'github.com/confluentinc/confluent-kafka-go/kafka': 'kafka',
  'github.com/rabbitmq/amqp091-go': 'amqp091',
  'github.com/redis/go-redis/v9': 'redis',
  'github.com/go-redis/redis': 'redis',
  'github.com/opentracing/opentracing-go': 'opentracing',
  'github.com/openzipkin/zipkin-go': 'zipkin',
  'github.com/uber/jaeger-client-go': 'jaeger',
  'github.com/go-sql-driver/mysql': 'mysql',
  'github.com/mattn/go-sqlite3': 'sqlite3',
  'github.com/gorilla/mux': 'mux',
  'github.com/julienschmidt/httprouter': 'httprouter',
  'gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer': 'tracer',
  'github.com/DataDog/dd-trace-go/v2/ddtrace/tracer': 'tracer',
  'github.com/99designs/gqlgen': 'gqlgen',
}

export function guessPackageName(path: string): string {
  const odd = oddNames[path]
  if (odd !== undefined) return odd
  const parts = path.split('/')
  let last = parts.at(-1) ?? path
  // example.com/name/v2, and semconv/v1.26.0 of OpenTelemetry.
  if (/^v\d+(\.\d+)*$/.test(last) && parts.length > 1) last = parts.at(-2) as string
  // gopkg.in/yaml.v3
  last = last.replace(/\.v\d+$/, '')
  // go-isatty, kafka-go, nats.go
  last = last.replace(/^go[-.]/, '').replace(/[-.]go$/, '')
  return last.replaceAll(/[^\p{L}\p{N}_]/gu, '_')
}
