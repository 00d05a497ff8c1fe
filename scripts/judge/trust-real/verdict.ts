/**
 * What `sightline trust --json` and `sightline audit --json` said of a recording, held against what was switched on.
 * Enters: the two envelopes as parsed JSON. Leaves: one line per case, and whether it is a miss. Knows nothing of how the
 * classes are found.
 */
import type { TrustBreak, TrustData } from '../../../src/model/trust/trust-data.ts'
import type { TrustCase } from './cases.ts'

export type Envelope<Data> = {
  readonly ok: boolean
  readonly data: Data
  readonly findings: readonly { readonly rule: string; readonly evidence?: readonly { readonly file?: string }[] }[]
  readonly error: { readonly code: string; readonly message: string } | null
}

export type Said = {
  /** `named`, `in set`, `nothing`, `exonerated`, or `other`: breaks, and the class is not among them. */
  readonly how: 'named' | 'in set' | 'nothing' | 'exonerated' | 'named, exonerated' | 'other'
  /** Sets of names that were said, with their places and counts. */
  readonly sets: readonly string[]
  /** Breaks whose set does not hold the class. */
  readonly others: readonly string[]
  readonly names: ReadonlySet<string>
}

/** All breaks of a run, each once: an edge's break may stand under both of its services. */
export function listBreaks({ services }: TrustData): readonly TrustBreak[] {
  const seen = new Map<string, TrustBreak>()
  for (const { service, breaks } of services) {
    for (const one of breaks) {
      const place = one.edge === undefined ? service : `${one.edge.from} > ${one.edge.to}`
      seen.set(`${place} ${one.operation} ${one.class} ${one.state} ${one.exoneratedBy ?? ''}`, one)
    }
  }
  return [...seen.values()]
}

export function readSaid(data: TrustData, row: Pick<TrustCase, 'breakClass' | 'operation' | 'besides'>): Said {
  const { breakClass: wanted, operation, besides = [] } = row
  const breaks = listBreaks(data)
  const real = breaks.filter(({ state }) => state !== 'exonerated')
  const holds = (one: TrustBreak) =>
    (operation === undefined || one.operation === operation) &&
    (one.class === wanted || one.alternatives.some((name) => name === wanted))
  const mine = real.filter(holds)
  const others = real.filter((one) => !holds(one) && !besides.some((name) => name === one.class)).map(describeBreak)
  const cleared = breaks.filter(({ state }) => state === 'exonerated')
  const names = new Set(mine.flatMap(({ class: first, alternatives }) => [...(first ? [first] : []), ...alternatives]))
  const sets = (mine.length > 0 ? mine : real.length > 0 ? [] : cleared).map(describeBreak)
  return { how: chooseHow(), sets, others, names }

  function chooseHow(): Said['how'] {
    if (mine.some((one) => one.class === wanted)) return 'named'
    if (mine.length > 0) return 'in set'
    if (real.length > 0) return 'other'
    if (cleared.some((one) => one.class === wanted && one.alternatives.length === 0)) return 'named, exonerated'
    return cleared.length > 0 ? 'exonerated' : 'nothing'
  }
}

export function describeBreak(one: TrustBreak): string {
  const place = one.edge === undefined ? one.operation : `${one.edge.from} > ${one.edge.to} ${one.operation}`
  const what = [one.class ?? '?', ...one.alternatives].join(' | ')
  const state = one.exoneratedBy === undefined ? one.state : `${one.state}: ${one.exoneratedBy}`
  return `${what} [${state}, ${one.confidence}] ${place} ${one.count}/${one.traces}`
}

/** Why a case is a miss; undefined where it is as it must be. */
export function missOf({ breakClass, spans }: TrustCase, said: Said): string | undefined {
  if (said.others.length > 0) return `also said: ${said.others.join('; ')}`
  const fits: Readonly<Record<TrustCase['spans'], readonly Said['how'][]>> = {
    named: ['named'],
    'in set': ['named', 'in set'],
    nothing: ['nothing', 'exonerated', 'named, exonerated'],
    // A root with a link, a caller outside: whether it is mentioned is the report's choice, debt it is not.
    exonerated: ['exonerated', 'named, exonerated', 'nothing'],
    'named, exonerated': ['named, exonerated'],
  }
  if (!fits[spans].includes(said.how)) return `${breakClass}: ${said.how}, and it must be ${spans}`
  const large = said.sets.find((set) => (set.split(' [')[0] ?? '').split(' | ').length > 3)
  return large === undefined ? undefined : `more than three: ${large}`
}

/** At the place that the headers are of, they must leave the class alone. */
export function missOfAlone(
  { breakClass, at }: Pick<TrustCase, 'breakClass' | 'at'>,
  data: TrustData,
): string | undefined {
  const there = listBreaks(data).filter(
    ({ edge, state }) => state !== 'exonerated' && at === `${edge?.from} > ${edge?.to}`,
  )
  const isAlone = there.length > 0 && there.every((one) => one.class === breakClass && one.alternatives.length === 0)
  return isAlone ? undefined : `${breakClass}: the headers must leave it alone: ${there.map(describeBreak).join('; ')}`
}

/** Break classes that the audit says of the program with the break in it, and not of the one without. */
export function listNewRules(audit: Envelope<unknown>, healthy: Envelope<unknown>): ReadonlySet<string> {
  const counts = new Map<string, number>()
  for (const { rule } of audit.findings) counts.set(rule, (counts.get(rule) ?? 0) + 1)
  for (const { rule } of healthy.findings) counts.set(rule, (counts.get(rule) ?? 0) - 1)
  return new Set([...counts].filter(([, count]) => count > 0).map(([rule]) => rule))
}
