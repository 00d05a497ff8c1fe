/**
 * Service edges: who calls whom, in how many traces whole and in how many broken.
 * Enters: a forest and the cases that were found on it. Leaves: one row per (caller, callee). A whole crossing is a
 * child of another service, or a server's (consumer's) span below a client's (producer's); a broken one is a case that
 * names the edge and is `lost` or `unexplained`. A trace counts once per edge, as broken where any of its crossings is.
 * What is pending or exonerated is neither. One pass over the spans.
 */
import type { SpanTable } from '../../model/spans.ts'
import type { BreakCase } from '../trust/break-case.ts'
import { ORPHAN, type SpanForest } from '../trust/forest.ts'

export type EdgeCount = {
  readonly from: string
  readonly to: string
  /** Traces that crossed, the broken ones included. */
  readonly traces: number
  readonly broken: number
}

const SERVER = 2
const CLIENT = 3
const PRODUCER = 4
const CONSUMER = 5

/** Edges kept; a table of services is far smaller than this unless names hold ids. */
const MAX_EDGES = 10_000

export type CountedEdges = { readonly edges: readonly EdgeCount[]; readonly omitted: number }

type Tally = {
  from: string
  to: string
  whole: number
  lastTrace: number
  broken: Set<number>
  both: number
  least: number
}

/** Sorted by callers and callees. */
export function countEdges(forest: SpanForest, cases: readonly BreakCase[]): CountedEdges {
  const { spans, parents, traceStart, rows } = forest
  const { services, serviceOf } = numberServices(spans)
  const tallies = new Map<number, Tally>()
  const state = { omitted: 0 }
  const open = (from: number, to: number): Tally | undefined => {
    const key = from * services.length + to
    const known = tallies.get(key)
    if (known !== undefined) return known
    if (tallies.size >= MAX_EDGES) {
      state.omitted++
      return undefined
    }
    const made = {
      from: services[from] as string,
      to: services[to] as string,
      whole: 0,
      lastTrace: -1,
      broken: new Set<number>(),
      both: 0,
      least: 0,
    }
    tallies.set(key, made)
    return made
  }
  const known = new Map(services.map((name, index) => [name, index]))
  for (const one of cases) {
    if (!isBroken(one) || one.edge === undefined) continue
    for (const name of [one.edge.from, one.edge.to]) {
      if (!known.has(name)) known.set(name, services.push(name) - 1)
    }
  }
  for (const one of cases) {
    if (!isBroken(one) || one.edge !== undefined) continue
    // A service that lost spans at several edges: each of its callees' spans is a crossing of its own.
    const from = known.get(one.service)
    for (const row of one.rows) {
      const to = serviceOf[spans.resourceOf[row] as number] as number
      if (from !== undefined && from !== to && parents[row] === ORPHAN)
        open(from, to)?.broken.add(spans.traces[row] as number)
    }
  }
  for (const one of cases) {
    if (!isBroken(one) || one.edge === undefined) continue
    const tally = open(known.get(one.edge.from) as number, known.get(one.edge.to) as number)
    if (tally === undefined) continue
    for (const row of one.rows) tally.broken.add(spans.traces[row] as number)
    tally.least = Math.max(tally.least, one.affected)
  }
  for (let trace = 0; trace < spans.traceCount; trace++) {
    for (let at = traceStart[trace] as number; at < (traceStart[trace + 1] as number); at++) {
      const row = rows[at] as number
      const parent = parents[row] as number
      if (parent < 0) continue
      const from = serviceOf[spans.resourceOf[parent] as number] as number
      const to = serviceOf[spans.resourceOf[row] as number] as number
      if (from === to && !isCall(spans.kinds[parent] as number, spans.kinds[row] as number)) continue
      const tally = open(from, to)
      if (tally === undefined || tally.lastTrace === trace) continue
      tally.lastTrace = trace
      tally.whole++
      if (tally.broken.has(trace)) tally.both++
    }
  }
  // What is lost within a service is no call of itself.
  const calls = [...tallies.values()].filter(({ from, to, whole }) => from !== to || whole > 0)
  const edges = calls.map(({ from, to, whole, broken, both, least }) => {
    const lost = Math.max(broken.size, least)
    return { from, to, traces: whole - both + lost, broken: lost }
  })
  edges.sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to))
  return { edges, omitted: state.omitted }
}

export function isBroken({ state, logRecords }: BreakCase): boolean {
  return (state === 'lost' || state === 'unexplained') && logRecords === undefined
}

function isCall(parent: number, child: number): boolean {
  return (parent === CLIENT && child === SERVER) || (parent === PRODUCER && child === CONSUMER)
}

export function numberServices({ resources }: SpanTable): { services: string[]; serviceOf: Uint32Array } {
  const known = new Map<string, number>()
  const serviceOf = Uint32Array.from(resources, ({ service }) => {
    const found = known.get(service)
    if (found !== undefined) return found
    known.set(service, known.size)
    return known.size - 1
  })
  return { services: [...known.keys()], serviceOf }
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
