/**
 * Requests → what a collector's file exporter writes: one ExportTraceServiceRequest per line, spans grouped by resource
 * and scope, batches by process in the order in which the batch processors flush. What is not flushed at the end of the
 * window is not in the file, as in a file that is read while the shop runs.
 */
import { type Attributes, isExported, type LogLine, type Process, type Request, type Span } from './runtime.ts'

const FLUSH_NS = 5e9
const BASE_SECONDS = 1_795_000_000
const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const

export type OtlpSink = {
  add(request: Request): void
  finish(): void
  readonly counts: { spans: number; logs: number; traces: number }
}

/** `writeSpans` and `writeLogs` get lines of JSON, each with its line feed. */
export function openOtlpSink(out: {
  readonly endNs: number
  readonly writeSpans: (text: string) => void
  readonly writeLogs: (text: string) => void
}): OtlpSink {
  const spanBatches = new Map<number, Map<Process, Span[]>>()
  const logBatches = new Map<number, Map<Process, LogLine[]>>()
  const counts = { spans: 0, logs: 0, traces: 0 }
  let flushed = 0
  const flushUpTo = (slot: number): void => {
    for (; flushed < slot; flushed++) {
      const spans = spanBatches.get(flushed)
      if (spans !== undefined) for (const [process, batch] of spans) out.writeSpans(writeSpanBatch(process, batch))
      spanBatches.delete(flushed)
      const logs = logBatches.get(flushed)
      if (logs !== undefined) for (const [process, batch] of logs) out.writeLogs(writeLogBatch(process, batch))
      logBatches.delete(flushed)
    }
  }
  const lastSlot = Math.floor(out.endNs / FLUSH_NS)
  return {
    counts,
    add(request) {
      // Nothing that follows can end before this request began.
      flushUpTo(Math.min(lastSlot, Math.floor(request.startNs / FLUSH_NS)))
      const traces = new Set<string>()
      for (const span of request.spans) {
        if (!isExported(span) || span.endNs === undefined) continue
        const slot = Math.floor((span.endNs + (span.process.exportDelayNs ?? 0)) / FLUSH_NS)
        if (slot >= lastSlot) continue
        push(spanBatches, slot, span.process, span)
        if (span.repeated) push(spanBatches, Math.min(slot + 1, lastSlot - 1), span.process, span)
        traces.add(span.context.traceId)
        counts.spans++
      }
      counts.traces += traces.size
      for (const line of request.logs) {
        const slot = Math.floor(line.atNs / FLUSH_NS)
        if (slot >= lastSlot) continue
        push(logBatches, slot, line.process, line)
        counts.logs++
      }
    },
    finish: () => flushUpTo(lastSlot),
  }
}

function push<T>(batches: Map<number, Map<Process, T[]>>, slot: number, process: Process, item: T): void {
  const bySlot = batches.get(slot) ?? new Map<Process, T[]>()
  batches.set(slot, bySlot)
  const batch = bySlot.get(process)
  if (batch === undefined) bySlot.set(process, [item])
  else batch.push(item)
}

function writeSpanBatch(process: Process, spans: readonly Span[]): string {
  const byScope = new Map<string, string[]>()
  for (const span of spans) {
    const text = writeSpan(span)
    const list = byScope.get(span.scope)
    if (list === undefined) byScope.set(span.scope, [text])
    else list.push(text)
  }
  const scopes = [...byScope].map(
    ([name, list]) => `{"scope":{"name":${quote(name)},"version":"0.63.0"},"spans":[${list.join(',')}]}`,
  )
  return `{"resourceSpans":[{"resource":${writeResource(process)},"scopeSpans":[${scopes.join(',')}],"schemaUrl":"https://opentelemetry.io/schemas/1.37.0"}]}\n`
}

function writeSpan(span: Span): string {
  const offset = span.process.clockOffsetNs
  const place = span.process.tellsParentPlace ? 0x100 | (span.parent?.remote === true ? 0x200 : 0) : 0
  const links = span.links.map(
    (link) =>
      `{"traceId":"${link.traceId}","spanId":"${link.spanId}","flags":${1 | (span.process.tellsParentPlace ? 0x300 : 0)}}`,
  )
  const linkPart = links.length === 0 ? '' : `,"links":[${links.join(',')}]`
  const message = span.statusMessage === '' ? '' : `"message":${quote(span.statusMessage)},`
  const status = span.status === 0 ? '{}' : `{${message}"code":2}`
  return (
    `{"traceId":"${span.context.traceId}","spanId":"${span.context.spanId}","parentSpanId":"${span.parentId}","flags":${1 | place},` +
    `"name":${quote(span.name)},"kind":${kinds[span.kind]},"startTimeUnixNano":"${toUnix(span.startNs + offset)}",` +
    `"endTimeUnixNano":"${toUnix((span.endNs ?? span.startNs) + offset)}","attributes":${writeAttributes(span.attributes)}${linkPart},"status":${status}}`
  )
}

function writeLogBatch(process: Process, lines: readonly LogLine[]): string {
  const records = lines.map((line) => {
    const ids =
      line.traceId === undefined ? '' : `,"traceId":"${line.traceId}","spanId":"${line.spanId ?? ''}","flags":1`
    const at = toUnix(line.atNs + process.clockOffsetNs)
    return `{"timeUnixNano":"${at}","observedTimeUnixNano":"${at}","severityNumber":${line.severity},"severityText":"${severityText(line.severity)}","body":{"stringValue":${quote(line.body)}},"attributes":${writeAttributes(line.attributes)}${ids}}`
  })
  const scope = `{"scope":{"name":"shop/${process.service}"},"logRecords":[${records.join(',')}]}`
  return `{"resourceLogs":[{"resource":${writeResource(process)},"scopeLogs":[${scope}]}]}\n`
}

function writeResource(process: Process): string {
  return `{"attributes":${writeAttributes({
    'service.name': process.service,
    'service.version': process.version,
    'service.instance.id': process.instance,
    'host.name': process.host,
    'k8s.pod.name': process.instance,
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': process.language,
    'telemetry.sdk.version': process.language === 'go' ? '1.45.0' : '1.31.0',
    ...process.extraResource,
  })}}`
}

function writeAttributes(attributes: Attributes): string {
  const parts: string[] = []
  for (const key in attributes) {
    const value = attributes[key]
    const text =
      typeof value === 'string'
        ? `{"stringValue":${quote(value)}}`
        : typeof value === 'boolean'
          ? `{"boolValue":${value}}`
          : Number.isInteger(value)
            ? `{"intValue":"${value}"}`
            : `{"doubleValue":${value}}`
    parts.push(`{"key":"${key}","value":${text}}`)
  }
  return `[${parts.join(',')}]`
}

function severityText(severity: LogLine['severity']): string {
  return severity === 5 ? 'DEBUG' : severity === 9 ? 'INFO' : severity === 13 ? 'WARN' : 'ERROR'
}

function toUnix(at: number): string {
  const ns = Math.round(at)
  const seconds = Math.floor(ns / 1e9)
  return `${BASE_SECONDS + seconds}${String(ns - seconds * 1e9).padStart(9, '0')}`
}

function quote(text: string): string {
  return JSON.stringify(text)
}
