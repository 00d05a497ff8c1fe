/**
 * Which fields of a log record say what, over the loggers of Go and their bridges: tables, and nothing is guessed
 * from other names. slog, zap, zerolog, logrus; otelslog, otelzap, ddtrace, ECS, Google Cloud.
 */

/** Where a trace id belongs. The first that is there counts. */
export const TRACE_ID_KEYS: readonly string[] = [
  'trace_id',
  'traceId',
  'traceID',
  'TraceID',
  'TraceId',
  'traceid',
  'trace-id',
  'trace.id',
  'otelTraceID',
  'otel_trace_id',
  'otel.trace_id',
  'dd.trace_id',
  'logging.googleapis.com/trace',
  // Of a service's own making, where nothing else is there.
  'requestTrace',
  'request_trace',
  'requestTraceId',
  'request_trace_id',
  'x-trace-id',
]

export const SPAN_ID_KEYS: readonly string[] = [
  'span_id',
  'spanId',
  'spanID',
  'SpanID',
  'SpanId',
  'spanid',
  'span-id',
  'span.id',
  'otelSpanID',
  'otel_span_id',
  'otel.span_id',
  'dd.span_id',
  'logging.googleapis.com/spanId',
]

/** Objects in which they may stand: ECS's `trace: {id}`, ddtrace's `dd: {trace_id}`, groups of slog. */
export const ID_GROUPS: readonly string[] = ['trace', 'span', 'dd', 'otel', 'context', 'ctx', 'labels', 'attributes']

export const TIME_KEYS: readonly string[] = ['time', 'ts', 'timestamp', '@timestamp', 't', 'T', 'datetime', 'date']
export const LEVEL_KEYS: readonly string[] = [
  'level',
  'lvl',
  'severity',
  'severityText',
  'severity_text',
  'log.level',
  'loglevel',
  'levelname',
  'L',
]
export const MESSAGE_KEYS: readonly string[] = ['msg', 'message', 'body', 'event', '@message', 'M']

/** Of what wrote the line, as resource attributes. */
export const RESOURCE_KEYS: Readonly<Record<string, string>> = {
  service: 'service.name',
  'service.name': 'service.name',
  service_name: 'service.name',
  'dd.service': 'service.name',
  app: 'service.name',
  'service.version': 'service.version',
  'dd.version': 'service.version',
  'service.instance.id': 'service.instance.id',
  hostname: 'host.name',
  host: 'host.name',
  'host.name': 'host.name',
}

/** SeverityNumber of OpenTelemetry's log data model, by the names that loggers print. */
const SEVERITIES: Readonly<Record<string, number>> = {
  trace: 1,
  trc: 1,
  debug: 5,
  dbg: 5,
  info: 9,
  inf: 9,
  information: 9,
  informational: 9,
  notice: 10,
  warn: 13,
  wrn: 13,
  warning: 13,
  error: 17,
  err: 17,
  eror: 17,
  dpanic: 18,
  critical: 18,
  crit: 18,
  panic: 21,
  alert: 19,
  emergency: 21,
  fatal: 21,
  ftl: 21,
  pnc: 21,
}

/** 1..24, 0 where it is none: names of any case, slog's `INFO+2`. */
export function readSeverity(text: string): number {
  const parts = /^([a-z]+)([+-]\d{1,2})?$/i.exec(text.trim())
  const base = SEVERITIES[parts?.[1]?.toLowerCase() ?? '']
  if (base === undefined) return 0
  return Math.min(24, Math.max(1, base + Number(parts?.[2] ?? '0')))
}
