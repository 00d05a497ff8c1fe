/**
 * Class 6. Two traces whose ids share the low 64 bits, and a span of one whose parent is in the other. Ids are random:
 * one such pair is proof. Linear: traces are hashed by the low half of their ids.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { groupRows, makePlace } from '../trust/places.ts'
import { at, nameOfService, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'

const MAX_ROWS = 20_000
/** Of a trace: twins are looked for among the first of its spans. */
const MAX_TRACE_ROWS = 2_000

export const traceIdTruncated: BreakClassRule = {
  class: 'trace-id-truncated',
  find(facts) {
    const found: { row: number; from: number }[] = []
    for (const [one, other] of findTwins(facts)) {
      collect(facts, one, other, found)
      collect(facts, other, one, found)
    }
    const size = facts.services.length
    const callers = new Map(found.map(({ row, from }) => [row, from]))
    const rows = found.map(({ row }) => row)
    for (const row of rows) facts.taken[row] = 1
    const keyOf = (row: number): number => at(facts.operations.of, row) * size + (callers.get(row) ?? 0)
    return groupRows(rows, keyOf).map((own): BreakGroup => {
      const place = makePlace(facts, own)
      const from = nameOfService(facts, callers.get(own[0] as number) ?? 0)
      const why = `${own.length} spans ${place.operation} have their parents in another trace, of ${from}, whose id ends in the same 16 digits`
      return {
        ...place,
        shape: 'direct',
        edge: { from, to: place.service },
        claims: [{ class: 'trace-id-truncated', score: 0.98, settled: true, why }],
      }
    })
  },
}

/** Pairs of traces with the same low half; of many with the same, each with the first. */
function findTwins({ spans }: TrustFacts): [number, number][] {
  const words = new DataView(spans.traceIds.buffer, spans.traceIds.byteOffset, spans.traceIds.byteLength)
  const lowOf = (trace: number, part: number): number => words.getUint32(trace * 16 + 8 + part * 4)
  let size = 16
  while (size < spans.traceCount * 2) size *= 2
  const places = new Int32Array(size).fill(-1)
  const twins: [number, number][] = []
  for (let trace = 0; trace < spans.traceCount; trace++) {
    const high = lowOf(trace, 0)
    const low = lowOf(trace, 1)
    if (high === 0 && low === 0) continue
    let place = (Math.imul(high, 0x9e3779b1) ^ Math.imul(low, 0x85ebca6b)) & (size - 1)
    for (;;) {
      const known = at(places, place)
      if (known < 0) {
        places[place] = trace
        break
      }
      if (lowOf(known, 0) === high && lowOf(known, 1) === low) {
        twins.push([known, trace])
        break
      }
      place = (place + 1) & (size - 1)
    }
  }
  return twins
}

function collect(facts: TrustFacts, trace: number, other: number, found: { row: number; from: number }[]): void {
  const { spans, forest } = facts
  const end = (one: number): number =>
    Math.min(at(forest.traceStart, one + 1), at(forest.traceStart, one) + MAX_TRACE_ROWS)
  for (let index = at(forest.traceStart, trace); index < end(trace); index++) {
    const row = at(forest.rows, index)
    if (found.length >= MAX_ROWS) return
    if (at(forest.parents, row) >= 0 || (spans.parentHigh[row] === 0 && spans.parentLow[row] === 0)) continue
    for (let place = at(forest.traceStart, other); place < end(other); place++) {
      const parent = at(forest.rows, place)
      if (spans.idHigh[parent] !== spans.parentHigh[row] || spans.idLow[parent] !== spans.parentLow[row]) continue
      found.push({ row, from: serviceOfRow(facts, parent) })
      break
    }
  }
}
