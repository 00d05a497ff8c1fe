/**
 * Logs of OTLP (logs.proto of opentelemetry-proto 1.11), JSON and protobuf, as they come. A record's time is when it
 * happened, else when it was observed. Ids that a logger put among the attributes count where the record has none.
 */
import { readEnd, readTag, readVarint64, skipField } from '../pprof/wire.ts'
import { attributePairs, isRecord, plainText, toPlain } from '../stream/any-value.ts'
import type { ByteWindow } from '../stream/byte-window.ts'
import { readNumber, readUnixNs } from '../stream/json-numbers.ts'
import type { JsonReader } from '../stream/json-reader.ts'
import { type Grammar, JsonWalk } from '../stream/json-walk.ts'
import { readFixed32, readProtoResource, readProtoValue, readText } from '../stream/proto-values.ts'
import { type ProtoRole, ProtoWalk } from '../stream/proto-walk.ts'
import { readResource } from '../stream/resources.ts'
import { readIdBytes } from '../stream/span-ids.ts'
import { splitHalves, type TimePair } from '../stream/span-times.ts'
import { KeySet } from '../stream/text-pool.ts'
import { ValueCache } from '../stream/value-cache.ts'
import type { LogBuilder } from './log-builder.ts'
import { readSeverity, SPAN_ID_KEYS, TRACE_ID_KEYS } from './log-fields.ts'

const RECORD_KEYS = new KeySet([
  'timeUnixNano',
  'observedTimeUnixNano',
  'severityNumber',
  'severityText',
  'body',
  'attributes',
  'traceId',
  'spanId',
  'time_unix_nano',
  'observed_time_unix_nano',
  'severity_number',
  'severity_text',
  'trace_id',
  'span_id',
])
const SNAKE: Readonly<Record<number, number>> = { 8: 0, 9: 1, 10: 2, 11: 3, 12: 6, 13: 7 }

export function openLogJson(builder: LogBuilder): JsonWalk {
  return new JsonWalk((reader) => logGrammar(reader, builder), {
    limits: builder.limits,
    issues: builder.issues,
    fileOf: () => builder.file,
    onDrop: () => {},
  })
}

function logGrammar(reader: JsonReader, builder: LogBuilder): Grammar {
  const resources = new ValueCache()
  const state = { row: 0 }
  const readRecord = () => readJsonRecord(reader, builder)
  const resourceLogs = { enter: 'resourceLogsList' }
  const scopeLogs = { enter: 'scopeLogsList' }
  return {
    document: { keys: { resourceLogs, resource_logs: resourceLogs }, item: { enter: 'document' } },
    resourceLogsList: { item: { enter: 'resourceLogs' } },
    resourceLogs: {
      keys: {
        resource: {
          unit: () => {
            builder.resource = resources.read(reader, (value) =>
              builder.addResource(readResource(attributePairs(isRecord(value) ? value.attributes : undefined))),
            )
            builder.patchResource(state.row, builder.resource)
          },
        },
        scopeLogs,
        scope_logs: scopeLogs,
        instrumentationLibraryLogs: scopeLogs,
      },
      onOpen: () => {
        state.row = builder.count
        builder.resource = builder.addResource(readResource({}))
      },
    },
    scopeLogsList: { item: { enter: 'scopeLogs' } },
    scopeLogs: {
      keys: { logRecords: { enter: 'records' }, log_records: { enter: 'records' }, logs: { enter: 'records' } },
    },
    records: { item: { unit: readRecord } },
  }
}

function readJsonRecord(reader: JsonReader, builder: LogBuilder): void {
  if (!reader.openObject()) return
  builder.beginRecord()
  const observed: TimePair = { seconds: 0, nanos: 0 }
  let severityText = ''
  let traceId = ''
  let spanId = ''
  let attributes: Readonly<Record<string, unknown>> = {}
  while (reader.nextKey()) {
    const place = RECORD_KEYS.find(reader.text, reader.from, reader.to)
    switch (SNAKE[place] ?? place) {
      case 0:
        readUnixNs(reader, builder.time)
        break
      case 1:
        readUnixNs(reader, observed)
        break
      case 2:
        builder.severity = severityOf(readNumber(reader))
        break
      case 3:
        severityText = reader.readScalar() ? reader.textString() : ''
        break
      case 4:
        builder.setBody(plainText(toPlain(reader.parseValue())))
        break
      case 5:
        attributes = attributePairs(reader.parseValue())
        break
      case 6:
        traceId = reader.readScalar() ? reader.textString() : ''
        break
      case 7:
        spanId = reader.readScalar() ? reader.textString() : ''
        break
      default:
        reader.skipValue()
    }
  }
  finishRecord(builder, { observed, severityText, traceId, spanId, attributes })
}

type Rest = {
  readonly observed: TimePair
  readonly severityText: string
  readonly traceId: string
  readonly spanId: string
  readonly attributes: Readonly<Record<string, unknown>>
}

function finishRecord(builder: LogBuilder, rest: Rest): void {
  if (builder.time.seconds === 0 && builder.time.nanos === 0) Object.assign(builder.time, rest.observed)
  if (builder.severity === 0) builder.severity = readSeverity(rest.severityText)
  const among = (keys: readonly string[]) =>
    plainText(keys.map((key) => (Object.hasOwn(rest.attributes, key) ? rest.attributes[key] : undefined)).find(Boolean))
  if (builder.traceWords.every((word) => word === 0)) builder.setTraceId(rest.traceId || among(TRACE_ID_KEYS))
  if (builder.spanWords.every((word) => word === 0)) builder.setSpanId(rest.spanId || among(SPAN_ID_KEYS))
  builder.commitRecord()
}

function severityOf(number: number): number {
  return number >= 1 && number <= 24 ? Math.floor(number) : 0
}

export function openLogProto(builder: LogBuilder): ProtoWalk {
  return new ProtoWalk((window) => logRole(window, builder), {
    limits: builder.limits,
    issues: builder.issues,
    fileOf: () => builder.file,
    onDrop: () => {},
  })
}

function logRole(window: ByteWindow, builder: LogBuilder): ProtoRole {
  const resources = new ValueCache()
  const state = { row: 0 }
  const scopeLogs: ProtoRole = { fields: { 2: { unit: (end) => readProtoRecord(window, end, builder) } } }
  const resourceLogs: ProtoRole = {
    fields: {
      1: {
        unit: (end) => {
          builder.resource = resources.readBytes(window.bytes, window.at, end, () =>
            builder.addResource(readResource(readProtoResource(window, end))),
          )
          builder.patchResource(state.row, builder.resource)
        },
      },
      2: { enter: scopeLogs },
      1000: { enter: scopeLogs },
    },
    onOpen: () => {
      state.row = builder.count
      builder.resource = builder.addResource(readResource({}))
    },
  }
  return { fields: { 1: { enter: resourceLogs } } }
}

function readProtoRecord(window: ByteWindow, end: number, builder: LogBuilder): void {
  builder.beginRecord()
  const observed: TimePair = { seconds: 0, nanos: 0 }
  const attributes: Record<string, unknown> = Object.create(null)
  let severityText = ''
  while (window.at < end) {
    const tag = readTag(window, end)
    switch (tag) {
      case 9: {
        const low = readFixed32(window, end)
        splitHalves(readFixed32(window, end), low, builder.time)
        break
      }
      case 89: {
        const low = readFixed32(window, end)
        splitHalves(readFixed32(window, end), low, observed)
        break
      }
      case 16:
        builder.severity = severityOf(readVarint64(window, end))
        break
      case 26:
        severityText = readText(window, end)
        break
      case 42: {
        const to = readEnd(window, end)
        builder.setBody(plainText(readProtoValue(window, to, 0)))
        break
      }
      case 50: {
        const to = readEnd(window, end)
        Object.assign(attributes, readProtoPair(window, to))
        break
      }
      case 74:
      case 82: {
        const to = readEnd(window, end)
        const words = tag === 74 ? builder.traceWords : builder.spanWords
        if (readIdBytes(window.bytes, window.at, to, words) !== 'hex') words.fill(0)
        window.at = to
        break
      }
      default:
        skipField(window, tag, end)
    }
  }
  finishRecord(builder, { observed, severityText, traceId: '', spanId: '', attributes: { ...attributes } })
}

function readProtoPair(window: ByteWindow, end: number): Record<string, unknown> {
  let key = ''
  let value: unknown
  while (window.at < end) {
    const tag = readTag(window, end)
    if (tag === 10) key = readText(window, end)
    else if (tag === 18) value = readProtoValue(window, readEnd(window, end), 0)
    else skipField(window, tag, end)
  }
  return { [key]: value }
}
