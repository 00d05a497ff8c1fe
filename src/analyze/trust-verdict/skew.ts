/**
 * How far the clocks of two hosts differ, from calls between them; times are never rewritten.
 * Enters: a forest. Leaves: one row per pair of hosts, estimated as skew-samples.ts has it. Not looked at: spans without
 * a host (unknown is never shared), and calls within one host.
 */
import type { SkewRow } from '../../model/trust/trust-data.ts'
import type { SpanForest } from '../trust/forest.ts'
import { compare } from './edges.ts'
import { type ClockPair, compareClocks } from './skew-samples.ts'

/** Fewer calls say nothing of a clock. */
const MIN_SKEW_PAIRS = 5

export type SkewEstimate = { readonly rows: readonly SkewRow[]; readonly omitted: number }

/** Pairs whose clocks surely differ first, by how much. */
export function estimateSkew(forest: SpanForest): SkewEstimate {
  const hosts = [...new Set(forest.spans.resources.flatMap(({ host }) => (host === undefined ? [] : [host])))]
  const names = hosts.filter((host) => host !== '').sort(compare)
  const places = new Map(names.map((host, index) => [host, index]))
  const placeOf = Int32Array.from(forest.spans.resources, ({ host }) => places.get(host ?? '') ?? -1)
  const { pairs, omitted } = compareClocks(forest, placeOf, names.length)
  const rows = pairs.filter(({ calls }) => calls >= MIN_SKEW_PAIRS).map((pair) => toRow(pair, names))
  rows.sort(
    (a, b) =>
      surePart(b) - surePart(a) ||
      Math.abs(b.offsetNs) - Math.abs(a.offsetNs) ||
      compare(a.from, b.from) ||
      compare(a.to, b.to),
  )
  return { rows, omitted }
}

/** Ns by which the clocks differ at least; 0 where they may agree. */
export function surePart({ interval: [least, most] }: Pick<SkewRow, 'interval'>): number {
  return least > 0 ? least : most < 0 ? -most : 0
}

function toRow({ from, to, offsetNs, interval, calls }: ClockPair, names: readonly string[]): SkewRow {
  return { from: names[from] ?? '', to: names[to] ?? '', offsetNs, interval: [...interval], pairs: calls }
}
