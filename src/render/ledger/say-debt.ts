/** How a debt is said for people, alike in every format: where it is, how old, how much. Not escaped yet. */
import type { DebtPlace, DebtTotals, LedgerData } from '../../model/trust/ledger.ts'
import { countOf, formatCount, formatShare, fullPlace } from '../text.ts'

/** A fingerprint is what `waive` is given: a terminal too narrow for the table shows it all the same. */
export const STACK_BELOW = 72

export function sayWhere({ file, line, function: name, operation, edge }: DebtPlace): string {
  if (edge !== undefined) return [`${edge.from} → ${edge.to}`, operation ?? ''].filter((part) => part !== '').join(' ')
  const place = fullPlace(file, line)
  return [name ?? operation ?? '', place].filter((part) => part !== '').join(' ')
}

/** The same, short enough for a table. */
export function sayWhereShortly({ file, line, function: name, operation, edge }: DebtPlace): string {
  if (edge !== undefined) return `${edge.from} → ${edge.to}`
  if (file !== undefined) return fullPlace(file, line)
  return name ?? operation ?? ''
}

export function sayAge(days: number): string {
  return days === 0 ? 'today' : countOf(days, 'day')
}

export function sayRate(rate: number | undefined, interval: readonly [number, number] | undefined): string {
  if (rate === undefined) return ''
  return interval === undefined
    ? formatShare(rate)
    : `${formatShare(rate)} (${formatShare(interval[0])} to ${formatShare(interval[1])})`
}

export function sayDay(time: string): string {
  return time.slice(0, 10)
}

/** `only`: of what the totals are, where not of all; a name that nobody has is not told as a clean one. */
export function sayTotals(totals: DebtTotals, only: LedgerData['only'] = {}): string {
  const { open, back, paid, waived } = totals
  const of = [only.service, only.owner].filter((one) => one !== undefined).join(', ')
  if (open + back === 0 && paid + waived === 0) return `No finding${of === '' ? '' : ` of ${of}`} has ever been added`
  if (open + back === 0) return 'Nothing is owed'
  const again = back === 0 ? '' : `, ${formatCount(back)} of them back after being paid`
  return `${countOf(open + back, 'finding')} owed${again}`
}
