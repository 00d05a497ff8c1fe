/**
 * Puts a SpanTable together: columns that grow, texts, traces, resources and scopes interned, everything bounded.
 * Enters: one span at a time: `beginSpan`, its fields, its lists, then `commitSpan` or `dropSpan`.
 * Leaves: `finish()`, the table with the issues that reading left. Times are kept as (seconds, nanoseconds) until then,
 * so that no first span decides what base the others stand on: the base is the median, to the second.
 * Fields are public to the readers of this folder. To make a table from plain rows, see span-rows.ts.
 */
import { type Decoded, type IssueLog, openIssueLog } from '../../model/issue.ts'
import type { SpanFormat, SpanResource, SpanScope, SpanSource, SpanTable } from '../../model/spans.ts'
import { trustedAttributes } from '../../model/spans.ts'
import { growColumn } from '../goroutine-dump/intern.ts'
import { type FullSpanLimits, fillSpanLimits, type SpanLimits } from '../stream/limits.ts'
import { everyNth, findBaseSeconds, isFar, toNs } from '../stream/span-times.ts'
import { KeySet, TextPool } from '../stream/text-pool.ts'
import { TraceIndex } from './trace-index.ts'

export type SpanBuilderOptions = {
  readonly limits?: SpanLimits
  /** Attribute keys to keep beside those of `trustedAttributes`. */
  readonly keepAttributes?: readonly string[]
}

/** Where a format has no trace flags. */
export const NO_TRACE_FLAGS = 255
const FIRST = 256

export class SpanBuilder {
  readonly limits: FullSpanLimits
  readonly issues: IssueLog = openIssueLog()
  readonly texts: TextPool
  readonly keys: KeySet
  /** Text index of each key of `keys`. */
  private readonly keyTexts: Uint32Array
  private readonly traceIndex = new TraceIndex()
  readonly resources: SpanResource[] = []
  private readonly resourceByKey = new Map<string, number>()
  readonly scopes: SpanScope[] = []
  private readonly scopeByKey = new Map<string, number>()
  private readonly sources: { name: string; format: SpanFormat; spans: number; mayBePartial?: string }[] = []
  private currentFile = ''
  private isFormatNamed = false
  private readonly kept: ReadonlySet<string>
  private readonly notes: { readonly message: string; readonly offset: number }[] = []

  /** The span in hand. */
  readonly traceWords = new Uint32Array(4)
  idHigh = 0
  idLow = 0
  parentHigh = 0
  parentLow = 0
  startSeconds = 0
  startNanos = 0
  endSeconds = 0
  endNanos = 0
  name = 0
  kind = 0
  status = 0
  parentPlace = 0
  traceFlags = NO_TRACE_FLAGS
  traceState = 0
  resource = 0
  scope = 0

  count = 0
  private traces: Uint32Array = new Uint32Array(FIRST)
  private ids: Uint32Array = new Uint32Array(FIRST * 2)
  private parents: Uint32Array = new Uint32Array(FIRST * 2)
  private startTimes: Uint32Array = new Uint32Array(FIRST * 2)
  private endTimes: Uint32Array = new Uint32Array(FIRST * 2)
  private names: Uint32Array = new Uint32Array(FIRST)
  /** kind, status, parent place, trace flags. */
  private smalls: Uint8Array = new Uint8Array(FIRST * 4)
  private traceStates: Uint32Array = new Uint32Array(FIRST)
  private resourceOf: Uint32Array = new Uint32Array(FIRST)
  private scopeOf: Uint32Array = new Uint32Array(FIRST)
  private sourceOf: Uint16Array = new Uint16Array(FIRST)
  private attributeStart: Uint32Array = new Uint32Array(FIRST)
  private linkStart: Uint32Array = new Uint32Array(FIRST)
  private eventStart: Uint32Array = new Uint32Array(FIRST)
  /** key, value */
  private attributes: Uint32Array = new Uint32Array(FIRST * 2)
  attributeCount = 0
  /** trace, id high, id low */
  private links: Uint32Array = new Uint32Array(FIRST * 3)
  linkCount = 0
  /** name, seconds, nanoseconds */
  private events: Uint32Array = new Uint32Array(FIRST * 3)
  eventCount = 0

  spansOmitted = 0
  private listsOmitted = 0
  private resourcesOmitted = 0
  /** Stands for all beyond the limit: no service is said to have done what another did. */
  private strangeResource: number | undefined
  private scopesOmitted = 0
  private timesMissing = 0
  private timesHalf = 0

  constructor(options: SpanBuilderOptions = {}) {
    this.limits = fillSpanLimits(options.limits)
    this.texts = new TextPool(this.limits.maxStringBytes, this.limits.maxValueBytes)
    this.keys = new KeySet([...trustedAttributes, ...(options.keepAttributes ?? [])])
    this.kept = new Set(this.keys.keys)
    this.keyTexts = Uint32Array.from(this.keys.keys, (key) => this.texts.internText(key))
  }

  /** The file (or stream) that the next spans come from. */
  beginSource(name: string, format: SpanFormat, mayBePartial?: string): void {
    this.currentFile = name
    this.isFormatNamed = false
    this.sources.push({ name, format, spans: 0, ...(mayBePartial === undefined ? {} : { mayBePartial }) })
  }

  /** Of a source that was begun before its format was known: the first word counts. */
  nameFormat(format: SpanFormat): void {
    const source = this.sources.at(-1)
    if (source === undefined || this.isFormatNamed) return
    source.format = format
    this.isFormatNamed = true
  }

  /** Whether attributes of this key are kept. */
  keeps(key: string): boolean {
    return this.kept.has(key)
  }

  /** A doubt about the span in hand: counted when that is kept. */
  noteSpan(message: string, offset: number): void {
    this.notes.push({ message, offset })
  }

  /** Drops the span in hand and says why. */
  skipSpan(message: string, offset: number): void {
    this.dropSpan()
    const why = `${message}: the span was left out`
    this.issues.add('SL_DECODE_SPAN_SKIPPED', why, { at: { file: this.currentFile, offset } })
  }

  /** Says of the current source that spans may be missing. */
  markPartial(why: string): void {
    const source = this.sources.at(-1)
    if (source !== undefined) source.mayBePartial ??= why
  }

  get file(): string {
    return this.currentFile
  }

  /** The index of a resource; equal ones are one. */
  addResource(resource: SpanResource): number {
    const key = JSON.stringify(resource, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
    const known = this.resourceByKey.get(key)
    if (known !== undefined) return known
    if (this.resources.length >= this.limits.maxResources) {
      this.resourcesOmitted++
      this.strangeResource ??= this.resources.push({ service: 'unknown_service', attributes: {} }) - 1
      return this.strangeResource
    }
    this.resourceByKey.set(key, this.resources.length)
    return this.resources.push(resource) - 1
  }

  addScope(scope: SpanScope): number {
    const key = `${scope.name}\0${scope.version ?? '\0'}`
    const known = this.scopeByKey.get(key)
    if (known !== undefined) return known
    if (this.scopes.length >= this.limits.maxResources) {
      this.scopesOmitted++
      return this.scopes.length - 1
    }
    this.scopeByKey.set(key, this.scopes.length)
    return this.scopes.push(scope) - 1
  }

  /** Clears the span in hand; resource and scope stay. */
  beginSpan(): void {
    const words = this.traceWords
    words[0] = 0
    words[1] = 0
    words[2] = 0
    words[3] = 0
    this.idHigh = 0
    this.idLow = 0
    this.parentHigh = 0
    this.parentLow = 0
    this.startSeconds = 0
    this.startNanos = 0
    this.endSeconds = 0
    this.endNanos = 0
    this.name = 0
    this.kind = 0
    this.status = 0
    this.parentPlace = 0
    this.traceFlags = NO_TRACE_FLAGS
    this.traceState = 0
    this.dropSpan()
  }

  /** `key`: a place in `keys`; `value`: an index of texts. */
  addAttribute(key: number, value: number): void {
    this.addAttributeText(this.keyTexts[key] as number, value)
  }

  /** Both are indices of texts. */
  addAttributeText(key: number, value: number): void {
    const at = this.attributeCount
    if (at >= this.limits.maxAttributes) {
      this.listsOmitted++
      return
    }
    if (at * 2 + 2 > this.attributes.length) this.attributes = growColumn(this.attributes, at * 2 + 2)
    this.attributes[at * 2] = key
    this.attributes[at * 2 + 1] = value
    this.attributeCount = at + 1
  }

  /** `words`: the trace id as four big-endian words. */
  addLink(words: Uint32Array, high: number, low: number): void {
    const at = this.linkCount
    if (at >= this.limits.maxLinks || !this.hasTraceRoom()) {
      this.listsOmitted++
      return
    }
    if (at * 3 + 3 > this.links.length) this.links = growColumn(this.links, at * 3 + 3)
    this.links[at * 3] = this.traceIndex.intern(words)
    this.links[at * 3 + 1] = high
    this.links[at * 3 + 2] = low
    this.linkCount = at + 1
  }

  addEvent(name: number, seconds: number, nanos: number): void {
    const at = this.eventCount
    if (at >= this.limits.maxEvents) {
      this.listsOmitted++
      return
    }
    if (at * 3 + 3 > this.events.length) this.events = growColumn(this.events, at * 3 + 3)
    this.events[at * 3] = name
    this.events[at * 3 + 1] = seconds
    this.events[at * 3 + 2] = nanos
    this.eventCount = at + 1
  }

  /** Keeps the span in hand. False when a limit keeps it out. */
  commitSpan(): boolean {
    const row = this.count
    if (row >= this.limits.maxSpans || !this.hasTraceRoom()) {
      this.spansOmitted++
      this.dropSpan()
      return false
    }
    if (!this.completeTimes()) return false
    if (row + 2 > this.traces.length) this.growRows(row + 2)
    this.traces[row] = this.traceIndex.intern(this.traceWords)
    this.ids[row * 2] = this.idHigh
    this.ids[row * 2 + 1] = this.idLow
    this.parents[row * 2] = this.parentHigh
    this.parents[row * 2 + 1] = this.parentLow
    this.startTimes[row * 2] = this.startSeconds
    this.startTimes[row * 2 + 1] = this.startNanos
    this.endTimes[row * 2] = this.endSeconds
    this.endTimes[row * 2 + 1] = this.endNanos
    this.names[row] = this.name
    this.smalls[row * 4] = this.kind
    this.smalls[row * 4 + 1] = this.status
    this.smalls[row * 4 + 2] = this.parentPlace
    this.smalls[row * 4 + 3] = this.traceFlags
    this.traceStates[row] = this.traceState
    this.resourceOf[row] = this.resource
    this.scopeOf[row] = this.scope
    this.sourceOf[row] = Math.min(Math.max(0, this.sources.length - 1), 0xffff)
    this.attributeStart[row + 1] = this.attributeCount
    this.linkStart[row + 1] = this.linkCount
    this.eventStart[row + 1] = this.eventCount
    this.count = row + 1
    const source = this.sources[this.sources.length - 1]
    if (source !== undefined) source.spans++
    if (this.notes.length > 0) this.flushNotes()
    return true
  }

  /** Forgets the lists of the span in hand. */
  dropSpan(): void {
    this.attributeCount = this.attributeStart[this.count] as number
    this.linkCount = this.linkStart[this.count] as number
    this.eventCount = this.eventStart[this.count] as number
    if (this.notes.length > 0) this.notes.length = 0
  }

  private flushNotes(): void {
    for (const { message, offset } of this.notes.splice(0)) {
      this.issues.add('SL_DECODE_SPAN_ODD', message, { severity: 'info', at: { file: this.currentFile, offset } })
    }
  }

  /** For inputs that name the resource (or scope) after the spans: sets it on rows from `fromRow` on. */
  patchResource(fromRow: number, resourceOf: (given: number) => number): void {
    for (let row = fromRow; row < this.count; row++) this.resourceOf[row] = resourceOf(this.resourceOf[row] as number)
  }

  patchScope(fromRow: number, scope: number): void {
    this.scopeOf.fill(scope, fromRow, this.count)
  }

  /** A span with one time lasts no time; one with none cannot be placed. */
  private completeTimes(): boolean {
    const hasStart = this.startSeconds !== 0 || this.startNanos !== 0
    const hasEnd = this.endSeconds !== 0 || this.endNanos !== 0
    if (hasStart && hasEnd) return true
    if (!hasStart && !hasEnd) {
      this.timesMissing++
      this.dropSpan()
      return false
    }
    this.timesHalf++
    if (hasStart) {
      this.endSeconds = this.startSeconds
      this.endNanos = this.startNanos
    } else {
      this.startSeconds = this.endSeconds
      this.startNanos = this.endNanos
    }
    return true
  }

  private hasTraceRoom(): boolean {
    return this.traceIndex.count < this.limits.maxTraces
  }

  private growRows(needed: number): void {
    const rows = Math.max(needed, Math.ceil(this.traces.length * 1.6))
    this.traces = growColumn(this.traces, rows)
    this.ids = growColumn(this.ids, rows * 2)
    this.parents = growColumn(this.parents, rows * 2)
    this.startTimes = growColumn(this.startTimes, rows * 2)
    this.endTimes = growColumn(this.endTimes, rows * 2)
    this.names = growColumn(this.names, rows)
    this.smalls = growColumn(this.smalls, rows * 4)
    this.traceStates = growColumn(this.traceStates, rows)
    this.resourceOf = growColumn(this.resourceOf, rows)
    this.scopeOf = growColumn(this.scopeOf, rows)
    this.sourceOf = growColumn(this.sourceOf, rows)
    this.attributeStart = growColumn(this.attributeStart, rows)
    this.linkStart = growColumn(this.linkStart, rows)
    this.eventStart = growColumn(this.eventStart, rows)
  }

  /** The table. The builder is used up. */
  finish(): Decoded<SpanTable> {
    const base = findBaseSeconds(this.startTimes, this.count)
    this.leaveOutFarTimes(base)
    this.noteLimits()
    const rows = this.count
    const smalls = this.smalls
    const small = (place: number) => everyNth(smalls, new Uint8Array(rows), 4, place)
    const table: SpanTable = {
      count: rows,
      baseUnixNs: BigInt(base) * 1_000_000_000n,
      strings: this.texts.list(),
      resources: this.resources.length === 0 ? [{ service: 'unknown_service', attributes: {} }] : this.resources,
      scopes: this.scopes.length === 0 ? [{ name: '' }] : this.scopes,
      traceIds: this.traceIndex.toBytes(),
      traceCount: this.traceIndex.count,
      traces: this.traces.slice(0, rows),
      idHigh: everyNth(this.ids, new Uint32Array(rows), 2, 0),
      idLow: everyNth(this.ids, new Uint32Array(rows), 2, 1),
      parentHigh: everyNth(this.parents, new Uint32Array(rows), 2, 0),
      parentLow: everyNth(this.parents, new Uint32Array(rows), 2, 1),
      startNs: toNs(this.startTimes, rows, 2, 0, base),
      endNs: toNs(this.endTimes, rows, 2, 0, base),
      names: this.names.slice(0, rows),
      kinds: small(0),
      statuses: small(1),
      parentPlaces: small(2),
      traceFlags: small(3),
      traceStates: this.traceStates.slice(0, rows),
      resourceOf: this.resourceOf.slice(0, rows),
      scopeOf: this.scopeOf.slice(0, rows),
      sourceOf: this.sourceOf.slice(0, rows),
      attributeStart: this.attributeStart.slice(0, rows + 1),
      attributeKeys: everyNth(this.attributes, new Uint32Array(this.attributeCount), 2, 0),
      attributeValues: everyNth(this.attributes, new Uint32Array(this.attributeCount), 2, 1),
      linkStart: this.linkStart.slice(0, rows + 1),
      linkTraces: everyNth(this.links, new Uint32Array(this.linkCount), 3, 0),
      linkHigh: everyNth(this.links, new Uint32Array(this.linkCount), 3, 1),
      linkLow: everyNth(this.links, new Uint32Array(this.linkCount), 3, 2),
      eventStart: this.eventStart.slice(0, rows + 1),
      eventNames: everyNth(this.events, new Uint32Array(this.eventCount), 3, 0),
      eventNs: toNs(this.events, this.eventCount, 3, 1, base),
      sources: this.sources as SpanSource[],
    }
    return { value: table, issues: this.issues.list() }
  }

  private leaveOutFarTimes(base: number): void {
    const { startTimes, endTimes } = this
    const isOut = (row: number) =>
      isFar(startTimes[row * 2] as number, base) || isFar(endTimes[row * 2] as number, base)
    let first = 0
    while (first < this.count && !isOut(first)) first++
    if (first === this.count) return
    const before = this.count
    this.count = first
    this.dropSpan()
    for (let row = first; row < before; row++) {
      if (isOut(row)) this.sourceOfRow(row).spans--
      else this.moveRow(row)
    }
    const message = 'Spans lie more than 104 days from the others and were left out'
    this.issues.add('SL_DECODE_SPAN_SKIPPED', message, { count: before - this.count })
  }

  private sourceOfRow(row: number): { spans: number } {
    return this.sources[this.sourceOf[row] as number] ?? { spans: 0 }
  }

  /** Moves a row and its lists down to the end of what is kept. */
  private moveRow(from: number): void {
    const to = this.count
    for (const column of [this.traces, this.names, this.traceStates, this.resourceOf, this.scopeOf, this.sourceOf]) {
      column[to] = column[from] as number
    }
    for (const column of [this.ids, this.parents, this.startTimes, this.endTimes]) {
      column.copyWithin(to * 2, from * 2, from * 2 + 2)
    }
    this.smalls.copyWithin(to * 4, from * 4, from * 4 + 4)
    const moved = (list: Uint32Array, start: Uint32Array, count: number, stride: number) => {
      const begin = start[from] as number
      const end = start[from + 1] as number
      list.copyWithin(count * stride, begin * stride, end * stride)
      return count + end - begin
    }
    this.attributeCount = moved(this.attributes, this.attributeStart, this.attributeCount, 2)
    this.linkCount = moved(this.links, this.linkStart, this.linkCount, 3)
    this.eventCount = moved(this.events, this.eventStart, this.eventCount, 3)
    this.count = to + 1
    this.attributeStart[to + 1] = this.attributeCount
    this.linkStart[to + 1] = this.linkCount
    this.eventStart[to + 1] = this.eventCount
  }

  private noteLimits(): void {
    const { limits, texts } = this
    const beyond = (count: number, what: string) => {
      if (count > 0) this.issues.add('SL_DECODE_SPAN_LIMIT', what, { count })
    }
    beyond(
      this.spansOmitted,
      `Spans beyond the limit of ${limits.maxSpans} (or ${limits.maxTraces} traces) were left out`,
    )
    beyond(this.listsOmitted, 'Attributes, links or events beyond their limits were left out')
    beyond(
      this.resourcesOmitted,
      `Resources beyond the limit of ${limits.maxResources} were taken for an unknown service`,
    )
    beyond(this.scopesOmitted, `Scopes beyond the limit of ${limits.maxResources} were taken for the last one`)
    beyond(texts.omitted, `Texts beyond the limit of ${limits.maxStringBytes} bytes were left empty`)
    beyond(texts.cut, `Texts longer than ${limits.maxValueBytes} bytes were cut`)
    if (this.timesMissing > 0) {
      const message = 'Spans have no time at all and were left out'
      this.issues.add('SL_DECODE_SPAN_SKIPPED', message, { count: this.timesMissing })
    }
    if (this.timesHalf > 0) {
      const message = 'Spans lack their start or their end: the time they have stands for both'
      this.issues.add('SL_DECODE_SPAN_ODD', message, { count: this.timesHalf })
    }
  }
}
