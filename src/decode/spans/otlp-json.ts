/**
 * Spans of OTLP JSON (opentelemetry-proto 1.11, docs/specification.md): ids are hex of any case, enums integers, 64-bit
 * integers strings or numbers, unknown fields ignored. Tolerated with an issue: base64 ids and names of enums, as
 * protojson of other writers has them; without one in Tempo's answers, whose own form that is.
 * Resource and scope may come before or after the spans they are of.
 */
import { spanKinds } from '../../model/spans.ts'
import { attributePairs, isRecord, plainText, readAnyValueText } from '../stream/any-value.ts'
import { readNumber, readUnixNs } from '../stream/json-numbers.ts'
import type { JsonReader } from '../stream/json-reader.ts'
import type { Grammar } from '../stream/json-walk.ts'
import { readResource } from '../stream/resources.ts'
import { type IdForm, readIdText } from '../stream/span-ids.ts'
import type { TimePair } from '../stream/span-times.ts'
import { KeySet } from '../stream/text-pool.ts'
import { ValueCache } from '../stream/value-cache.ts'
import type { SpanBuilder } from './span-builder.ts'

const SPAN_KEYS = new KeySet([
  'traceId',
  'spanId',
  'traceState',
  'parentSpanId',
  'flags',
  'name',
  'kind',
  'startTimeUnixNano',
  'endTimeUnixNano',
  'attributes',
  'events',
  'links',
  'status',
  'trace_id',
  'span_id',
  'trace_state',
  'parent_span_id',
  'start_time_unix_nano',
  'end_time_unix_nano',
])
/** Place of a key in snake case → that of its own case. */
const SNAKE: Readonly<Record<number, number>> = { 13: 0, 14: 1, 15: 2, 16: 3, 17: 7, 18: 8 }
const PAIR_KEYS = new KeySet(['key', 'value'])
const EVENT_KEYS = new KeySet(['timeUnixNano', 'name', 'attributes', 'time_unix_nano'])
const LINK_KEYS = new KeySet(['traceId', 'spanId', 'trace_id', 'span_id'])
const STATUS_KEYS = new KeySet(['code', 'message'])
const KIND_NAMES = spanKinds.map((kind) => `SPAN_KIND_${kind.toUpperCase()}`)
const STATUS_NAMES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR']
const DESCRIPTION = 'otel.status_description'

export class OtlpJsonSpans {
  /** Tempo answers with base64 ids and names of enums: no oddity there. */
  isTempo = false
  private readonly reader: JsonReader
  private readonly builder: SpanBuilder
  private readonly time: TimePair = { seconds: 0, nanos: 0 }
  private readonly id = new Uint32Array(2)
  private readonly linkTrace = new Uint32Array(4)
  private readonly linkId = new Uint32Array(2)
  private readonly descriptionKey: number
  private resourceRow = 0
  private scopeRow = 0
  private hasResource = false
  private hasScope = false
  private schemaUrl = ''
  private readonly resources = new ValueCache()
  private readonly scopes = new ValueCache()

  constructor(reader: JsonReader, builder: SpanBuilder) {
    this.reader = reader
    this.builder = builder
    this.descriptionKey = builder.texts.internText(DESCRIPTION)
  }

  /** Roles `resourceSpansList` and below. */
  grammar(): Grammar {
    const spans = { enter: 'otlpSpans' }
    const scopes = { enter: 'scopeSpansList' }
    const resource = { unit: () => this.readResource() }
    return {
      resourceSpansList: { item: { enter: 'resourceSpans' } },
      resourceSpans: {
        keys: {
          resource,
          schemaUrl: { unit: () => this.readSchemaUrl() },
          scopeSpans: scopes,
          scope_spans: scopes,
          instrumentationLibrarySpans: scopes,
          instrumentation_library_spans: scopes,
          ilSpans: scopes,
        },
        onOpen: () => this.openResource(),
        onClose: () => this.closeResource(),
      },
      scopeSpansList: { item: { enter: 'scopeSpans' } },
      scopeSpans: {
        keys: {
          scope: { unit: () => this.readScope() },
          instrumentationLibrary: { unit: () => this.readScope() },
          instrumentation_library: { unit: () => this.readScope() },
          spans,
        },
        onOpen: () => this.openScope(),
        onClose: () => this.closeScope(),
      },
      otlpSpans: { item: { unit: () => this.readSpan() } },
    }
  }

  private openResource(): void {
    this.resourceRow = this.builder.count
    this.hasResource = false
    this.schemaUrl = ''
  }

  private readResource(): void {
    const { builder } = this
    const resource = this.resources.read(this.reader, (value) =>
      builder.addResource(readResource(attributePairs(isRecord(value) ? value.attributes : undefined))),
    )
    builder.resource = resource
    this.hasResource = true
    builder.patchResource(this.resourceRow, () => resource)
  }

  private readSchemaUrl(): void {
    if (this.reader.readScalar() && !this.reader.textIs('null')) this.schemaUrl = this.reader.textString()
  }

  private closeResource(): void {
    const { builder } = this
    if (builder.count === this.resourceRow || (this.hasResource && this.schemaUrl === '')) return
    const known = this.hasResource ? builder.resources[builder.resource]?.attributes : undefined
    const resource = builder.addResource(readResource(known ?? {}, this.schemaUrl))
    builder.patchResource(this.resourceRow, () => resource)
  }

  private openScope(): void {
    this.scopeRow = this.builder.count
    this.hasScope = false
  }

  private readScope(): void {
    const { builder } = this
    const scope = this.scopes.read(this.reader, (value) => {
      const name = isRecord(value) ? plainText(value.name) : ''
      const version = isRecord(value) ? plainText(value.version) : ''
      return builder.addScope(version === '' ? { name } : { name, version })
    })
    builder.scope = scope
    this.hasScope = true
    builder.patchScope(this.scopeRow, scope)
  }

  private closeScope(): void {
    if (this.hasScope || this.builder.count === this.scopeRow) return
    this.builder.patchScope(this.scopeRow, this.builder.addScope({ name: '' }))
  }

  /** A span without a resource around it. */
  readLooseSpan(): void {
    this.builder.nameFormat('otlp-json')
    this.builder.resource = this.builder.addResource(readResource({}))
    this.builder.scope = this.builder.addScope({ name: '' })
    this.readSpan()
  }

  private readSpan(): void {
    const { reader, builder, time } = this
    const offset = reader.offset
    if (!reader.openObject()) {
      this.skip('A span is no object', offset)
      return
    }
    builder.beginSpan()
    let bad = ''
    let traceForm: IdForm = 'none'
    let spanForm: IdForm = 'none'
    while (reader.nextKey()) {
      const place = SPAN_KEYS.find(reader.text, reader.from, reader.to)
      switch (SNAKE[place] ?? place) {
        case 0:
          traceForm = reader.readScalar() ? readIdText(reader.text, reader.from, reader.to, builder.traceWords) : 'bad'
          if (traceForm !== 'hex') bad ||= this.judgeId(traceForm, 'trace id', offset)
          break
        case 1:
          spanForm = this.readSpanId()
          builder.idHigh = this.id[0] as number
          builder.idLow = this.id[1] as number
          if (spanForm !== 'hex') bad ||= this.judgeId(spanForm, 'span id', offset)
          break
        case 2:
          if (reader.readScalar()) builder.traceState = this.internScalar()
          break
        case 3: {
          const form = this.readSpanId()
          builder.parentHigh = this.id[0] as number
          builder.parentLow = this.id[1] as number
          if (form !== 'hex' && form !== 'none') bad ||= this.judgeId(form, 'parent span id', offset)
          break
        }
        case 4:
          this.setFlags(readNumber(reader))
          break
        case 5:
          if (reader.readScalar()) builder.name = this.internScalar()
          break
        case 6:
          builder.kind = this.readEnum(KIND_NAMES, 'a span kind', offset)
          break
        case 7:
          if (!readUnixNs(reader, time)) bad ||= 'A start time is none'
          builder.startSeconds = time.seconds
          builder.startNanos = time.nanos
          break
        case 8:
          if (!readUnixNs(reader, time)) bad ||= 'An end time is none'
          builder.endSeconds = time.seconds
          builder.endNanos = time.nanos
          break
        case 9:
          this.readAttributes()
          break
        case 10:
          this.readEvents()
          break
        case 11:
          this.readLinks(offset)
          break
        case 12:
          this.readStatus(offset)
          break
        default:
          reader.skipValue()
      }
    }
    if (bad !== '') {
      this.skip(bad, offset)
      return
    }
    if (traceForm === 'none') {
      this.skip('A span has no trace id', offset)
      return
    }
    if (spanForm === 'none') this.note('Spans have no span id', offset)
    builder.commitSpan()
  }

  /** What is wrong with an id; '' where it can be used. */
  private judgeId(form: IdForm, what: string, offset: number): string {
    if (form === 'bad') return `A ${what} is neither hex nor base64 of its length`
    if (form === 'short') this.note(`A ${what} has fewer digits than OTLP asks for; it was padded on the left`, offset)
    if (form === 'base64' && !this.isTempo) this.note(`A ${what} is base64, OTLP JSON asks for hex`, offset)
    return ''
  }

  private readSpanId(): IdForm {
    const { reader } = this
    if (!reader.readScalar()) return 'bad'
    return readIdText(reader.text, reader.from, reader.to, this.id)
  }

  private setFlags(flags: number): void {
    if (!(flags > 0)) return
    this.builder.traceFlags = flags & 0xff
    if ((flags & 0x100) !== 0) this.builder.parentPlace = (flags & 0x200) === 0 ? 1 : 2
  }

  private readEnum(names: readonly string[], what: string, offset: number): number {
    const { reader } = this
    if (!reader.readScalar()) return 0
    const number = reader.textNumber()
    if (number >= 0 && number < names.length) return number
    const named = names.indexOf(reader.textString())
    if (named >= 0 && !this.isTempo) this.note(`${capital(what)} is a name, OTLP JSON asks for its number`, offset)
    if (named < 0 && !reader.textIs('null')) this.note(`${capital(what)} is unknown and was taken for unset`, offset)
    return Math.max(0, named)
  }

  private readAttributes(only?: ReadonlySet<string>): void {
    const { reader, builder } = this
    if (!reader.openArray()) return
    while (reader.nextItem()) {
      if (!reader.openObject()) continue
      let key = -2
      let valueAt = -1
      let isRead = false
      while (reader.nextKey()) {
        const place = PAIR_KEYS.find(reader.text, reader.from, reader.to)
        if (place === 0) {
          if (!reader.readScalar()) continue
          key = builder.keys.find(reader.text, reader.from, reader.to)
        } else if (place === 1) {
          valueAt = reader.at
          if (key >= 0 && isWanted(builder.keys.keys[key], only)) {
            builder.addAttribute(key, readAnyValueText(reader, builder.texts))
            isRead = true
          } else reader.skipValue()
        } else reader.skipValue()
      }
      if (isRead || key < 0 || valueAt < 0 || !isWanted(builder.keys.keys[key], only)) continue
      // The value came before its key.
      const after = reader.at
      reader.at = valueAt
      builder.addAttribute(key, readAnyValueText(reader, builder.texts))
      reader.at = after
    }
  }

  private readEvents(): void {
    const { reader, builder, time } = this
    if (!reader.openArray()) return
    while (reader.nextItem()) {
      if (!reader.openObject()) continue
      let name = 0
      let seconds = 0
      let nanos = 0
      while (reader.nextKey()) {
        const place = EVENT_KEYS.find(reader.text, reader.from, reader.to)
        if (place === 0 || place === 3) {
          readUnixNs(reader, time)
          seconds = time.seconds
          nanos = time.nanos
        } else if (place === 1) {
          if (reader.readScalar()) name = this.internScalar()
        } else if (place === 2) this.readAttributes(EXCEPTION_KEYS)
        else reader.skipValue()
      }
      builder.addEvent(name, seconds, nanos)
    }
  }

  private readLinks(offset: number): void {
    const { reader, builder, linkTrace, linkId } = this
    if (!reader.openArray()) return
    while (reader.nextItem()) {
      if (!reader.openObject()) continue
      let isBad = false
      linkTrace.fill(0)
      linkId.fill(0)
      while (reader.nextKey()) {
        const place = LINK_KEYS.find(reader.text, reader.from, reader.to)
        if (place === -1) {
          reader.skipValue()
          continue
        }
        const words = (place & 1) === 0 ? linkTrace : linkId
        isBad = !reader.readScalar() || readIdText(reader.text, reader.from, reader.to, words) === 'bad' || isBad
      }
      if (isBad) this.note('Links have an id that is none and were left out', offset)
      else builder.addLink(linkTrace, linkId[0] as number, linkId[1] as number)
    }
  }

  private readStatus(offset: number): void {
    const { reader, builder } = this
    if (!reader.openObject()) return
    while (reader.nextKey()) {
      const place = STATUS_KEYS.find(reader.text, reader.from, reader.to)
      if (place === 0) builder.status = this.readEnum(STATUS_NAMES, 'a status code', offset)
      else if (place === 1) {
        if (!reader.readScalar() || reader.to === reader.from) continue
        builder.addAttributeText(this.descriptionKey, this.internScalar())
      } else reader.skipValue()
    }
  }

  private internScalar(): number {
    const { reader } = this
    return this.builder.texts.intern(reader.text, reader.from, reader.to)
  }

  private note(message: string, offset: number): void {
    this.builder.noteSpan(message, offset)
  }

  private skip(message: string, offset: number): void {
    this.builder.skipSpan(message, offset)
  }
}

/** Of events, what says why a span failed is kept with the span. */
const EXCEPTION_KEYS: ReadonlySet<string> = new Set(['exception.type', 'exception.message'])

function isWanted(key: string | undefined, only: ReadonlySet<string> | undefined): boolean {
  return only === undefined || (key !== undefined && only.has(key))
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
