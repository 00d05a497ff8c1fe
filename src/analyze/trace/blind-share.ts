/**
 * Which waits no profile can record: each stay of a goroutine against the lens table.
 * A wait that a profile records once it has ended counts as recorded. Where no row of the table fits, nothing is known:
 * `isBlind` is absent, and the caller decides by whether the wait has ended.
 */
import type { Lens } from '../../model/lens.ts'
import { runnableCauses, type TraceBlindShare, type WaitRow } from '../../model/trace-account.ts'
import { classifyBlockReason, type WaitClass } from '../../model/wait-class.ts'
import { findTraceWaitKind, recordableBy } from '../lenses/visibility.ts'
import { COROUTINE_CODE, causeOf, SYSCALL_CODE } from './codes.ts'

export type StayClass = {
  readonly state: 'Runnable' | 'Waiting' | 'Syscall'
  /** Block reason; for runnable the cause. */
  readonly reason: string
  readonly waitClass: WaitClass
  readonly waitKind?: string
  readonly recordedBy: readonly Lens[]
  readonly isBlind?: boolean
}

/** `code`: see sites.ts; `reason`: its word, where it is a block reason. */
export function classifyStay(
  code: number,
  reason: string,
  frames: readonly string[] | undefined,
  goVersion: string | undefined,
): StayClass {
  const cause = causeOf(code)
  const state = cause !== undefined ? 'Runnable' : code === SYSCALL_CODE ? 'Syscall' : 'Waiting'
  const isSwitch = code === COROUTINE_CODE
  const kind = findTraceWaitKind({
    state,
    reason,
    ...(frames === undefined ? {} : { frames }),
    ...(isSwitch ? { from: 'Running' } : {}),
    ...(goVersion === undefined ? {} : { goVersion }),
  })
  const ofState = { Runnable: 'scheduler', Syscall: 'syscall', Waiting: undefined } as const
  const ofWait = isSwitch ? 'coroutine' : (classifyBlockReason(reason, frames).waitClass ?? 'unknown')
  const base = {
    state,
    reason: cause === undefined ? reason : (runnableCauses[cause] as string),
    waitClass: ofState[state] ?? ofWait,
  } as const
  if (kind === undefined) return { ...base, recordedBy: [] }
  const recordedBy = recordableBy(kind)
  return { ...base, waitKind: kind.id, recordedBy, isBlind: recordedBy.length === 0 }
}

/** Of the waiting time of user goroutines: what no profile records, and what nobody can tell. */
export function shareBlind(waiting: readonly WaitRow[], waitingNs: number): TraceBlindShare {
  let blindNs = 0
  let unknownNs = 0
  for (const row of waiting) {
    if (row.blind) blindNs += row.ns
    else if (row.waitKind === undefined) unknownNs += row.ns
  }
  return { waitingNs, blindNs, unknownNs, blindRatio: waitingNs > 0 ? blindNs / waitingNs : 0 }
}
