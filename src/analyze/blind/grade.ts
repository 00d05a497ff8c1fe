/**
 * Exposures → the two ratios and the grade of the contract, with the sentences that say what they rest on.
 * Idle groups are in neither numerator nor denominator. Goroutines that a cut dump lost are unexplained.
 */
import { formatDuration } from '../../base/units.ts'
import type { Confidence } from '../../model/contract.ts'
import type { Grade, GroupVerdict, Verdict } from '../../model/diagnosis.ts'
import type { Measured } from '../traced/measure-trace.ts'
import { sayMeasured, sayUnknownReasons } from '../traced/traced-verdict.ts'
import { type Judgement, plural, type VerdictContext } from '../verdict/judgement.ts'
import type { Exposures } from './exposure.ts'
import { isOn, type LensBook } from './lens-states.ts'

export type GradeInput = {
  readonly context: VerdictContext
  readonly judgements: readonly Judgement[]
  readonly exposures: Exposures
  readonly book: LensBook
  /** Goroutines that the profile counts and a cut dump does not have. */
  readonly lost: number
  readonly hasTrace: boolean
  /** What an execution trace measured over its own window: both ratios rest on it where it is there. */
  readonly measured?: Measured
  readonly dumpsLeftOut?: string
}

export function gradeVerdict(input: GradeInput): Verdict {
  const { context, exposures, judgements } = input
  const { measured } = input
  if (context.table.dumps.length === 0) {
    const without = ['There is no goroutine dump: nothing says what goroutines wait on.', ...sayLeftOut(input)]
    if (measured === undefined) return { grade: 'inconclusive', because: without }
  }
  let total = 0
  let blind = 0
  let explained = 0
  let idle = 0
  let idlePossible = 0
  let members = 0
  let unknown = 0
  for (const [index, exposure] of exposures.byGroup.entries()) {
    const group = context.table.groups[index]
    const count = group?.counts.at(-1) ?? 0
    if (group?.isSystem === true) continue
    members += count
    if (judgements[index]?.verdict === 'unknown') unknown += count
    if (exposure.isIdle) {
      idle += exposure.total
      if (judgements[index]?.confidence === 'possible') idlePossible += exposure.total
      continue
    }
    total += exposure.total
    blind += exposure.blind
    if (exposure.isExplained) explained += exposure.total
  }
  const isThin = measured === undefined ? total > 0 && isTooLittle(context, exposures) : measured.isThin
  const span = measured?.windowNs ?? (exposures.unit === 'goroutine-ns' ? (context.motion.spanNs ?? 0) : 1)
  const lost = input.lost * span
  if (measured !== undefined) {
    total = measured.notIdleNs
    blind = measured.blindNs
    explained = measured.explainedNs
  }
  const explainedRatio = total + lost === 0 ? 1 : explained / (total + lost)
  const blindRatio = total === 0 ? 0 : blind / total
  const grade = pickGrade(input, isThin ? 1 : explainedRatio, isThin ? 0 : blindRatio)
  const hasBlind = !isThin && (context.dumpCount > 0 || measured !== undefined)
  return {
    grade,
    ...(isThin ? {} : { basis: measured === undefined ? ('dumps' as const) : ('trace' as const) }),
    ...(isThin ? {} : { explainedRatio: round(explainedRatio) }),
    ...(hasBlind ? { blindRatio: round(blindRatio) } : {}),
    ...(exposures.unit === 'goroutine-ns' ? { idleNs: Math.round(idle) } : {}),
    ...(exposures.unit === 'goroutine-ns' && idlePossible > 0 ? { idlePossibleNs: Math.round(idlePossible) } : {}),
    unknownRatio: round(members === 0 ? 0 : unknown / members),
    because: explainGrade(input, explainedRatio, blindRatio, total === 0 ? 'none' : isThin ? 'thin' : 'enough'),
  }
}

/** Sightings of goroutines that are not idle and did not stay from one dump to the next. */
const MIN_SIGHTINGS = 5

/** A goroutine seen once stands for half of the time to the next dumps: with a few of them, any ratio is chance. */
function isTooLittle(context: VerdictContext, exposures: Exposures): boolean {
  if (context.dumpCount < 2) return false
  let sightings = 0
  for (const [index, exposure] of exposures.byGroup.entries()) {
    if (exposure.isIdle) continue
    if ((context.motion.byGroup[index]?.stayedLast ?? 0) > 0) return false
    sightings += (context.table.groups[index]?.counts ?? []).reduce((sum, count) => sum + count, 0)
  }
  return sightings < MIN_SIGHTINGS
}

function pickGrade({ context, judgements, hasTrace }: GradeInput, explained: number, blind: number): Grade {
  if ((context.dumpCount < 2 && !hasTrace) || explained < 0.5) return 'inconclusive'
  if (blind >= 0.5) return 'blind'
  const isBad = judgements.some(({ verdict, confidence }, index) => {
    if ((context.table.groups[index]?.counts.at(-1) ?? 0) === 0) return false
    return (verdict === 'stuck' || verdict === 'leaked') && confidence !== 'possible'
  })
  return blind >= 0.1 || isBad ? 'partial' : 'clear'
}

function explainGrade(
  input: GradeInput,
  explained: number,
  blind: number,
  time: 'none' | 'thin' | 'enough',
): readonly string[] {
  const { context, exposures, judgements, book } = input
  const { measured } = input
  const because: string[] = []
  const unit =
    measured !== undefined || exposures.unit === 'goroutine-ns'
      ? 'of the goroutine time that is not idle'
      : 'of the goroutines that are not idle'
  if (context.table.dumps.length === 0) {
    because.push('There is no goroutine dump: all of this is from the execution trace.', ...sayLeftOut(input))
  } else if (context.dumpCount === 0) {
    // Without reasons nothing says which wait a profile could record: no share of it is claimed.
    because.push(
      'There is no dump with goroutine ids: goroutines are counted by stack, what they wait for is not said.',
      ...sayLeftOut(input),
    )
  } else if (context.dumpCount < 2) {
    because.push(
      input.hasTrace
        ? 'Only one dump with goroutine ids: what moves is known from the execution trace alone.'
        : 'Only one dump with goroutine ids: what stands still and what moves cannot be told.',
    )
  }
  if (measured === undefined && exposures.unit === 'goroutines' && context.dumpCount > 0) {
    because.push('The dumps give no duration: shares are of goroutines at the last dump, not of goroutine time.')
  }
  if (time === 'none') because.push(explainIdle(input))
  else if (measured !== undefined && time === 'thin') {
    because.push(
      `All but ${formatDuration(measured.notIdleNs)} of goroutine time in the execution trace is idle: too little for shares of it to say anything.`,
    )
  } else if (time === 'thin') {
    because.push(
      `All but a few passing goroutines are idle: with fewer than ${MIN_SIGHTINGS} sightings in the dumps, a share of their time would be chance.`,
    )
  } else {
    if (context.dumpCount > 0 || measured !== undefined)
      because.push(`${percent(blind)} ${unit} is in no profile that is on (${describeProfiles(book)}).`)
    because.push(`${percent(explained)} ${unit} has a state and a reason in the evidence.`)
  }
  if (measured !== undefined) because.push(...sayMeasured(measured))
  if (input.lost > 0) because.push(`${input.lost} goroutines were cut off the dump: they count as unexplained.`)
  for (const verdict of ['leaked', 'stuck', 'slow'] as const) {
    const counts = { certain: 0, probable: 0, possible: 0 }
    for (const [index, judgement] of judgements.entries()) {
      if (judgement.verdict === verdict) counts[judgement.confidence] += context.table.groups[index]?.counts.at(-1) ?? 0
    }
    const parts = Object.entries(counts).filter(([, count]) => count > 0)
    const all = parts.reduce((sum, [, count]) => sum + count, 0)
    if (all === 0) continue
    const how = parts.length === 1 ? parts[0]?.[0] : parts.map(([word, count]) => `${count} ${word}`).join(', ')
    because.push(`${all === 1 ? '1 goroutine is' : `${all} goroutines are`} ${verdict} (${how}).`)
  }
  const unknown = countVerdict(input, 'unknown')
  // Without reasons nothing is known of any of them, which is said above.
  if (unknown > 0 && context.dumpCount > 0) {
    because.push(`Of ${plural(unknown, 'goroutine')} no rule can tell whether they ever go on (unknown).`)
  }
  if (measured !== undefined) because.push(...sayUnknownReasons(measured))
  return because
}

function sayLeftOut({ dumpsLeftOut }: GradeInput): readonly string[] {
  return dumpsLeftOut === undefined ? [] : [`Dumps were left out: ${dumpsLeftOut}.`]
}

/** Idle by knowledge and idle by inference are not the same reassurance. */
function explainIdle(input: GradeInput): string {
  const inferred = countVerdict(input, 'idle', 'possible')
  if (inferred === 0) return 'Every goroutine is idle by design: there is no time to explain.'
  return `Every goroutine counts as idle, ${inferred} of them by inference only (possible): there is no other time to explain.`
}

function countVerdict({ context, judgements }: GradeInput, verdict: GroupVerdict, confidence?: Confidence): number {
  let count = 0
  for (const [index, judgement] of judgements.entries()) {
    const group = context.table.groups[index]
    if (judgement.verdict !== verdict || group === undefined || group.isSystem) continue
    if (confidence === undefined || judgement.confidence === confidence) count += group.counts.at(-1) ?? 0
  }
  return count
}

function describeProfiles(book: LensBook): string {
  return (['cpu', 'block', 'mutex'] as const)
    .map((lens) => `${lens} ${isOn(book, lens) ? 'on' : book.states[lens]}`)
    .join(', ')
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio > 0 && ratio < 0.1 ? 1 : 0)} %`
}

function round(ratio: number): number {
  return Math.round(ratio * 1e6) / 1e6
}
