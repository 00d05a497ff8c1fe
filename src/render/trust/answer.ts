/**
 * The answer of `trust` in the order a person needs it: what the spans are worth, what breaks them (worst first), what
 * only looks like a break. Enters: TrustData with findings, issues, coverage. Leaves: plain sentences and rows that
 * every renderer lays out; nothing is concluded here that the data does not say, nothing is escaped yet.
 */
import { formatDuration } from '../../base/units.ts'
import type { Coverage, Finding } from '../../model/contract.ts'
import type { Issue } from '../../model/issue.ts'
import { type BreakClassRow, breakClasses, decisionWays } from '../../model/trust/break-classes.ts'
import type { SourcePlace } from '../../model/trust/source-evidence.ts'
import type { TraceTree } from '../../model/trust/trace-tree.ts'
import type { SkewRow, TrustBreak, TrustData, TrustGrade, TrustService } from '../../model/trust/trust-data.ts'
import { countOf, formatCount, formatShare, joinAnd } from '../text.ts'
import type { Theme } from '../theme.ts'

export type TrustReport = {
  readonly data: TrustData & { readonly trace?: TraceTree }
  readonly findings: readonly Finding[]
  readonly issues: readonly Issue[]
  readonly coverage: Coverage
  /** What was judged, as it was given: for commands that go on from here. */
  readonly inputs?: readonly string[]
}

export type TrustDecision = {
  /** `the source of cart: background-context, framework-context` */
  readonly what: string
  /** As it is typed; absent where it is not one command. */
  readonly command?: string
}

export type TrustTrouble = {
  readonly finding: Finding
  /** `412 of 680 traces that crossed (61 %, surely 57 to 64 %), about 9,900 a day` */
  readonly howMany: string
  readonly why?: string
  /** Other names that the evidence leaves. */
  readonly others?: string
  /** What would settle it, each with what to run. */
  readonly decide: readonly TrustDecision[]
  /** The place in the source that does it. */
  readonly source?: SourcePlace
  readonly fix: string
  readonly look: readonly string[]
}

export type TrustAnswer = {
  readonly grade: TrustGrade
  readonly headline: string
  readonly facts: readonly string[]
  readonly troubles: readonly TrustTrouble[]
  /** `120 traces: sampled (head-sampling-disagreement)` */
  readonly noDebt: readonly string[]
  readonly skewed: readonly SkewRow[]
  /** Of pairs of hosts whose clocks may agree. */
  readonly agreeing: number
}

const order: readonly TrustGrade[] = ['A', 'B', 'C', 'D', 'E', 'F']
const rowOf: ReadonlyMap<string, BreakClassRow> = new Map(breakClasses.map((row) => [row.name, row]))
const MIN_TRACES = 300

export function answerTrust({ data, findings, inputs = ['SPANS'] }: TrustReport): TrustAnswer {
  const grade = worstGrade(data.services)
  const skewed = data.skew.filter(isSkewed)
  return {
    grade,
    headline: sayHeadline(data, grade),
    facts: sayFacts(data),
    troubles: toTroubles(data, findings, inputs),
    noDebt: sayNoDebt(data),
    skewed,
    agreeing: data.skew.length - skewed.length,
  }
}

function isSkewed({ interval: [least, most] }: SkewRow): boolean {
  return least > 0 || most < 0
}

/** The worst that was given; `insufficient` where none was. */
function worstGrade(services: readonly TrustService[]): TrustGrade {
  const graded = services.filter(({ grade }) => grade !== 'insufficient')
  return graded.reduce<TrustGrade>(
    (worst, { grade }) => (worst === 'insufficient' || order.indexOf(grade) > order.indexOf(worst) ? grade : worst),
    'insufficient',
  )
}

export function toneOfTrust(grade: TrustGrade): keyof Theme {
  if (grade === 'A' || grade === 'B') return 'good'
  return grade === 'C' || grade === 'D' || grade === 'insufficient' ? 'warn' : 'bad'
}

function sayHeadline({ services, traces }: TrustData, grade: TrustGrade): string {
  if (grade === 'insufficient') {
    return `Too few traces for a grade: ${formatCount(traces)} in all, and a service needs ${MIN_TRACES}`
  }
  const graded = services.filter((one) => one.grade !== 'insufficient')
  const broken = graded.filter(({ breakRate }) => (breakRate ?? 0) > 0)
  const [first] = graded
  if (broken.length === 0) {
    return graded.length === 1 && first !== undefined
      ? `${first.service}: no broken trace in ${formatCount(first.traces)}`
      : graded.length === services.length
        ? `No broken trace in ${formatCount(traces)}, over ${formatCount(graded.length)} services`
        : `No broken trace in the ${countOf(graded.length, 'service')} with enough traces; ${formatCount(services.length - graded.length)} have too few`
  }
  const worst = graded.find((one) => one.grade === grade) ?? (broken[0] as TrustService)
  const capped = worst.cappedBy === undefined ? '' : `, capped by ${worst.cappedBy}`
  const said = `${worst.service} breaks ${formatShare(worst.breakRate ?? 0)} of its traces${capped}`
  if (graded.length === 1) return said
  return `${said}; ${formatCount(broken.length)} of ${countOf(graded.length, 'service')} break any`
}

function sayFacts({ window, spans, traces, services }: TrustData): string[] {
  const facts = [countOf(spans, 'span'), countOf(traces, 'trace'), countOf(services.length, 'service')]
  if (window !== undefined) facts.push(`${shortTime(window.startTime)}, ${formatDuration(window.durationNs)}`)
  return facts
}

export function shortTime(time: string): string {
  return time.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')
}

/** `58 % (55 to 61 %)`, `0 % (at most 0.4 %)` */
export function sayRate(rate: number, [least, most]: readonly [number, number]): string {
  if (most <= 0.001) return formatShare(rate)
  const from = least < 0.001 ? 'at most' : `${formatShare(least).replace(/ %$/, '')} to`
  return `${formatShare(rate)} (${from} ${formatShare(most)})`
}

function toTroubles(
  { services, sources = [] }: TrustData,
  findings: readonly Finding[],
  inputs: readonly string[],
): TrustTrouble[] {
  const breaks = new Map<string, TrustBreak[]>()
  for (const one of services.flatMap((service) => service.breaks)) {
    if (one.fingerprint === undefined) continue
    const known = breaks.get(one.fingerprint)
    if (known === undefined) breaks.set(one.fingerprint, [one])
    else known.push(one)
  }
  return findings.map((finding) => {
    const own = breaks.get(finding.fingerprint)?.shift()
    const look = finding.evidence.flatMap(({ at, source }) => (at === undefined ? [] : [`${at} (${source})`]))
    if (own === undefined) return { finding, howMany: '', decide: [], fix: finding.fix.summary, look }
    const row = own.class === undefined ? undefined : rowOf.get(own.class)
    const isOpen = own.state === 'unexplained'
    const names = [...(own.class === undefined ? [] : [own.class]), ...own.alternatives]
    const audited = new Set(sources.flatMap((one) => one.services))
    return {
      finding,
      howMany: sayHowMany(own),
      why: own.why,
      ...(isOpen && names.length > 0 ? { others: sayNames(names) } : {}),
      decide: isOpen ? listDecisions(own, names, finding.subject.service, { inputs, audited }) : [],
      ...(own.source === undefined ? {} : { source: own.source }),
      fix:
        isOpen && row !== undefined ? `${names.length > 1 ? `if ${row.name}: ` : ''}${row.fix}` : finding.fix.summary,
      look,
    }
  })
}

/** For each way to settle it, which of the names it settles and what to run. */
function listDecisions(
  { decidedBy, edge }: TrustBreak,
  names: readonly string[],
  service: string,
  { inputs, audited }: { readonly inputs: readonly string[]; readonly audited: ReadonlySet<string> },
): TrustDecision[] {
  const trust = `sightline trust ${inputs.map(quoteArgument).join(' ')}`
  // On an edge the fault may be in either of its two services.
  const services = [...new Set([service, ...(edge === undefined ? [] : [edge.from, edge.to])])]
  return decidedBy.map((way): TrustDecision => {
    const settles = names.filter((name) => rowOf.get(name)?.decidedBy.some((one) => one === way) === true)
    const of = settles.length === 0 || settles.length === names.length ? '' : ` (for ${joinAnd(settles, 'or')})`
    if (way === 'source') {
      const left = services.filter((name) => !audited.has(name))
      const known = services.filter((name) => audited.has(name))
      if (left.length === 0)
        return { what: `the source of ${joinAnd(known, 'and')} was audited, and does not tell${of}` }
      const flags = left.map((name) => `--source DIR=${quoteArgument(name)}`)
      return { what: `the source of ${joinAnd(left, 'and')}${of}`, command: `${trust} ${flags.join(' ')}` }
    }
    if (way === 'headers') return { what: `headers of the edge${of}`, command: `${trust} --headers FILE` }
    if (way === 'logs') return { what: `log records of the same time${of}`, command: `${trust} LOGS` }
    if (way === 'runtime') {
      const spans = inputs.map((name) => `--spans ${quoteArgument(name)}`).join(' ')
      return { what: `an execution trace of ${service}${of}`, command: `sightline audit DIR ${spans} --trace FILE` }
    }
    return { what: `${decisionWays[way as keyof typeof decisionWays] ?? way}${of}` }
  })
}

function quoteArgument(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** `cart.go:80 in main.(*cart).items, which the spans name by route GET /cart/:id` */
export function saySource({ function: name, tie, by }: SourcePlace): string {
  const within = name === undefined ? '' : ` in ${name}`
  return tie === 'process' ? `${within}, for all of ${by}` : `${within}, by ${tie} ${by}`
}

/** `likeliest background-context; or goroutine-without-context` */
function sayNames([first, ...more]: readonly string[]): string {
  return more.length === 0
    ? `only ${first} fits, and spans cannot prove it`
    : `${first} likeliest, or ${joinAnd(more, 'or')}`
}

function sayHowMany({ count, traces, rate, interval, affectedTracesPerDay }: TrustBreak): string {
  const perDay = affectedTracesPerDay === undefined ? '' : `, about ${formatCount(affectedTracesPerDay)} a day`
  return `${formatCount(count)} of ${formatCount(traces)} traces: ${sayRate(rate, interval)}${perDay}`
}

/** What was not counted, by why: most first. */
function sayNoDebt({ services }: TrustData): string[] {
  const counts = new Map<string, number>()
  for (const one of services.flatMap(({ breaks }) => breaks)) {
    if (one.state !== 'exonerated' && one.state !== 'pending') continue
    const name = one.class === undefined ? '' : ` (${one.class})`
    const reason = one.state === 'pending' ? 'spans that may still come' : `${one.exoneratedBy ?? 'exonerated'}${name}`
    counts.set(reason, (counts.get(reason) ?? 0) + one.count)
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${countOf(count, 'trace')}: ${reason}`)
}

/** `gateway is 35ms behind cart (10 to 60)` and the like. */
export function saySkew({ from, to, offsetNs, interval, pairs }: SkewRow): string {
  const [least, most] = offsetNs < 0 ? [-interval[1], -interval[0]] : interval
  const way = offsetNs < 0 ? 'behind' : 'ahead of'
  return `${to} is ${formatDuration(Math.abs(offsetNs))} ${way} ${from} (${formatDuration(least)} to ${formatDuration(most)}, ${countOf(pairs, 'call')})`
}

/** `82 over 9 of 19 rules; failed SPA-002, RES-001` */
export function sayScore({ score, band, rules }: TrustService['instrumentationScore']): {
  readonly score: string
  readonly rules: string
  readonly failed: string
} {
  const answered = rules.filter(({ state }) => state !== 'not-answerable')
  const failed = rules.filter(({ state }) => state === 'failed').map(({ id }) => id)
  return {
    score: answered.length === 0 ? '' : `${Number(score.toFixed(1))}${band === undefined ? '' : ` ${band}`}`,
    rules: `${answered.length} of ${rules.length}`,
    failed: failed.join(', '),
  }
}
