/**
 * When the data was complete, for spans that may still come: the time of their file is an upper bound only, since a
 * copy is as old as the copying. What was taken from a running system lacks spans at its end; so a service whose lost
 * parents crowd at the end of the data is not believed to be complete there, whatever the file says.
 * Enters: trees, the time of the file, the settle window. Leaves: ns by the clock of the table, for BreakOptions.
 * The crowding is measured against chance: of the service's traces, as many lie in the tail as lie there, so do those
 * with a lost parent where they are lost evenly.
 */
import { ORPHAN, type SpanForest } from './forest.ts'

/** So unlikely by chance is no chance. */
const LEAST_CHANCE = 0.01
const HALVINGS = 6
/** Beyond, the normal approximation is as good. */
const EXACT_TRACES = 2_000

type Times = { readonly all: number[]; readonly lost: number[] }

/** `completeNs`: when the file was complete, absent where that is not known: then the last span's end is it. */
export function findReadTime(forest: SpanForest, completeNs: number | undefined, settleNs: number): number {
  const { startNs, endNs } = forest.spans
  const lastNs = endNs.reduce((last, end) => Math.max(last, end), 0)
  const firstNs = startNs.reduce((first, start) => Math.min(first, start), lastNs)
  if (completeNs === undefined || completeNs <= lastNs) return lastNs
  if (completeNs < lastNs + settleNs) return completeNs
  const services = [...listTimes(forest).values()].filter(({ lost }) => lost.length > 0)
  let cutNs = lastNs
  while (cutNs > lastNs - settleNs && cutNs > firstNs) {
    const tail = findTail(services, firstNs, cutNs, settleNs - (lastNs - cutNs))
    if (tail === undefined) break
    cutNs = tail
  }
  return cutNs === lastNs ? completeNs : cutNs + settleNs
}

/** By service, when the traces with a span of it ended, and those in which a parent of such a span is missing. */
function listTimes({ spans, parents, rows, traceStart }: SpanForest): Map<string, Times> {
  const times = new Map<string, Times>()
  for (let trace = 0; trace < spans.traceCount; trace++) {
    const isLost = new Map<string, boolean>()
    let endNs = Number.NEGATIVE_INFINITY
    for (let index = traceStart[trace] as number; index < (traceStart[trace + 1] as number); index++) {
      const row = rows[index] as number
      const service = spans.resources[spans.resourceOf[row] as number]?.service ?? ''
      if (parents[row] === ORPHAN) isLost.set(service, true)
      else if (!isLost.has(service)) isLost.set(service, false)
      endNs = Math.max(endNs, spans.endNs[row] as number)
    }
    for (const [service, lost] of isLost) {
      const own = times.get(service) ?? { all: [], lost: [] }
      times.set(service, own)
      own.all.push(endNs)
      if (lost) own.lost.push(endNs)
    }
  }
  return times
}

/** Where the longest tail begins in which some service's losses crowd. */
function findTail(services: readonly Times[], firstNs: number, cutNs: number, longestNs: number): number | undefined {
  let tailNs = Math.min(longestNs, (cutNs - firstNs) / 2)
  for (let halving = 0; halving < HALVINGS; halving++, tailNs /= 2) {
    const from = cutNs - tailNs
    const crowds = services.some(({ all, lost }) => {
      const traces = countWithin(all, Number.NEGATIVE_INFINITY, cutNs)
      const share = countWithin(all, from, cutNs) / Math.max(1, traces)
      const losses = countWithin(lost, Number.NEGATIVE_INFINITY, cutNs)
      return chanceOfAtLeast(countWithin(lost, from, cutNs), losses, share) < LEAST_CHANCE / HALVINGS
    })
    if (crowds) return from
  }
  return undefined
}

function countWithin(times: readonly number[], after: number, until: number): number {
  let count = 0
  for (const time of times) if (time > after && time <= until) count++
  return count
}

/** Of a binomial distribution: so many hits or more of `trials`, each with probability `share`. */
function chanceOfAtLeast(hits: number, trials: number, share: number): number {
  if (hits <= trials * share || share >= 1) return 1
  if (share <= 0) return 0
  if (trials > EXACT_TRACES) {
    const deviations = (hits - 0.5 - trials * share) / Math.sqrt(trials * share * (1 - share))
    return deviations > 4 ? 0 : Math.exp(-(deviations ** 2) / 2) / 2
  }
  let term = trials * Math.log(1 - share)
  let sum = 0
  for (let count = 0; count <= trials; count++) {
    if (count >= hits) sum += Math.exp(term)
    term += Math.log((trials - count) / (count + 1)) + Math.log(share / (1 - share))
  }
  return Math.min(1, sum)
}
