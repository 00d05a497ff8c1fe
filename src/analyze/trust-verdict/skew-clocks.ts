/**
 * One clock for each host, from all answered calls together: hosts that never call one another are compared through
 * third ones. Enters: a forest. Leaves: by resource how far its clock is ahead of its neighbours' common time, and which
 * clocks can be compared at all. Least squares over the pairs of skew-samples.ts, each weighed by how sure it is, begun
 * from the surest spanning tree. Without a host, an instance has a clock of its own; without that, the service.
 * For comparing times only: no span is ever moved.
 */
import type { SpanResource } from '../../model/spans.ts'
import type { SpanForest } from '../trust/forest.ts'
import { type ClockPair, compareClocks } from './skew-samples.ts'

const SWEEPS = 60
/** No estimate from one pair is surer: the two ways of a call differ. */
const LEAST_NS = 10e3

export type Clocks = {
  /** By resource: the clock it has. */
  readonly clockOf: Int32Array
  /** By clock: ns ahead of the common time of its part, whose median is 0. */
  readonly aheadNs: Float64Array
  /** By clock: those with one number can be compared. */
  readonly part: Int32Array
  /** By clock: about how far its estimate may be off. */
  readonly unsureNs: Float64Array
}

export function estimateClocks(forest: SpanForest): Clocks {
  const names = new Map<string, number>()
  const clockOf = Int32Array.from(forest.spans.resources, (resource) => {
    const name = nameClock(resource)
    const known = names.get(name)
    if (known !== undefined) return known
    names.set(name, names.size)
    return names.size - 1
  })
  const count = names.size
  const edges = compareClocks(forest, clockOf, count).pairs.map((pair) => ({ ...pair, weight: weigh(pair) }))
  edges.sort((a, b) => b.weight - a.weight || a.from - b.from || a.to - b.to)
  const { part, aheadNs } = spanTree(edges, count)
  relax(edges, aheadNs)
  centre(part, aheadNs)
  const unsureNs = new Float64Array(count)
  for (const { from, to, roomNs, weight } of edges) {
    // A quarter of the room: ways that differ as three to one.
    const own = Math.max(roomNs / 4, Math.sqrt(1 / weight))
    for (const clock of [from, to]) {
      const known = unsureNs[clock] as number
      unsureNs[clock] = known === 0 ? own : Math.min(known, own)
    }
  }
  return { clockOf, aheadNs, part, unsureNs }
}

function nameClock({ host, instance, service }: SpanResource): string {
  if (host !== undefined && host !== '') return `h\0${host}`
  return instance === undefined ? `s\0${service}` : `i\0${service}\0${instance}`
}

/** One over the variance of the pair's estimate. */
function weigh({ calls, spreadNs, roomNs }: ClockPair): number {
  const single = calls < 5 ? roomNs : Math.max(1.48 * spreadNs, roomNs / 8)
  return 1 / Math.max(LEAST_NS, single / Math.sqrt(calls)) ** 2
}

type Edge = ClockPair & { readonly weight: number }

/** Kruskal over edges that are sorted by weight, then each part from its lowest clock. */
function spanTree(edges: readonly Edge[], count: number): { part: Int32Array; aheadNs: Float64Array } {
  const roots = Int32Array.from({ length: count }, (_, clock) => clock)
  const rootOf = (clock: number): number => {
    let root = clock
    while (roots[root] !== root) root = roots[root] as number
    for (let at = clock; roots[at] !== root; ) {
      const next = roots[at] as number
      roots[at] = root
      at = next
    }
    return root
  }
  const near = Array.from({ length: count }, (): { to: number; ns: number }[] => [])
  for (const { from, to, offsetNs } of edges) {
    const one = rootOf(from)
    const other = rootOf(to)
    if (one === other) continue
    roots[Math.max(one, other)] = Math.min(one, other)
    near[from]?.push({ to, ns: offsetNs })
    near[to]?.push({ to: from, ns: -offsetNs })
  }
  const part = Int32Array.from({ length: count }, (_, clock) => rootOf(clock))
  const aheadNs = new Float64Array(count)
  const seen = new Uint8Array(count)
  for (let first = 0; first < count; first++) {
    if (seen[first] === 1) continue
    seen[first] = 1
    const open = [first]
    for (let clock = open.pop(); clock !== undefined; clock = open.pop()) {
      for (const { to, ns } of near[clock] ?? []) {
        if (seen[to] === 1) continue
        seen[to] = 1
        aheadNs[to] = (aheadNs[clock] as number) + ns
        open.push(to)
      }
    }
  }
  return { part, aheadNs }
}

/** Each clock to where its neighbours put it, again and again. */
function relax(edges: readonly Edge[], aheadNs: Float64Array): void {
  const sum = new Float64Array(aheadNs.length)
  const weights = new Float64Array(aheadNs.length)
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    sum.fill(0)
    weights.fill(0)
    for (const { from, to, offsetNs, weight } of edges) {
      sum[to] = (sum[to] as number) + weight * ((aheadNs[from] as number) + offsetNs)
      sum[from] = (sum[from] as number) + weight * ((aheadNs[to] as number) - offsetNs)
      weights[to] = (weights[to] as number) + weight
      weights[from] = (weights[from] as number) + weight
    }
    for (let clock = 0; clock < aheadNs.length; clock++) {
      const weight = weights[clock] as number
      // Half the way: two clocks that only know each other would swap places for ever.
      if (weight > 0) aheadNs[clock] = ((aheadNs[clock] as number) + (sum[clock] as number) / weight) / 2
    }
  }
}

function centre(part: Int32Array, aheadNs: Float64Array): void {
  const lists = new Map<number, number[]>()
  part.forEach((own, clock) => {
    const list = lists.get(own)
    if (list === undefined) lists.set(own, [clock])
    else list.push(clock)
  })
  for (const clocks of lists.values()) {
    const sorted = clocks.map((clock) => aheadNs[clock] as number).sort((a, b) => a - b)
    const middle = sorted[(sorted.length - 1) >> 1] as number
    for (const clock of clocks) aheadNs[clock] = (aheadNs[clock] as number) - middle
  }
}
