/**
 * Spans of Jaeger JSON as its UI and API give it: `{data: [{traceID, spans, processes}]}`, one such trace alone, and
 * spans with their process in them (Elasticsearch, protojson). Follows jaegertracing/jaeger internal/uimodel and its
 * translation to OTLP: the first CHILD_OF of the same trace is the parent, else the first FOLLOWS_FROM; the other
 * references are links. Times are microseconds, or RFC 3339 and a duration with its unit in protojson.
 */
import type { AttributeValue } from '../../model/spans.ts'
import { spanKinds } from '../../model/spans.ts'
import { isRecord, plainText, toAttribute } from '../stream/any-value.ts'
import { addMicros, readNumber } from '../stream/json-numbers.ts'
import type { JsonReader } from '../stream/json-reader.ts'
import type { Grammar } from '../stream/json-walk.ts'
import { readJaegerProcess, readResource } from '../stream/resources.ts'
import { type IdForm, readIdText } from '../stream/span-ids.ts'
import { splitBig, splitMicros, type TimePair } from '../stream/span-times.ts'
import { KeySet } from '../stream/text-pool.ts'
import { parseDurationNs, parseTimeNs } from '../stream/text-times.ts'
import { ValueCache } from '../stream/value-cache.ts'
import type { SpanBuilder } from './span-builder.ts'

const SPAN_KEYS = new KeySet([
  'traceID',
  'spanID',
  'parentSpanID',
  'flags',
  'operationName',
  'references',
  'startTime',
  'duration',
  'tags',
  'logs',
  'processID',
  'process',
  'warnings',
  'traceId',
  'spanId',
  'parentSpanId',
  'processId',
])
const CAMEL: Readonly<Record<number, number>> = { 13: 0, 14: 1, 15: 2, 16: 10 }
const TAG_KEYS = new KeySet(['key', 'value', 'vStr', 'vInt64', 'vBool', 'vFloat64', 'vBinary'])
/** Tags that say what is a field in OTLP. */
const SPECIAL_TAGS = new KeySet([
  'span.kind',
  'error',
  'otel.status_code',
  'otel.scope.name',
  'otel.library.name',
  'otel.scope.version',
  'otel.library.version',
  'w3c.tracestate',
])
const REFERENCE_KEYS = new KeySet(['refType', 'traceID', 'spanID', 'traceId', 'spanId'])
const STATUS_BY_CODE: Readonly<Record<string, number>> = { OK: 1, ERROR: 2 }

export class JaegerJsonSpans {
  private readonly reader: JsonReader
  private readonly builder: SpanBuilder
  private readonly id = new Uint32Array(2)
  private readonly referenceTrace = new Uint32Array(4)
  private readonly time: TimePair = { seconds: 0, nanos: 0 }
  private firstRow = 0
  /** Of the trace in hand: place of each process id, and the resource it turned out to be. */
  private readonly places = new Map<string, number>()
  private readonly found = new Map<string, number>()
  private readonly inline = new ValueCache()
  private scopeName = ''
  private scopeVersion = ''
  private hasStatusCode = false
  /** Of the span in hand: its process stands in it. */
  private ownResource: number | undefined
  private readonly ownRows: { row: number; resource: number }[] = []

  constructor(reader: JsonReader, builder: SpanBuilder) {
    this.reader = reader
    this.builder = builder
  }

  /** Roles `jaegerTraces` and below. `jaegerTrace` is also what a document can be. */
  grammar(): Grammar {
    return {
      jaegerTraces: { item: { enter: 'jaegerTrace' } },
      jaegerTrace: {
        keys: this.traceKeys(),
        onOpen: () => this.openTrace(),
        onClose: () => this.closeTrace(),
      },
      jaegerSpans: { item: { unit: () => this.readSpan() } },
      jaegerProcesses: { anyKey: { unit: () => this.readProcess() } },
    }
  }

  private traceKeys(): Readonly<Record<string, { enter: string } | { unit: () => void }>> {
    return {
      spans: { enter: 'jaegerSpans' },
      processes: { enter: 'jaegerProcesses' },
      warnings: { unit: () => this.readWarnings((message) => this.noteOdd(message)) },
    }
  }

  openTrace(): void {
    this.firstRow = this.builder.count
    this.places.clear()
    this.found.clear()
    this.ownRows.length = 0
  }

  /** Sets the resources of the trace's rows, which hold places until then. */
  closeTrace(): void {
    const { builder } = this
    if (builder.count > this.firstRow) {
      const resources: number[] = []
      let missing = 0
      for (const [id, place] of this.places) {
        const resource = this.found.get(id)
        if (resource === undefined) missing++
        resources[place] = resource ?? builder.addResource(readResource({}))
      }
      for (const own of this.ownRows) resources[own.row] = own.resource
      builder.patchResource(this.firstRow, (given) => resources[given] ?? 0)
      if (missing > 0) this.noteOdd('Jaeger spans name a process that their trace does not have')
    }
    this.openTrace()
  }

  private placeOf(processId: string): number {
    const known = this.places.get(processId)
    if (known !== undefined) return known
    const place = this.places.size + this.ownRows.length
    this.places.set(processId, place)
    return place
  }

  private readProcess(): void {
    const id = this.reader.textString()
    this.found.set(id, this.readProcessValue())
  }

  private readProcessValue(): number {
    return this.inline.read(this.reader, (value) => {
      if (!isRecord(value)) return this.builder.addResource(readResource({}))
      const tags = Array.isArray(value.tags) ? value.tags : []
      const pairs: Record<string, AttributeValue> = Object.create(null)
      for (const tag of tags) {
        if (isRecord(tag) && typeof tag.key === 'string') pairs[tag.key] = toAttribute(tagValue(tag))
      }
      return this.builder.addResource(readJaegerProcess(plainText(value.serviceName), pairs))
    })
  }

  readSpan(): void {
    const { reader, builder, time } = this
    const offset = reader.offset
    if (!reader.openObject()) {
      this.skip('A span is no object', offset)
      return
    }
    builder.beginSpan()
    let bad = ''
    let durationMicros = 0
    let durationNs = 0n
    let traceForm: IdForm = 'none'
    let process = ''
    let referencesAt = -1
    time.seconds = 0
    time.nanos = 0
    this.scopeName = ''
    this.scopeVersion = ''
    this.hasStatusCode = false
    this.ownResource = undefined
    while (reader.nextKey()) {
      const place = SPAN_KEYS.find(reader.text, reader.from, reader.to)
      switch (CAMEL[place] ?? place) {
        case 0:
          traceForm = this.readId(builder.traceWords)
          if (traceForm === 'bad') bad ||= 'A trace id is neither hex nor base64'
          break
        case 1: {
          if (this.readId(this.id) === 'bad') bad ||= 'A span id is neither hex nor base64'
          builder.idHigh = this.id[0] as number
          builder.idLow = this.id[1] as number
          break
        }
        case 2:
          if (this.readId(this.id) === 'bad') break
          builder.parentHigh = this.id[0] as number
          builder.parentLow = this.id[1] as number
          break
        case 3: {
          const flags = readNumber(reader)
          if (flags >= 0) builder.traceFlags = flags & 1
          break
        }
        case 4:
          if (reader.readScalar()) builder.name = builder.texts.intern(reader.text, reader.from, reader.to)
          break
        case 5:
          reader.peek()
          referencesAt = reader.at
          reader.skipValue()
          break
        case 6:
          if (!this.readStart()) bad ||= 'A start time is none'
          break
        case 7:
          if (!reader.readScalar()) break
          if (reader.textNumber() >= 0) durationMicros = reader.textNumber()
          else durationNs = parseDurationNs(reader.textString()) ?? 0n
          break
        case 8:
          this.readTags()
          break
        case 9:
          this.readLogs()
          break
        case 10:
          process = reader.readScalar() ? reader.textString() : ''
          break
        case 11:
          if (reader.peek() === 0x7b) this.ownResource = this.readProcessValue()
          else reader.skipValue()
          break
        case 12:
          this.readWarnings((message) => builder.noteSpan(message, offset))
          break
        default:
          reader.skipValue()
      }
    }
    if (traceForm === 'none') bad ||= 'A span has no trace id'
    if (bad !== '') {
      this.skip(bad, offset)
      return
    }
    builder.startSeconds = time.seconds
    builder.startNanos = time.nanos
    if (durationNs > 0n) splitBig(BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos) + durationNs, time)
    else addMicros(time, durationMicros)
    builder.endSeconds = time.seconds
    builder.endNanos = time.nanos
    if (referencesAt >= 0) this.readReferences(referencesAt)
    builder.scope = builder.addScope(
      this.scopeVersion === '' ? { name: this.scopeName } : { name: this.scopeName, version: this.scopeVersion },
    )
    this.placeSpan(process)
  }

  private placeSpan(process: string): void {
    const { builder } = this
    if (this.ownResource === undefined) builder.resource = this.placeOf(process)
    else {
      const place = this.places.size + this.ownRows.length
      this.ownRows.push({ row: place, resource: this.ownResource })
      builder.resource = place
    }
    builder.commitSpan()
  }

  private readId(words: Uint32Array): IdForm {
    const { reader } = this
    return reader.readScalar() ? readIdText(reader.text, reader.from, reader.to, words) : 'bad'
  }

  private readStart(): boolean {
    const { reader, time } = this
    if (!reader.readScalar()) return false
    const number = reader.textNumber()
    if (!Number.isNaN(number)) return splitMicros(number, time)
    const ns = parseTimeNs(reader.textString())
    return ns !== undefined && splitBig(ns, time)
  }

  /** After the span's own ids are known: parent and links. */
  private readReferences(at: number): void {
    const { reader, builder, referenceTrace, id } = this
    const after = reader.at
    reader.at = at
    let hasParent = false
    let follows = -1
    if (reader.openArray()) {
      while (reader.nextItem()) {
        if (!reader.openObject()) continue
        let isFollows = false
        let isBad = false
        referenceTrace.fill(0)
        id.fill(0)
        while (reader.nextKey()) {
          const place = REFERENCE_KEYS.find(reader.text, reader.from, reader.to)
          if (place === 0) isFollows = reader.readScalar() && (reader.textIs('FOLLOWS_FROM') || reader.textIs('1'))
          else if (place === -1) reader.skipValue()
          else isBad = this.readId((place & 1) === 1 ? referenceTrace : id) === 'bad' || isBad
        }
        if (isBad) continue
        const isSame = referenceTrace.every((word, index) => word === builder.traceWords[index])
        if (isSame && !hasParent && (!isFollows || follows === -1)) {
          // A FOLLOWS_FROM stands in until a CHILD_OF is found, and becomes a link then.
          if (!isFollows && follows >= 0) builder.addLink(referenceTrace, builder.parentHigh, builder.parentLow)
          hasParent = !isFollows
          follows = isFollows ? 0 : -1
          builder.parentHigh = id[0] as number
          builder.parentLow = id[1] as number
        } else builder.addLink(referenceTrace, id[0] as number, id[1] as number)
      }
    }
    reader.at = after
  }

  /** `{key, type, value}` each; one that has its value first is read the slow way. */
  private readTags(): void {
    const { reader, builder } = this
    if (!reader.openArray()) return
    while (reader.nextItem()) {
      const start = reader.at
      if (!reader.openObject()) continue
      let key = -1
      let special = ''
      let isKeyed = false
      let isLate = false
      while (reader.nextKey()) {
        const place = TAG_KEYS.find(reader.text, reader.from, reader.to)
        if (place === 0 && reader.readScalar()) {
          isKeyed = true
          key = builder.keys.find(reader.text, reader.from, reader.to)
          const at = key >= 0 ? -1 : SPECIAL_TAGS.find(reader.text, reader.from, reader.to)
          special = SPECIAL_TAGS.keys[at] ?? ''
        } else if (place > 0 && !isKeyed) {
          isLate = true
          reader.skipValue()
        } else if (place > 0 && (key >= 0 || special !== '') && reader.peek() !== 0x7b && reader.peek() !== 0x5b) {
          reader.readScalar()
          if (key >= 0) builder.addAttribute(key, builder.texts.intern(reader.text, reader.from, reader.to))
          else this.takeTag(special, reader.textString())
        } else if (place !== 0) reader.skipValue()
      }
      if (!isLate) continue
      const after = reader.at
      reader.at = start
      const tag = reader.parseValue()
      reader.at = after
      if (isRecord(tag) && typeof tag.key === 'string') this.takeTag(tag.key, tagValue(tag))
    }
  }

  private takeTag(key: string, value: unknown): void {
    const { builder } = this
    const text = plainText(value)
    const texts = builder.texts
    switch (key) {
      case 'span.kind':
        builder.kind = Math.max(0, spanKinds.indexOf(text.toLowerCase() as (typeof spanKinds)[number]))
        return
      case 'error':
        if (text === 'false' || text === '') return
        if (!this.hasStatusCode) builder.status = 2
        // Older clients put the error itself there.
        if (text !== 'true')
          builder.addAttributeText(texts.internText('otel.status_description'), texts.internText(text))
        return
      case 'otel.status_code':
        builder.status = STATUS_BY_CODE[text.toUpperCase()] ?? 0
        this.hasStatusCode = true
        return
      case 'otel.scope.name':
      case 'otel.library.name':
        this.scopeName = text
        return
      case 'otel.scope.version':
      case 'otel.library.version':
        this.scopeVersion = text
        return
      case 'w3c.tracestate':
        builder.traceState = texts.internText(text)
        return
    }
    if (builder.keeps(key)) builder.addAttributeText(texts.internText(key), texts.internText(text))
  }

  private readLogs(): void {
    const { reader, builder } = this
    if (reader.peek() !== 0x5b) {
      reader.skipValue()
      return
    }
    const logs = reader.parseValue()
    if (!Array.isArray(logs)) return
    const time: TimePair = { seconds: 0, nanos: 0 }
    for (const log of logs) {
      if (!isRecord(log)) continue
      let name = ''
      for (const field of Array.isArray(log.fields) ? log.fields : []) {
        if (!isRecord(field)) continue
        const key = field.key
        if (key === 'event' || (key === 'message' && name === '')) name = plainText(tagValue(field))
        else if (key === 'exception.type' || key === 'exception.message') this.takeTag(key, tagValue(field))
        // OpenTracing's names.
        else if (key === 'error.object') this.takeTag('exception.message', tagValue(field))
        else if (key === 'error.kind') this.takeTag('exception.type', tagValue(field))
      }
      const at = log.timestamp
      const ns = typeof at === 'string' ? parseTimeNs(at) : undefined
      const isKept = ns === undefined ? splitMicros(Number(at), time) : splitBig(ns, time)
      if (isKept) builder.addEvent(builder.texts.internText(name), time.seconds, time.nanos)
    }
  }

  /** What Jaeger itself doubted; ids and durations go, so that one doubt is one issue. */
  private readWarnings(note: (message: string) => void): void {
    const warnings = this.reader.parseValue()
    if (!Array.isArray(warnings)) return
    for (const warning of warnings) {
      const text = plainText(warning)
        .replace(/[0-9a-f]{8,32}/gi, '…')
        .replace(/\d+(\.\d+)?(µs|ms|s)\b/g, '…')
      note(`Jaeger warns: ${text.slice(0, 200)}`)
    }
  }

  private noteOdd(message: string): void {
    const { builder, reader } = this
    builder.issues.add('SL_DECODE_SPAN_ODD', message, {
      severity: 'info',
      at: { file: builder.file, offset: reader.offset },
    })
  }

  private skip(message: string, offset: number): void {
    this.builder.skipSpan(message, offset)
  }
}

/** `{type, value}` of the API; `vStr` and its like of protojson. */
function tagValue(tag: Record<string, unknown>): unknown {
  return tag.value ?? tag.vStr ?? tag.vInt64 ?? tag.vBool ?? tag.vFloat64 ?? tag.vBinary
}
