/**
 * Spans of Zipkin v2 JSON (openzipkin/zipkin-api zipkin2-api.yaml): a list of spans, or a list of such lists. Times are
 * microseconds, ids hex of 16 or 32 digits. A `shared` span has the id of its client's, and is a row of its own with
 * the attribute `zipkin.shared`; nothing is joined. A span without a kind stays unspecified.
 */
import { type AttributeValue, spanKinds } from '../../model/spans.ts'
import { isRecord, plainText } from '../stream/any-value.ts'
import { addMicros, readNumber, readUnixMicros } from '../stream/json-numbers.ts'
import type { JsonReader } from '../stream/json-reader.ts'
import { readResource } from '../stream/resources.ts'
import { type IdForm, readIdText } from '../stream/span-ids.ts'
import { splitMicros, type TimePair } from '../stream/span-times.ts'
import { KeySet } from '../stream/text-pool.ts'
import { ValueCache } from '../stream/value-cache.ts'
import { NO_TRACE_FLAGS, type SpanBuilder } from './span-builder.ts'

const SPAN_KEYS = new KeySet([
  'traceId',
  'id',
  'parentId',
  'kind',
  'name',
  'timestamp',
  'duration',
  'debug',
  'shared',
  'localEndpoint',
  'remoteEndpoint',
  'annotations',
  'tags',
])

export class ZipkinJsonSpans {
  private readonly reader: JsonReader
  private readonly builder: SpanBuilder
  private readonly id = new Uint32Array(2)
  private readonly time: TimePair = { seconds: 0, nanos: 0 }
  private readonly endpoints = new ValueCache()
  private scopeName = ''

  constructor(reader: JsonReader, builder: SpanBuilder) {
    this.reader = reader
    this.builder = builder
  }

  readSpan(): void {
    const { reader, builder, time, id } = this
    const offset = reader.offset
    if (!reader.openObject()) {
      this.skip('A span is no object', offset)
      return
    }
    builder.beginSpan()
    this.scopeName = ''
    let bad = ''
    let traceForm: IdForm = 'none'
    let duration = 0
    let resource: number | undefined
    time.seconds = 0
    time.nanos = 0
    while (reader.nextKey()) {
      switch (SPAN_KEYS.find(reader.text, reader.from, reader.to)) {
        case 0:
          traceForm = this.readId(builder.traceWords)
          if (traceForm === 'bad' || traceForm === 'base64') bad ||= 'A trace id is no hex number'
          break
        case 1: {
          const form = this.readId(id)
          if (form === 'bad' || form === 'base64') bad ||= 'A span id is no hex number'
          builder.idHigh = id[0] as number
          builder.idLow = id[1] as number
          break
        }
        case 2: {
          const form = this.readId(id)
          if (reader.textIs('null')) break
          if (form === 'bad' || form === 'base64') bad ||= 'A parent id is no hex number'
          builder.parentHigh = id[0] as number
          builder.parentLow = id[1] as number
          break
        }
        case 3:
          if (reader.readScalar()) builder.kind = kindOf(reader.textString())
          break
        case 4:
          if (reader.readScalar() && !reader.textIs('null')) {
            builder.name = builder.texts.intern(reader.text, reader.from, reader.to)
          }
          break
        case 5:
          if (!readUnixMicros(reader, time)) bad ||= 'A timestamp is none'
          break
        case 6:
          duration = readNumber(reader)
          break
        case 7:
          if (reader.readScalar()) builder.traceFlags = reader.textIs('true') ? 1 : NO_TRACE_FLAGS
          break
        case 8:
          if (reader.readScalar() && reader.textIs('true')) this.addText('zipkin.shared', 'true')
          break
        case 9:
          if (reader.peek() === 0x7b) resource = this.readEndpoint()
          else reader.skipValue()
          break
        case 10:
          this.readRemote()
          break
        case 11:
          this.readAnnotations()
          break
        case 12:
          this.readTags()
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
    addMicros(time, duration > 0 ? duration : 0)
    builder.endSeconds = time.seconds
    builder.endNanos = time.nanos
    builder.resource = resource ?? builder.addResource(readResource({}))
    builder.scope = builder.addScope({ name: this.scopeName })
    builder.commitSpan()
  }

  private readId(words: Uint32Array): IdForm {
    const { reader } = this
    return reader.readScalar() ? readIdText(reader.text, reader.from, reader.to, words) : 'bad'
  }

  /** The local endpoint is who emitted; its address is where. */
  private readEndpoint(): number {
    return this.endpoints.read(this.reader, (value) => {
      const endpoint = isRecord(value) ? value : {}
      const attributes: Record<string, AttributeValue> = {}
      const service = plainText(endpoint.serviceName)
      const address = plainText(endpoint.ipv4 ?? endpoint.ipv6)
      if (service !== '') attributes['service.name'] = service
      if (address !== '') attributes['host.ip'] = address
      if (typeof endpoint.port === 'number') attributes['net.host.port'] = endpoint.port
      return this.builder.addResource(readResource(attributes))
    })
  }

  private readRemote(): void {
    const value = this.reader.parseValue()
    if (!isRecord(value)) return
    this.addText('peer.service', plainText(value.serviceName))
    this.addText('network.peer.address', plainText(value.ipv4 ?? value.ipv6))
  }

  private readAnnotations(): void {
    const list = this.reader.parseValue()
    if (!Array.isArray(list)) return
    const time: TimePair = { seconds: 0, nanos: 0 }
    for (const item of list) {
      if (!isRecord(item) || !splitMicros(Number(item.timestamp), time)) continue
      this.builder.addEvent(this.builder.texts.internText(plainText(item.value)), time.seconds, time.nanos)
    }
  }

  private readTags(): void {
    const { reader, builder } = this
    if (!reader.openObject()) return
    while (reader.nextKey()) {
      const key = builder.keys.find(reader.text, reader.from, reader.to)
      const isError = reader.textIs('error')
      const isStatus = reader.textIs('otel.status_code')
      const isScope = reader.textIs('otel.scope.name') || reader.textIs('otel.library.name')
      if (key === -1 && !isError && !isStatus && !isScope) {
        reader.skipValue()
        continue
      }
      if (!reader.readScalar()) continue
      if (isStatus) builder.status = reader.textIs('ERROR') ? 2 : reader.textIs('OK') ? 1 : builder.status
      else if (isScope) this.scopeName = reader.textString()
      else if (isError && !reader.textIs('false')) {
        builder.status = 2
        // Zipkin's own habit: the tag says what the error was.
        if (!reader.textIs('true')) this.addText('otel.status_description', reader.textString())
      } else if (isError) continue
      else builder.addAttribute(key, builder.texts.intern(reader.text, reader.from, reader.to))
    }
  }

  private addText(key: string, text: string): void {
    const { builder } = this
    if (text !== '') builder.addAttributeText(builder.texts.internText(key), builder.texts.internText(text))
  }

  private skip(message: string, offset: number): void {
    this.builder.skipSpan(message, offset)
  }
}

function kindOf(text: string): number {
  return Math.max(0, spanKinds.indexOf(text.toLowerCase() as (typeof spanKinds)[number]))
}
