/**
 * The gate: what reports and ledgers hold, against budgets and a baseline → pass, fail or inconclusive, and why.
 * Nothing to judge is never a pass. Findings of an input that cannot be judged fail nothing (its answer is 2), those of
 * the others do; an input that failed counts as its own error. Of all of it the worst holds.
 */
import { compareTexts } from '../../base/compare-texts.ts'
import type { ExitCode } from '../../base/errors.ts'
import { type Confidence, confidences, severities } from '../../model/contract.ts'
import type { Budget, GateCheck, GateData, GateFinding, GateInput, GateVerdict } from '../../model/trust/gate.ts'
import type { DebtFacts, DebtState, Ledger, Waiver } from '../../model/trust/ledger.ts'
import { severityWeights } from '../../model/trust/ledger.ts'
import { weighDebt } from './add-run.ts'
import { selectFor } from './budgets.ts'
import { isOwed, readState } from './entry-state.ts'
import type { Run, RunFinding } from './run.ts'
import { countSeverities, roundDebt } from './sum-ledger.ts'
import { stateOfWaiver } from './waive.ts'

export type GateSource =
  | { readonly file: string; readonly run: Run }
  | { readonly file: string; readonly ledger: Ledger }
  /** It could not be read. */
  | { readonly file: string; readonly error: NonNullable<GateInput['error']> }

export type GateOptions = {
  /** A time; ages and waivers are read at it. */
  readonly asOf: string
  readonly budgets: readonly Budget[]
  readonly baseline?: GateSource
  /** Where the waivers stand; the baseline's count too. */
  readonly waivers?: Ledger
  readonly minConfidence?: Confidence
}

export type JudgedGate = { readonly data: GateData; readonly exitCode: ExitCode }

/** As many as code scanning takes. */
const MAX_LISTED = 25_000
const MAX_PER_CHECK = 100

type Debt = Pick<DebtFacts, 'severity' | 'measure'> & { readonly state?: DebtState }
type Weighed = GateFinding & { readonly isJudged: boolean; readonly known?: Debt }

export function judgeGate(sources: readonly GateSource[], options: GateOptions): JudgedGate {
  const inputs = sources.map(describeInput)
  const baseline = options.baseline === undefined ? undefined : describeInput(options.baseline)
  const known = options.baseline === undefined ? undefined : indexDebt(options.baseline)
  const least = confidences.indexOf(options.minConfidence ?? 'possible')
  const waivers = indexWaivers(options)
  const list = (source: GateSource, index: number) =>
    listFindings(source, isJudgeable(inputs[index]), waivers, options.asOf)
  const all = dedupe(sources.flatMap(list))
    .filter(({ confidence }) => confidences.indexOf(confidence) <= least)
    .map((one) => compare(one, known))
    .sort(compareFindings)
  const counted = all.filter(({ waiver }) => waiver === undefined || waiver.expired)
  const judged = counted.filter(({ isJudged }) => isJudged)
  const checks = [
    ...options.budgets.map((budget) => checkBudget(budget, judged)),
    ...(known === undefined ? [] : [checkRatchet(judged)]),
    checkWaivers(all),
  ]
  const doubts = [
    ...(sources.length === 0 ? ['nothing was given: no data'] : []),
    ...inputs.flatMap(({ file, inconclusive }) => inconclusive.map((why) => `${file}: ${why}`)),
    ...sayUnseen(options.budgets, sources),
    ...sayUnweighed(options.budgets, judged),
    ...(baseline?.inconclusive ?? []).map((why) => `baseline ${baseline?.file ?? ''}: ${why}`),
  ]
  const errors = [...inputs, ...(baseline === undefined ? [] : [baseline])].flatMap(({ file, error }) =>
    error === undefined ? [] : [{ ...error, file }],
  )
  const failed = checks.filter(({ pass }) => !pass)
  const verdict: GateVerdict =
    errors.length > 0 ? 'error' : failed.length > 0 ? 'fail' : doubts.length > 0 ? 'inconclusive' : 'pass'
  const listed = counted.slice(0, MAX_LISTED).map(toWire)
  return {
    data: {
      verdict,
      because: [
        ...errors.map(({ file, code, message }) => `${file}: ${code}: ${message}`),
        ...failed.map(({ why }) => why),
        ...doubts,
        ...(verdict === 'pass' ? checks.map(({ why }) => why) : []),
      ],
      asOf: options.asOf,
      ...(baseline === undefined ? {} : { baseline: baseline.file }),
      inputs,
      checks,
      findings: listed,
      findingsOmitted: counted.length - listed.length,
      waived: all
        .filter(({ waiver }) => waiver !== undefined)
        .slice(0, MAX_LISTED)
        .map(toWire),
      counts: countSeverities(counted),
      debt: roundDebt(counted.reduce((sum, { debt }) => sum + (debt ?? 0), 0)),
    },
    exitCode: errors.length > 0 ? worstCode(errors.map(({ exitCode }) => exitCode)) : exitOf(verdict),
  }
}

function exitOf(verdict: GateVerdict): ExitCode {
  return verdict === 'fail' ? 1 : verdict === 'inconclusive' ? 2 : 0
}

function worstCode(codes: readonly ExitCode[]): ExitCode {
  return codes.reduce((worst, one) => (one > worst ? one : worst), codes[0] ?? 70)
}

function isJudgeable(input: GateInput | undefined): boolean {
  return input?.error === undefined && input?.inconclusive.length === 0
}

function describeInput(source: GateSource): GateInput {
  const { file } = source
  if ('error' in source) return { file, source: 'unknown', findings: 0, inconclusive: [], error: source.error }
  if ('run' in source) {
    const { run } = source
    const { source: name, findings, inconclusive, error } = run
    return { file, source: name, findings: findings.length, inconclusive, ...(error === undefined ? {} : { error }) }
  }
  const { looks, entries } = source.ledger
  const owed = entries.filter(({ history }) => isOwed(readState(history)?.state ?? 'paid'))
  const inconclusive = looks.length === 0 ? ['no run has ever been added to it: no data'] : []
  return { file, source: 'ledger', findings: owed.length, inconclusive }
}

function indexWaivers({ asOf, baseline, waivers }: GateOptions): ReadonlyMap<string, Waiver> {
  const index = new Map<string, Waiver>()
  const ledgers = [baseline !== undefined && 'ledger' in baseline ? baseline.ledger : undefined, waivers]
  for (const { fingerprint, waiver } of ledgers.flatMap((one) => one?.entries ?? [])) {
    if (waiver !== undefined && stateOfWaiver(waiver, asOf) !== undefined) index.set(fingerprint, waiver)
  }
  return index
}

function listFindings(
  source: GateSource,
  isJudged: boolean,
  waivers: ReadonlyMap<string, Waiver>,
  asOf: string,
): readonly Weighed[] {
  const waiverOf = (fingerprint: string, own?: Waiver) => {
    const waiver = stateOfWaiver(own, asOf) === undefined ? waivers.get(fingerprint) : own
    if (waiver === undefined) return {}
    const { who, why, until } = waiver
    return { waiver: { who, why, until, expired: stateOfWaiver(waiver, asOf) === 'expired' } }
  }
  if ('error' in source) return []
  if ('run' in source) {
    return source.run.findings.map((finding) => ({
      ...fromRun(finding, source.file),
      ...waiverOf(finding.fingerprint),
      known: finding,
      isJudged,
    }))
  }
  return source.ledger.entries.flatMap((entry) => {
    const state = readState(entry.history)?.state ?? 'paid'
    if (!isOwed(state)) return []
    const { rule, title, severity, confidence, service, where, owners } = entry.facts
    const debt = weighDebt(entry.facts)
    return [
      {
        ...{ fingerprint: entry.fingerprint, rule, title, severity, confidence, service, where, owners },
        file: source.file,
        ...(debt === undefined ? {} : { debt }),
        ...waiverOf(entry.fingerprint, entry.waiver),
        known: { ...entry.facts, state },
        isJudged,
      },
    ]
  })
}

function fromRun(finding: RunFinding, file: string): GateFinding {
  const { fingerprint, rule, title, severity, confidence, service, where, fix } = finding
  const debt = weighDebt(finding)
  return {
    ...{ fingerprint, rule, title, severity, confidence, service, where, owners: [], file },
    ...(debt === undefined ? {} : { debt }),
    ...(fix === undefined ? {} : { fix }),
  }
}

/** One finding in two inputs is one; the one that can be judged, and the worse, counts. */
function dedupe(findings: readonly Weighed[]): readonly Weighed[] {
  const kept = new Map<string, Weighed>()
  for (const one of findings) {
    const other = kept.get(one.fingerprint)
    if (other === undefined || rank(one) > rank(other)) kept.set(one.fingerprint, one)
  }
  return [...kept.values()]
}

function rank({ isJudged, severity }: Weighed): number {
  return (isJudged ? 10 : 0) + severities.length - severities.indexOf(severity)
}

function indexDebt(source: GateSource): ReadonlyMap<string, Debt> {
  if ('error' in source) return new Map()
  if ('run' in source) return new Map(source.run.findings.map((one) => [one.fingerprint, one]))
  return new Map(
    source.ledger.entries.map(({ fingerprint, facts, history }) => [
      fingerprint,
      { ...facts, state: readState(history)?.state ?? 'paid' },
    ]),
  )
}

function compare(finding: Weighed, known: ReadonlyMap<string, Debt> | undefined): Weighed {
  if (known === undefined) return finding
  const before = known.get(finding.fingerprint)
  const now = finding.known
  if (before === undefined) return { ...finding, change: 'new', why: 'it is not in the baseline' }
  if (before.state === 'paid') return { ...finding, change: 'back', why: 'the baseline has it as paid' }
  if (now?.state === 'back' && before.state === 'open') {
    return { ...finding, change: 'back', why: 'it was paid since the baseline, and is back' }
  }
  const grown = now === undefined ? undefined : sayGrowth(before, now)
  return grown === undefined ? { ...finding, change: 'known' } : { ...finding, change: 'grown', why: grown }
}

/** More than chance makes it: where both have intervals they must lie apart. */
function sayGrowth(before: Debt, now: Debt): string | undefined {
  if (severities.indexOf(now.severity) < severities.indexOf(before.severity)) {
    return `its severity rose from ${before.severity} to ${now.severity}`
  }
  const [old, fresh] = [before.measure, now.measure]
  if (old.interval !== undefined && fresh.interval !== undefined) {
    return fresh.interval[0] > old.interval[1]
      ? `its rate rose from at most ${old.interval[1]} to at least ${fresh.interval[0]}`
      : undefined
  }
  if (old.affectedTracesPerDay === undefined || fresh.affectedTracesPerDay === undefined) return undefined
  return fresh.affectedTracesPerDay > old.affectedTracesPerDay
    ? `affected traces a day rose from ${old.affectedTracesPerDay} to ${fresh.affectedTracesPerDay}`
    : undefined
}

/** A budget for a service that nothing looked at is kept by any input: no data is no pass. Source has no list of services. */
function sayUnseen(budgets: readonly Budget[], sources: readonly GateSource[]): readonly string[] {
  const seen = new Set<string>()
  for (const source of sources) {
    if ('run' in source) {
      if (source.run.looks.some(({ directory }) => directory !== undefined)) return []
      for (const { service } of [...source.run.looks, ...source.run.findings])
        if (service !== undefined) seen.add(service)
    } else if ('ledger' in source) {
      if (source.ledger.looks.some(({ subject }) => subject.startsWith('directory:'))) return []
      for (const { subject } of source.ledger.looks) seen.add(subject)
      for (const { facts } of source.ledger.entries) seen.add(facts.service)
    }
  }
  const names = new Set(budgets.flatMap(({ service }) => service ?? []))
  return [...names].filter((name) => !seen.has(name)).map((name) => `nothing looked at the service ${name}: no data`)
}

/** A break that was counted over less than an hour has no figure of traces a day: its debt is unknown, not 0. */
function sayUnweighed(budgets: readonly Budget[], findings: readonly Weighed[]): readonly string[] {
  if (!budgets.some(({ isDebt }) => isDebt === true)) return []
  const { length } = findings.filter(
    ({ debt, severity, known }) =>
      debt === undefined && severityWeights[severity] > 0 && known?.measure.rate !== undefined,
  )
  return length === 0
    ? []
    : [
        `the debt of ${length === 1 ? 'a finding' : `${length} findings`} is not known: seen for less than an hour, so no traces a day`,
      ]
}

function checkBudget(budget: Budget, findings: readonly Weighed[]): GateCheck {
  const about = selectFor(budget, findings)
  const amount =
    budget.isDebt === true ? roundDebt(about.reduce((sum, { debt }) => sum + (debt ?? 0), 0)) : about.length
  const pass = amount <= budget.most
  return {
    check: `${budget.key}=${budget.most}`,
    pass,
    why: `${sayBudget(budget)}: ${amount}, at most ${budget.most}`,
    findings: pass ? [] : about.slice(0, MAX_PER_CHECK).map(({ fingerprint }) => fingerprint),
  }
}

function sayBudget({ severity, rule, service, isDebt }: Budget): string {
  if (isDebt === true) return 'debt (affected traces a day, weighted)'
  const worse = severity === undefined || severity === 'critical' ? '' : ' or worse'
  const what = severity === undefined ? 'findings' : `findings that are ${severity}${worse}`
  const of = rule === undefined ? '' : ` of ${rule}`
  return `${what}${of}${service === undefined ? '' : ` in ${service}`}`
}

/** What has no weight is no debt. */
function checkRatchet(findings: readonly Weighed[]): GateCheck {
  const worse = findings.filter(
    ({ change, severity }) => change !== undefined && change !== 'known' && severityWeights[severity] > 0,
  )
  const of = (change: string) => worse.filter((one) => one.change === change).length
  const [fresh, back, grown] = [of('new'), of('back'), of('grown')]
  return {
    check: 'baseline',
    pass: worse.length === 0,
    why:
      worse.length === 0
        ? 'against the baseline: no new debt'
        : `against the baseline: ${fresh} new, ${back} back, ${grown} grown`,
    findings: worse.slice(0, MAX_PER_CHECK).map(({ fingerprint }) => fingerprint),
  }
}

function checkWaivers(findings: readonly Weighed[]): GateCheck {
  const waived = findings.filter(({ waiver }) => waiver !== undefined)
  const expired = waived.filter(({ waiver }) => waiver?.expired === true)
  return {
    check: 'waivers',
    pass: expired.length === 0,
    why:
      expired.length === 0
        ? `waivers: ${waived.length} hold`
        : `waivers: ${expired.length} of ${waived.length} have expired`,
    findings: expired.slice(0, MAX_PER_CHECK).map(({ fingerprint }) => fingerprint),
  }
}

const changeOrder = ['new', 'back', 'grown', 'known', undefined]

function compareFindings(a: Weighed, b: Weighed): number {
  return (
    changeOrder.indexOf(a.change) - changeOrder.indexOf(b.change) ||
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    (b.debt ?? 0) - (a.debt ?? 0) ||
    compareTexts(a.service, b.service) ||
    compareTexts(a.fingerprint, b.fingerprint)
  )
}

function toWire({ isJudged: _judged, known: _known, ...finding }: Weighed): GateFinding {
  return finding
}
