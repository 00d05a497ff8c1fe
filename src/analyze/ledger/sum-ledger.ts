/** The ledger read at one time: rows with state, age and waiver, their totals, and how all of it went over time. */
import { compareTexts } from '../../base/compare-texts.ts'
import { type Severity, severities } from '../../model/contract.ts'
import {
  type DebtEntry,
  type DebtRow,
  type DebtTotals,
  debtStates,
  type Ledger,
  type TrendPoint,
} from '../../model/trust/ledger.ts'
import { daysBetween, weighDebt } from './add-run.ts'
import { isOwed, readState } from './entry-state.ts'
import { stateOfWaiver } from './waive.ts'

/** Points of a trend at most; of more times the evenly spaced are kept, and always the last. */
const MAX_POINTS = 240

/** Worst first, then oldest. What came in after `asOf` is in it too: clocks of branches differ. */
export function listRows(ledger: Ledger, asOf: string): readonly DebtRow[] {
  return ledger.entries.flatMap((entry) => rowOf(entry, asOf) ?? []).sort(compareRows)
}

export function rowOf(entry: DebtEntry, asOf: string, withHistory = false): DebtRow | undefined {
  const state = readState(entry.history)
  if (state === undefined) return undefined
  const { at: _at, needs: _needs, measure, ...facts } = entry.facts
  const debt = weighDebt(entry.facts)
  const waiver = stateOfWaiver(entry.waiver, asOf)
  const owed = isOwed(state.state)
  return {
    fingerprint: entry.fingerprint,
    ...facts,
    ...measure,
    ...state,
    ageDays: daysBetween(state.firstSeen, owed ? asOf : state.since),
    ...(debt === undefined || !owed ? {} : { debt }),
    sources: entry.sources,
    ...(waiver === undefined || entry.waiver === undefined
      ? {}
      : {
          waiver: { who: entry.waiver.who, why: entry.waiver.why, until: entry.waiver.until, state: waiver },
        }),
    ...(withHistory ? { history: entry.history } : {}),
  }
}

function compareRows(a: DebtRow, b: DebtRow): number {
  return (
    Number(!isOwed(a.state)) - Number(!isOwed(b.state)) ||
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    (b.debt ?? 0) - (a.debt ?? 0) ||
    debtStates.indexOf(b.state) - debtStates.indexOf(a.state) ||
    compareTexts(a.firstSeen, b.firstSeen) ||
    compareTexts(a.fingerprint, b.fingerprint)
  )
}

export function countSeverities(rows: readonly { readonly severity: Severity }[]): Record<Severity, number> {
  const counts: Record<Severity, number> = { critical: 0, high: 0, medium: 0, low: 0, info: 0 }
  for (const { severity } of rows) counts[severity] += 1
  return counts
}

export function sumRows(rows: readonly DebtRow[]): DebtTotals {
  const owed = rows.filter(({ state }) => isOwed(state))
  const counted = owed.filter(({ waiver }) => waiver?.state !== 'holds')
  return {
    open: counted.filter(({ state }) => state === 'open').length,
    back: counted.filter(({ state }) => state === 'back').length,
    paid: rows.length - owed.length,
    waived: owed.length - counted.length,
    expiredWaivers: owed.filter(({ waiver }) => waiver?.state === 'expired').length,
    bySeverity: countSeverities(counted),
    debt: roundDebt(counted.reduce((sum, { debt }) => sum + (debt ?? 0), 0)),
    unmeasured: counted.filter(({ debt }) => debt === undefined).length,
  }
}

export function roundDebt(debt: number): number {
  return Math.round(debt * 1000) / 1000
}

/** At every time at which something was seen or not seen: how much was owed then, waived or not. */
export function readTrend(ledger: Ledger): readonly TrendPoint[] {
  const times = [
    ...new Set([
      ...ledger.entries.flatMap(({ history }) => history.map(({ at }) => at)),
      ...ledger.looks.map(({ last }) => last),
    ]),
  ].sort()
  const kept = thin(times)
  const points = kept.map((at) => ({
    at,
    open: 0,
    bySeverity: { critical: 0, high: 0, medium: 0, low: 0, info: 0 } as Record<Severity, number>,
    debt: 0,
    appeared: 0,
    paid: 0,
  }))
  for (const { facts, history } of ledger.entries) {
    let next = 0
    let isOpen = false
    let debt = 0
    for (const [index, point] of points.entries()) {
      const wasOpen = isOpen
      for (let one = history[next]; one !== undefined && one.at <= point.at; one = history[next]) {
        isOpen = one.saw
        if (one.saw) debt = one.debt ?? 0
        next += 1
      }
      if (isOpen) {
        point.open += 1
        point.bySeverity[facts.severity] += 1
        point.debt = roundDebt(point.debt + debt)
      }
      if (isOpen && !wasOpen) point.appeared += 1
      if (!isOpen && wasOpen && index > 0) point.paid += 1
    }
  }
  return points
}

function thin(times: readonly string[]): readonly string[] {
  if (times.length <= MAX_POINTS) return times
  const step = (times.length - 1) / (MAX_POINTS - 1)
  return [...new Set(Array.from({ length: MAX_POINTS }, (_, index) => times[Math.round(index * step)] as string))]
}
