/**
 * Puts a LogTable together: columns that grow, texts and resources interned, everything bounded.
 * A record without a time, or 104 days from the others, has NaN for its time: it counts, and lies in no window.
 */
import { type Decoded, type IssueLog, openIssueLog } from '../../model/issue.ts'
import type { LogTable, SpanResource } from '../../model/spans.ts'
import { growColumn } from '../goroutine-dump/intern.ts'
import { type FullSpanLimits, fillSpanLimits, type SpanLimits } from '../stream/limits.ts'
import { readIdText } from '../stream/span-ids.ts'
import { findBaseSeconds, isFar, type TimePair } from '../stream/span-times.ts'
import { TextPool } from '../stream/text-pool.ts'

/** Characters of the body that are kept. */
const MAX_BODY_CHARS = 256
const FIRST = 256

export class LogBuilder {
  readonly limits: FullSpanLimits
  readonly issues: IssueLog = openIssueLog()
  readonly texts: TextPool
  readonly resources: SpanResource[] = []
  private readonly resourceByKey = new Map<string, number>()
  private readonly sources: { name: string; format: string; records: number }[] = []
  private readonly encoder = new TextEncoder()

  /** The record in hand. */
  readonly time: TimePair = { seconds: 0, nanos: 0 }
  readonly traceWords = new Uint32Array(4)
  readonly spanWords = new Uint32Array(2)
  odd = 0
  severity = 0
  body = 0
  resource = 0

  count = 0
  private omitted = 0
  private times: Uint32Array = new Uint32Array(FIRST * 2)
  private ids: Uint32Array = new Uint32Array(FIRST * 6)
  private odds: Uint32Array = new Uint32Array(FIRST)
  private severities: Uint8Array = new Uint8Array(FIRST)
  private bodies: Uint32Array = new Uint32Array(FIRST)
  private resourceOf: Uint32Array = new Uint32Array(FIRST)

  constructor(limits: SpanLimits = {}) {
    this.limits = fillSpanLimits(limits)
    this.texts = new TextPool(this.limits.maxStringBytes, this.limits.maxValueBytes)
  }

  beginSource(name: string, format: string): void {
    this.sources.push({ name, format, records: 0 })
  }

  nameFormat(format: string): void {
    const source = this.sources.at(-1)
    if (source !== undefined) source.format = format
  }

  get file(): string {
    return this.sources.at(-1)?.name ?? ''
  }

  addResource(resource: SpanResource): number {
    const key = JSON.stringify(resource, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
    const known = this.resourceByKey.get(key)
    if (known !== undefined) return known
    if (this.resources.length >= this.limits.maxResources) return this.resources.length - 1
    this.resourceByKey.set(key, this.resources.length)
    return this.resources.push(resource) - 1
  }

  beginRecord(): void {
    this.time.seconds = 0
    this.time.nanos = 0
    this.traceWords.fill(0)
    this.spanWords.fill(0)
    this.odd = 0
    this.severity = 0
    this.body = 0
  }

  setBody(text: string): void {
    this.body = this.texts.internText(text.slice(0, MAX_BODY_CHARS))
  }

  /** What stands where the trace id belongs: an id, or a word that is kept as it is. */
  setTraceId(text: string): void {
    const bytes = this.encoder.encode(text.slice(0, 256))
    const form = readIdText(bytes, 0, bytes.length, this.traceWords)
    if ((form === 'hex' || form === 'base64') && this.traceWords.some((word) => word !== 0)) return
    this.traceWords.fill(0)
    if (form !== 'none' && !/^0+$/.test(text)) this.odd = this.texts.internText(text.slice(0, 256))
  }

  setSpanId(text: string): void {
    const bytes = this.encoder.encode(text.slice(0, 64))
    const form = readIdText(bytes, 0, bytes.length, this.spanWords)
    if (form !== 'hex' && form !== 'base64') this.spanWords.fill(0)
  }

  commitRecord(): void {
    const row = this.count
    if (row >= this.limits.maxSpans) {
      this.omitted++
      return
    }
    if (row + 1 > this.odds.length) this.growRows(row + 1)
    this.times[row * 2] = this.time.seconds
    this.times[row * 2 + 1] = this.time.nanos
    this.ids.set(this.traceWords, row * 6)
    this.ids.set(this.spanWords, row * 6 + 4)
    this.odds[row] = this.odd
    this.severities[row] = this.severity
    this.bodies[row] = this.body
    this.resourceOf[row] = this.resource
    this.count = row + 1
    const source = this.sources[this.sources.length - 1]
    if (source !== undefined) source.records++
  }

  /** For inputs that name the resource after the records. */
  patchResource(fromRow: number, resource: number): void {
    this.resourceOf.fill(resource, fromRow, this.count)
  }

  private growRows(needed: number): void {
    const rows = Math.max(needed, Math.ceil(this.odds.length * 1.6))
    this.times = growColumn(this.times, rows * 2)
    this.ids = growColumn(this.ids, rows * 6)
    this.odds = growColumn(this.odds, rows)
    this.severities = growColumn(this.severities, rows)
    this.bodies = growColumn(this.bodies, rows)
    this.resourceOf = growColumn(this.resourceOf, rows)
  }

  /** The table. The builder is used up. */
  finish(): Decoded<LogTable> {
    const rows = this.count
    const { base, timeNs } = this.finishTimes()
    const traceIds = new Uint8Array(rows * 16)
    const spanIds = new Uint8Array(rows * 8)
    const traceView = new DataView(traceIds.buffer)
    const spanView = new DataView(spanIds.buffer)
    for (let row = 0; row < rows; row++) {
      for (let at = 0; at < 4; at++) traceView.setUint32(row * 16 + at * 4, this.ids[row * 6 + at] as number)
      for (let at = 0; at < 2; at++) spanView.setUint32(row * 8 + at * 4, this.ids[row * 6 + 4 + at] as number)
    }
    if (this.omitted > 0) {
      const message = `Log records beyond the limit of ${this.limits.maxSpans} were left out`
      this.issues.add('SL_DECODE_SPAN_LIMIT', message, { count: this.omitted })
    }
    const table: LogTable = {
      count: rows,
      baseUnixNs: BigInt(base) * 1_000_000_000n,
      strings: this.texts.list(),
      resources: this.resources.length === 0 ? [{ service: 'unknown_service', attributes: {} }] : this.resources,
      timeNs,
      traceIds,
      spanIds,
      oddTraceIds: this.odds.slice(0, rows),
      severities: this.severities.slice(0, rows),
      bodies: this.bodies.slice(0, rows),
      resourceOf: this.resourceOf.slice(0, rows),
      sources: this.sources,
    }
    return { value: table, issues: this.issues.list() }
  }

  private finishTimes(): { base: number; timeNs: Float64Array } {
    const { times, count } = this
    const timed = new Uint32Array(count * 2)
    let known = 0
    for (let row = 0; row < count; row++) {
      if (times[row * 2] === 0 && times[row * 2 + 1] === 0) continue
      timed[known * 2] = times[row * 2] as number
      known++
    }
    const base = findBaseSeconds(timed, known)
    const timeNs = new Float64Array(count)
    let far = 0
    for (let row = 0; row < count; row++) {
      const seconds = times[row * 2] as number
      const nanos = times[row * 2 + 1] as number
      const isNone = seconds === 0 && nanos === 0
      if (!isNone && isFar(seconds, base)) far++
      timeNs[row] = isNone || isFar(seconds, base) ? Number.NaN : (seconds - base) * 1e9 + nanos
    }
    const missing = count - known
    if (far > 0) {
      this.issues.add(
        'SL_DECODE_SPAN_ODD',
        'Log records lie more than 104 days from the others: their time is not used',
        {
          count: far,
        },
      )
    }
    if (missing > 0) {
      const message = 'Log records have no time that could be read'
      this.issues.add('SL_DECODE_SPAN_ODD', message, { severity: 'info', count: missing })
    }
    return { base, timeNs }
  }
}
