/**
 * Spans by trace and by parent: who has whom as parent, which parents are not there, which ids are there twice.
 * Enters: a SpanTable. Leaves: columns over its rows; no row is changed, moved or left out. A parent is looked for in
 * the span's own trace only. Zipkin's shared spans (client and server under one id) are one call, not duplicates: the
 * server's row has the client's as parent. Cycles of parents are cut at the row that closes them, and counted.
 */
import type { SpanTable } from '../../model/spans.ts'

/** `parents` of a span without a parent id, and of one whose parent is not among the spans of its trace. */
export const ROOT = -1
export const ORPHAN = -2

const SERVER = 2
const CLIENT = 3

export type SpanForest = {
  readonly spans: SpanTable
  /** Row of the parent, ROOT or ORPHAN. */
  readonly parents: Int32Array
  /** Rows of trace t, by start: rows[traceStart[t] .. traceStart[t + 1]). */
  readonly traceStart: Uint32Array
  readonly rows: Uint32Array
  /** Children of row r, by start: children[childStart[r] .. childStart[r + 1]). */
  readonly childStart: Uint32Array
  readonly children: Uint32Array
  /** Rows whose id another row of the trace had before, Zipkin's shared ones apart. */
  readonly duplicates: readonly number[]
  /** Rows whose parents lead back to them. */
  readonly cyclic: readonly number[]
}

export function buildForest(spans: SpanTable): SpanForest {
  const { traceStart, rows } = orderByTrace(spans)
  const index = new SpanIndex(spans)
  const duplicates: number[] = []
  const sharedWith = new Map<number, number>()
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number
    if (spans.idHigh[row] === 0 && spans.idLow[row] === 0) continue
    const known = index.add(row)
    if (known === row) continue
    const partner = sharedPartner(spans, known, row)
    if (partner === undefined) duplicates.push(row)
    else sharedWith.set(partner.server, partner.client)
    if (partner?.client === row) index.replace(row)
  }
  const parents = new Int32Array(spans.count)
  for (let row = 0; row < spans.count; row++) {
    const client = sharedWith.get(row)
    if (client !== undefined) parents[row] = client
    else if (spans.parentHigh[row] === 0 && spans.parentLow[row] === 0) parents[row] = ROOT
    else {
      const found = index.findParent(row)
      parents[row] = found === undefined || found === row ? ORPHAN : found
    }
  }
  const cyclic = cutCycles(parents)
  return { spans, parents, traceStart, rows, ...listChildren(parents, rows), duplicates, cyclic }
}

function orderByTrace({ count, traceCount, traces, startNs }: SpanTable): {
  traceStart: Uint32Array
  rows: Uint32Array
} {
  const traceStart = new Uint32Array(traceCount + 1)
  for (let row = 0; row < count; row++) {
    const place = (traces[row] as number) + 1
    traceStart[place] = (traceStart[place] as number) + 1
  }
  for (let trace = 0; trace < traceCount; trace++) {
    traceStart[trace + 1] = (traceStart[trace + 1] as number) + (traceStart[trace] as number)
  }
  const next = traceStart.slice()
  const rows = new Uint32Array(count)
  for (let row = 0; row < count; row++) {
    const trace = traces[row] as number
    rows[next[trace] as number] = row
    next[trace] = (next[trace] as number) + 1
  }
  for (let trace = 0; trace < traceCount; trace++) {
    const part = rows.subarray(traceStart[trace], traceStart[trace + 1])
    if (part.length > 1)
      part.sort((left, right) => (startNs[left] as number) - (startNs[right] as number) || left - right)
  }
  return { traceStart, rows }
}

/** Client and server of one Zipkin call: the same id, one row of each kind, from two services. */
function sharedPartner(spans: SpanTable, one: number, other: number): { client: number; server: number } | undefined {
  const { kinds, resourceOf } = spans
  if (resourceOf[one] === resourceOf[other]) return undefined
  if (kinds[one] === CLIENT && kinds[other] === SERVER) return { client: one, server: other }
  if (kinds[one] === SERVER && kinds[other] === CLIENT) return { client: other, server: one }
  return undefined
}

/** Rows by (trace, span id): open addressing over row numbers, the keys being the columns themselves. */
class SpanIndex {
  private readonly spans: SpanTable
  private readonly places: Int32Array
  private readonly mask: number

  constructor(spans: SpanTable) {
    this.spans = spans
    let size = 16
    while (size < spans.count * 2) size *= 2
    this.places = new Int32Array(size).fill(-1)
    this.mask = size - 1
  }

  /** The row itself, or the one that had its id before. */
  add(row: number): number {
    const { traces, idHigh, idLow } = this.spans
    const place = this.find(traces[row] as number, idHigh[row] as number, idLow[row] as number)
    const known = this.places[place] as number
    if (known >= 0) return known
    this.places[place] = row
    return row
  }

  /** From now on the id means this row. */
  replace(row: number): void {
    const { traces, idHigh, idLow } = this.spans
    this.places[this.find(traces[row] as number, idHigh[row] as number, idLow[row] as number)] = row
  }

  findParent(row: number): number | undefined {
    const { traces, parentHigh, parentLow } = this.spans
    const place = this.find(traces[row] as number, parentHigh[row] as number, parentLow[row] as number)
    const known = this.places[place] as number
    return known < 0 ? undefined : known
  }

  private find(trace: number, high: number, low: number): number {
    const { traces, idHigh, idLow } = this.spans
    let hash = Math.imul(trace, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b) ^ Math.imul(low, 0xc2b2ae35)
    hash ^= hash >>> 15
    hash = Math.imul(hash, 0x2c1b3c6d)
    let place = (hash ^ (hash >>> 13)) & this.mask
    for (;;) {
      const row = this.places[place] as number
      if (row < 0 || (traces[row] === trace && idHigh[row] === high && idLow[row] === low)) return place
      place = (place + 1) & this.mask
    }
  }
}

/** Cuts each cycle at one row; those rows count as orphans. */
function cutCycles(parents: Int32Array): number[] {
  const cyclic: number[] = []
  /** 0: not looked at; 1: leads to a root; otherwise the walk that is under way. */
  const seen = new Int32Array(parents.length)
  for (let row = 0; row < parents.length; row++) {
    const walk = row + 2
    let at = row
    while (at >= 0 && seen[at] === 0) {
      seen[at] = walk
      const parent = parents[at] as number
      if (parent >= 0 && seen[parent] === walk) {
        cyclic.push(at)
        parents[at] = ORPHAN
        break
      }
      at = parent
    }
    for (let done = row; done >= 0 && seen[done] === walk; done = parents[done] as number) seen[done] = 1
  }
  return cyclic
}

function listChildren(parents: Int32Array, rows: Uint32Array): { childStart: Uint32Array; children: Uint32Array } {
  const childStart = new Uint32Array(parents.length + 1)
  let total = 0
  for (let row = 0; row < parents.length; row++) {
    const parent = parents[row] as number
    if (parent < 0) continue
    childStart[parent + 1] = (childStart[parent + 1] as number) + 1
    total++
  }
  for (let row = 0; row < parents.length; row++) {
    childStart[row + 1] = (childStart[row + 1] as number) + (childStart[row] as number)
  }
  const next = childStart.slice()
  const children = new Uint32Array(total)
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number
    const parent = parents[row] as number
    if (parent < 0) continue
    children[next[parent] as number] = row
    next[parent] = (next[parent] as number) + 1
  }
  return { childStart, children }
}
