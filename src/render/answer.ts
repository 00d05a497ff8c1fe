/**
 * The answer of a diagnosis in the order a person needs it: what the verdict is, what is wrong, what to do next.
 * Enters: DiagnoseData, findings, coverage, issues. Leaves: plain sentences and rows that every renderer lays out.
 * Nothing is concluded here that the data does not say; strings are not escaped yet (each renderer does it its way).
 */
import { formatDuration } from '../base/units.ts'
import type { Confidence, Coverage, Finding, Severity } from '../model/contract.ts'
import { severities } from '../model/contract.ts'
import type { BlindSpot, DiagnoseData, GoroutineGroup, Grade, GroupVerdict } from '../model/diagnosis.ts'
import type { Issue } from '../model/issue.ts'
import type { Lens } from '../model/lens.ts'
import { profileLenses } from '../model/lens.ts'
import { capitalize, countOf, endSentence, formatSeconds, formatShare, fullPlace, joinAnd } from './text.ts'

/** What a renderer takes: one target's diagnosis with what stands beside it in the envelope. */
export type DiagnoseReport = {
  readonly data: DiagnoseData
  readonly findings: readonly Finding[]
  readonly issues: readonly Issue[]
  readonly coverage: Coverage
}

export type Trouble = {
  readonly severity: Severity
  readonly confidence: Confidence
  readonly title: string
  readonly rule?: string
  readonly group?: GoroutineGroup
  /** Further groups that it is about. */
  readonly alsoGroups?: readonly string[]
  readonly verdict?: GroupVerdict
  readonly why?: string
  readonly howLong?: string
  /** Who holds or should release what it waits for, in one sentence. */
  readonly blockedBy?: string
  readonly missedBy: readonly Lens[]
  readonly seenBy: readonly Lens[]
  readonly fix?: Finding['fix']
  readonly finding?: Finding
}

export type Step = { readonly what: string; readonly because?: string }

export type Answer = {
  readonly grade: Grade
  readonly headline: string
  readonly because: readonly string[]
  readonly subject: string
  readonly facts: readonly string[]
  readonly troubles: readonly Trouble[]
  readonly steps: readonly Step[]
}

export function answerDiagnosis(report: DiagnoseReport): Answer {
  const troubles = listTroubles(report)
  return {
    grade: report.data.verdict.grade,
    headline: sayHeadline(report.data, troubles),
    // The headline has said the blind share already.
    because: report.data.verdict.because
      .filter((reason) => !/is in no profile that is on/.test(reason))
      .map((reason) => capitalize(endSentence(reason))),
    subject: saySubject(report.data),
    facts: listFacts(report.data),
    troubles,
    steps: listSteps(report, troubles),
  }
}

function saySubject({ target }: DiagnoseData): string {
  const version = target.version === undefined || target.version === '(devel)' ? '' : ` ${target.version}`
  const files = target.files ?? []
  if (target.serviceFrom === 'none' && files.length > 0) {
    const shown = files.length > 3 ? [...files.slice(0, 3), `${files.length - 3} more`] : files
    return joinAnd(shown)
  }
  const where = target.instance ?? target.url
  const at = where === undefined || where === target.service ? '' : ` at ${where}`
  return `${target.service}${version}${at}`
}

function listFacts(data: DiagnoseData): string[] {
  const { window, goroutines, target, verdict } = data
  const span = window.durationNs === undefined ? '' : ` over ${formatDuration(window.durationNs)}`
  const facts = [countOf(goroutines.count, 'goroutine'), `${countOf(window.dumps, 'dump')}${span}`]
  if (target.goVersion !== undefined) facts.push(target.goVersion)
  if (verdict.idleNs !== undefined && verdict.idleNs > 0) {
    facts.push(sayIdle(verdict.idleNs, verdict.idlePossibleNs ?? 0))
  }
  return facts
}

/** What is idle only because it looks so is said apart: it may be stuck. */
function sayIdle(idleNs: number, possibleNs: number): string {
  const idle = `${formatSeconds(idleNs / 1e9)} of goroutine time is idle by design`
  if (possibleNs <= 0) return idle
  const inferred = formatSeconds(possibleNs / 1e9)
  return possibleNs >= idleNs
    ? `${inferred} of goroutine time is idle, as far as can be inferred`
    : `${idle}, ${inferred} of it only by inference`
}

function sayHeadline({ verdict, lenses, goroutines, window }: DiagnoseData, troubles: readonly Trouble[]): string {
  const bad = goroutines.groups.filter((group) => group.verdict === 'stuck' || group.verdict === 'leaked')
  const sure = bad.filter((group) => group.confidence !== 'possible')
  const badCount = (sure.length > 0 ? sure : bad).reduce((sum, group) => sum + group.count, 0)
  const be = sure.length === 0 ? 'may be' : badCount === 1 ? 'is' : 'are'
  const stuck = badCount === 0 ? '' : `${countOf(badCount, 'goroutine')} ${be} stuck or leaked`
  const on = lenses.filter(({ lens, state }) => state === 'on' && (profileLenses as readonly Lens[]).includes(lens))
  const names = on.length === 0 ? '' : ` (${joinAnd(on.map(({ lens }) => lens))})`
  const blind =
    verdict.blindRatio === undefined
      ? ''
      : window.durationNs === undefined && verdict.basis !== 'trace'
        ? `${formatShare(verdict.blindRatio)} of the goroutines here are in no profile that is on${names}`
        : `${formatShare(verdict.blindRatio)} of the goroutine time here is in no profile that is on${names}`
  switch (verdict.grade) {
    case 'blind':
      return endSentence([blind, stuck].filter((part) => part !== '').join('; '))
    case 'partial':
      return endSentence(
        capitalize(
          [stuck, blind].filter((part) => part !== '').join('; ') || 'part of what happens here is out of sight',
        ),
      )
    case 'clear':
      return sayClear(goroutines.groups, troubles)
    case 'inconclusive':
      return stuck === ''
        ? 'There is too little evidence to judge.'
        : `There is too little evidence to judge, but ${stuck}.`
  }
}

/** No more than is known: what only looks idle, may be stuck or cannot be told is counted beside the good news. */
function sayClear(groups: readonly GoroutineGroup[], troubles: readonly Trouble[]): string {
  const count = (test: (group: GoroutineGroup) => boolean) =>
    groups.reduce((sum, group) => sum + (test(group) ? group.count : 0), 0)
  const maybe = count(({ verdict }) => verdict === 'stuck' || verdict === 'leaked')
  const looksIdle = count(({ verdict, confidence }) => verdict === 'idle' && confidence === 'possible')
  const unknown = count(({ verdict }) => verdict === 'unknown')
  const doubts: string[] = []
  if (maybe > 0) doubts.push(`${countOf(maybe, 'goroutine')} may be stuck or leaked`)
  if (looksIdle > 0) doubts.push(`${countOf(looksIdle, 'goroutine')} only ${looksIdle === 1 ? 'looks' : 'look'} idle`)
  if (unknown > 0) doubts.push(`of ${countOf(unknown, 'goroutine')} nothing tells whether they ever go on`)
  if (doubts.length > 0) return `Nothing is proven stuck; ${joinAnd(doubts)}.`
  return troubles.length === 0
    ? 'Nothing here is stuck, and the profiles that are on can see what its goroutines wait for.'
    : 'Nothing here is stuck; the profiles that are on can see what its goroutines wait for.'
}

/** From the worst down: findings, then groups in trouble that no finding is about. */
function listTroubles({ data, findings }: DiagnoseReport): Trouble[] {
  const groups = data.goroutines.groups
  const byId = new Map(groups.map((group) => [group.id, group]))
  const told = new Set<string>()
  const troubles: Trouble[] = findings.map((finding) => {
    const about = groupsOf(finding, groups)
    for (const group of about) told.add(group.id)
    const trouble = describeFinding(finding, about[0], byId)
    return about.length > 1 ? { ...trouble, alsoGroups: about.slice(1).map((group) => group.id) } : trouble
  })
  for (const group of groups) {
    if (told.has(group.id) || !['stuck', 'leaked', 'slow'].includes(group.verdict)) continue
    troubles.push(describeGroup(group, byId))
  }
  return troubles.sort((a, b) => weigh(a) - weigh(b))
}

function weigh(trouble: Trouble): number {
  return severities.indexOf(trouble.severity) * 10 + ['certain', 'probable', 'possible'].indexOf(trouble.confidence)
}

/** The groups that a finding names. */
function groupsOf({ groups: ids }: Finding, groups: readonly GoroutineGroup[]): GoroutineGroup[] {
  return (ids ?? []).flatMap((id) => groups.find((group) => group.id === id) ?? [])
}

function describeFinding(
  finding: Finding,
  group: GoroutineGroup | undefined,
  byId: ReadonlyMap<string, GoroutineGroup>,
): Trouble {
  return {
    ...(group === undefined ? {} : aboutGroup(group, byId)),
    severity: finding.severity,
    confidence: finding.confidence,
    title: finding.title,
    rule: finding.rule,
    missedBy: finding.blindTo.length > 0 || group === undefined ? finding.blindTo : group.notSeenBy,
    seenBy: group?.seenBy ?? [...new Set(finding.evidence.flatMap((one) => (one.lens === 'source' ? [] : [one.lens])))],
    fix: finding.fix,
    finding,
  }
}

function describeGroup(group: GoroutineGroup, byId: ReadonlyMap<string, GoroutineGroup>): Trouble {
  const severity: Severity = group.confidence === 'possible' ? 'low' : group.verdict === 'slow' ? 'low' : 'medium'
  const on = group.waitReason === undefined ? group.state : `in ${group.waitReason}`
  const verb = { stuck: 'stuck', leaked: 'leaked', slow: 'slow', idle: 'idle', busy: 'busy', unknown: 'waiting' }[
    group.verdict
  ]
  return {
    ...aboutGroup(group, byId),
    severity,
    confidence: group.confidence,
    title: `${countOf(group.count, 'goroutine')} ${verb} ${on}`,
    missedBy: group.notSeenBy,
    seenBy: group.seenBy,
  }
}

function aboutGroup(group: GoroutineGroup, byId: ReadonlyMap<string, GoroutineGroup>) {
  const howLong = sayHowLong(group)
  const blockedBy = sayBlockedBy(group, byId)
  return {
    group,
    verdict: group.verdict,
    why: endSentence(capitalize(group.why)),
    ...(howLong === undefined ? {} : { howLong }),
    ...(blockedBy === undefined ? {} : { blockedBy }),
  }
}

/** What the evidence proves, which is a lower bound: `for at least 3s`, `the longest for at least 3s`. */
export function sayHowLong({ waitNs }: Pick<GoroutineGroup, 'waitNs'>): string | undefined {
  if (waitNs === undefined) return undefined
  const { min, max = min } = waitNs
  if (max <= 0) return undefined
  if (min === max) return `for at least ${formatDuration(max)}`
  return `the longest for at least ${formatDuration(max)}`
}

/** Measured: the time that its goroutines spent here, of all the time the execution trace has of them. */
export function sayTracedHere({ traced }: Pick<GoroutineGroup, 'traced'>): string | undefined {
  if (traced === undefined || traced.members === 0 || traced.here.count === 0) return undefined
  const all = traced.runningNs + traced.runnableNs + traced.waitingNs + traced.syscallNs
  return `${formatDuration(traced.here.ns)} of ${formatDuration(all)}`
}

function sayBlockedBy(group: GoroutineGroup, byId: ReadonlyMap<string, GoroutineGroup>): string | undefined {
  if (group.blockedBy === undefined) return undefined
  const holder = byId.get(group.blockedBy.group)
  const who = holder === undefined ? group.blockedBy.group : `${holder.userFunction} (${holder.id})`
  return `${who}, ${group.blockedBy.confidence}: ${endSentence(group.blockedBy.why)}`
}

/** The frame of the user's own function, with file and line; the leaf where none is named so. */
export function userFrame(group: GoroutineGroup): { readonly function: string; readonly place: string } {
  const frame = group.stack.find((one) => one.function === group.userFunction) ?? group.stack[0]
  return { function: group.userFunction || group.topFunction, place: fullPlace(frame?.file, frame?.line) }
}

const MAX_STEPS = 6

function listSteps({ data }: DiagnoseReport, troubles: readonly Trouble[]): Step[] {
  const steps: Step[] = []
  const said = new Set<string>()
  const add = (what: string, because?: string) => {
    if (what === '' || said.has(what) || steps.length >= MAX_STEPS) return
    said.add(what)
    steps.push({ what: capitalize(endSentence(what)), ...(because === undefined ? {} : { because }) })
  }
  for (const trouble of troubles.slice(0, 4)) {
    if (trouble.fix !== undefined) add(trouble.fix.summary, trouble.title)
  }
  for (const spot of rankBlindSpots(data.blindSpots).slice(0, 2)) {
    const isShown = data.lenses.some((one) => one.state === 'on' && spot.lensesThatShowIt.includes(one.lens))
    if (spot.turnOn !== '' && !isShown) add(spot.turnOn, `to see ${spot.what}`)
  }
  if (data.verdict.grade === 'inconclusive') {
    add('Take several dumps, spaced in time: sightline diagnose URL', 'one dump cannot tell waiting from stuck')
  }
  return steps
}

export function rankBlindSpots(spots: readonly BlindSpot[]): BlindSpot[] {
  return [...spots].sort(
    (a, b) =>
      (b.goroutineSeconds ?? 0) - (a.goroutineSeconds ?? 0) ||
      (b.tracedGoroutineSeconds ?? 0) - (a.tracedGoroutineSeconds ?? 0) ||
      b.goroutineCount - a.goroutineCount,
  )
}
