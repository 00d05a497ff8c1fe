/**
 * Spans of OTLP protobuf (trace.proto of opentelemetry-proto 1.11), read in one pass into the columns: no message
 * object is made. Field numbers are those of the .proto; what is not known is passed over.
 */
import { readEnd, readTag, readVarint32, readVarint64, skipField } from '../pprof/wire.ts'
import type { ByteWindow } from '../stream/byte-window.ts'
import { readFixed32, readProtoResource, readProtoScope, readProtoValueText } from '../stream/proto-values.ts'
import { type ProtoRole, ProtoWalk } from '../stream/proto-walk.ts'
import { readResource } from '../stream/resources.ts'
import { type IdForm, readIdBytes } from '../stream/span-ids.ts'
import { splitHalves, type TimePair } from '../stream/span-times.ts'
import { ValueCache } from '../stream/value-cache.ts'
import type { SpanBuilder } from './span-builder.ts'

export function openSpanProto(builder: SpanBuilder): ProtoWalk {
  return new ProtoWalk((window) => new OtlpProtoSpans(window, builder).role(), {
    limits: builder.limits,
    issues: builder.issues,
    fileOf: () => builder.file,
    onDrop: () => builder.dropSpan(),
  })
}

class OtlpProtoSpans {
  private readonly window: ByteWindow
  private readonly builder: SpanBuilder
  private readonly time: TimePair = { seconds: 0, nanos: 0 }
  private readonly id = new Uint32Array(2)
  private readonly linkTrace = new Uint32Array(4)
  private readonly resources = new ValueCache()
  private readonly scopes = new ValueCache()
  private readonly descriptionKey: number
  private readonly exceptionKeys: readonly number[]
  private resourceRow = 0
  private scopeRow = 0
  private hasResource = false
  private hasScope = false
  private schemaUrl = ''

  constructor(window: ByteWindow, builder: SpanBuilder) {
    this.window = window
    this.builder = builder
    this.descriptionKey = builder.texts.internText('otel.status_description')
    this.exceptionKeys = ['exception.type', 'exception.message'].map((key) => builder.keys.keys.indexOf(key))
  }

  role(): ProtoRole {
    const scopeSpans: ProtoRole = {
      fields: { 1: { unit: (end) => this.readScope(end) }, 2: { unit: (end) => this.readSpan(end) } },
      onOpen: () => this.openScope(),
      onClose: () => this.closeScope(),
    }
    const resourceSpans: ProtoRole = {
      // 1000: instrumentation_library_spans, of 2022 and before.
      fields: {
        1: { unit: (end) => this.readResource(end) },
        2: { enter: scopeSpans },
        3: { unit: (end) => this.readSchemaUrl(end) },
        1000: { enter: scopeSpans },
      },
      onOpen: () => this.openResource(),
      onClose: () => this.closeResource(),
    }
    return { fields: { 1: { enter: resourceSpans } }, onOpen: () => this.builder.nameFormat('otlp-protobuf') }
  }

  private openResource(): void {
    this.resourceRow = this.builder.count
    this.hasResource = false
    this.schemaUrl = ''
  }

  private readResource(end: number): void {
    const { builder, window } = this
    const resource = this.resources.readBytes(window.bytes, window.at, end, () =>
      builder.addResource(readResource(readProtoResource(window, end))),
    )
    builder.resource = resource
    this.hasResource = true
    builder.patchResource(this.resourceRow, () => resource)
  }

  private readSchemaUrl(end: number): void {
    const { window } = this
    this.schemaUrl = new TextDecoder().decode(window.bytes.subarray(window.at, end))
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

  private readScope(end: number): void {
    const { builder, window } = this
    const scope = this.scopes.readBytes(window.bytes, window.at, end, () =>
      builder.addScope(readProtoScope(window, end)),
    )
    builder.scope = scope
    this.hasScope = true
    builder.patchScope(this.scopeRow, scope)
  }

  private closeScope(): void {
    if (this.hasScope || this.builder.count === this.scopeRow) return
    this.builder.patchScope(this.scopeRow, this.builder.addScope({ name: '' }))
  }

  private readSpan(end: number): void {
    const { window, builder, time } = this
    const offset = window.offset
    builder.beginSpan()
    let bad = ''
    let traceForm: IdForm = 'none'
    let spanForm: IdForm = 'none'
    let parentForm: IdForm = 'none'
    while (window.at < end) {
      const tag = readTag(window, end)
      switch (tag) {
        case 10:
          traceForm = this.readId(end, builder.traceWords)
          break
        case 18:
          spanForm = this.readId(end, this.id)
          builder.idHigh = this.id[0] as number
          builder.idLow = this.id[1] as number
          break
        case 26:
          builder.traceState = this.internField(end)
          break
        case 34:
          parentForm = this.readId(end, this.id)
          builder.parentHigh = this.id[0] as number
          builder.parentLow = this.id[1] as number
          break
        case 42:
          builder.name = this.internField(end)
          break
        case 48: {
          const kind = readVarint64(window, end)
          builder.kind = kind <= 5 && window.hi === 0 ? kind : 0
          if (builder.kind !== kind) builder.noteSpan('A span kind is unknown and was taken for unset', offset)
          break
        }
        case 57:
          if (!this.readTime(end)) bad ||= 'A start time is past the year 2106'
          builder.startSeconds = time.seconds
          builder.startNanos = time.nanos
          break
        case 65:
          if (!this.readTime(end)) bad ||= 'An end time is past the year 2106'
          builder.endSeconds = time.seconds
          builder.endNanos = time.nanos
          break
        case 74:
          this.readAttribute(readEnd(window, end), undefined)
          break
        case 90:
          this.readEvent(readEnd(window, end))
          break
        case 106:
          this.readLink(readEnd(window, end), offset)
          break
        case 122:
          this.readStatus(readEnd(window, end))
          break
        case 133:
          this.setFlags(readFixed32(window, end))
          break
        default:
          skipField(window, tag, end)
      }
    }
    if (traceForm === 'bad') bad ||= 'A trace id is longer than 16 bytes'
    if (spanForm === 'bad' || parentForm === 'bad') bad ||= 'A span id is longer than 8 bytes'
    if (traceForm === 'none') bad ||= 'A span has no trace id'
    if (bad !== '') {
      builder.skipSpan(bad, offset)
      return
    }
    if (traceForm === 'short' || spanForm === 'short' || parentForm === 'short') {
      builder.noteSpan('An id is shorter than OTLP asks for; it was padded on the left', offset)
    }
    if (spanForm === 'none') builder.noteSpan('Spans have no span id', offset)
    builder.commitSpan()
  }

  private readId(outer: number, words: Uint32Array): IdForm {
    const { window } = this
    const end = readEnd(window, outer)
    const form = readIdBytes(window.bytes, window.at, end, words)
    window.at = end
    return form
  }

  private internField(outer: number): number {
    const { window } = this
    const end = readEnd(window, outer)
    const text = this.builder.texts.intern(window.bytes, window.at, end)
    window.at = end
    return text
  }

  private readTime(end: number): boolean {
    const { window } = this
    const low = readFixed32(window, end)
    return splitHalves(readFixed32(window, end), low, this.time)
  }

  private readAttribute(end: number, only: readonly number[] | undefined): void {
    const { window, builder } = this
    let key = -1
    let valueAt = -1
    let valueEnd = 0
    while (window.at < end) {
      const tag = readTag(window, end)
      if (tag === 10) {
        const to = readEnd(window, end)
        key = builder.keys.find(window.bytes, window.at, to)
        window.at = to
        if (key === -1) {
          window.at = end
          return
        }
      } else if (tag === 18) {
        valueEnd = readEnd(window, end)
        valueAt = window.at
        window.at = valueEnd
      } else skipField(window, tag, end)
    }
    if (key === -1 || valueAt === -1 || (only !== undefined && !only.includes(key))) return
    window.at = valueAt
    builder.addAttribute(key, readProtoValueText(window, valueEnd, builder.texts))
    window.at = end
  }

  private readEvent(end: number): void {
    const { window, builder, time } = this
    let name = 0
    time.seconds = 0
    time.nanos = 0
    while (window.at < end) {
      const tag = readTag(window, end)
      if (tag === 9) this.readTime(end)
      else if (tag === 18) name = this.internField(end)
      else if (tag === 26) this.readAttribute(readEnd(window, end), this.exceptionKeys)
      else skipField(window, tag, end)
    }
    builder.addEvent(name, time.seconds, time.nanos)
  }

  private readLink(end: number, offset: number): void {
    const { window, builder, linkTrace, id } = this
    linkTrace.fill(0)
    id.fill(0)
    let isBad = false
    while (window.at < end) {
      const tag = readTag(window, end)
      if (tag === 10) isBad = this.readId(end, linkTrace) === 'bad' || isBad
      else if (tag === 18) isBad = this.readId(end, id) === 'bad' || isBad
      else skipField(window, tag, end)
    }
    if (isBad) builder.noteSpan('Links have an id that is none and were left out', offset)
    else builder.addLink(linkTrace, id[0] as number, id[1] as number)
  }

  private readStatus(end: number): void {
    const { window, builder } = this
    while (window.at < end) {
      const tag = readTag(window, end)
      if (tag === 24) {
        const code = readVarint32(window, end)
        builder.status = code <= 2 ? code : 0
      } else if (tag === 18) {
        const text = this.internField(end)
        if (text !== 0) builder.addAttributeText(this.descriptionKey, text)
      } else skipField(window, tag, end)
    }
  }

  private setFlags(flags: number): void {
    if (flags === 0) return
    this.builder.traceFlags = flags & 0xff
    if ((flags & 0x100) !== 0) this.builder.parentPlace = (flags & 0x200) === 0 ? 1 : 2
  }
}
