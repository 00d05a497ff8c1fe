/**
 * The parts that rows of the lens table share: columns of views, and short forms for words and states.
 */
import type { Lens } from '../../model/lens.ts'
import type { DumpReason, LensView, TraceState } from './types.ts'

export type Views = Readonly<Record<Lens, LensView>>

/** The six lenses of the runtime in the order of the matrix; the other four say the same of nearly every wait. */
export function view(
  cpu: LensView,
  block: LensView,
  mutex: LensView,
  goroutine: LensView,
  goroutineleak: LensView,
  trace: LensView,
): Views {
  return {
    cpu,
    block,
    mutex,
    heap: 'never',
    goroutine,
    goroutineleak,
    trace,
    spans: 'around',
    metrics: 'aggregate',
    logs: 'never',
  }
}

/** A primitive of the six that report to the block profile, whose waiter the leak profile can judge. */
export const primitive = view('never', 'after', 'never', 'now', 'proof-if-unreachable', 'now')
export const lock = view('never', 'after', 'after', 'now', 'proof-if-unreachable', 'now')
export const forever = view('never', 'never', 'never', 'now', 'proof', 'now')
export const unrecorded = view('never', 'never', 'never', 'now', 'never', 'now')
export const system = view('never', 'never', 'never', 'system-only', 'never', 'now')

export const waiting = (reason: string, span: { sinceGo?: string; untilGo?: string } = {}): TraceState => ({
  state: 'Waiting',
  reason,
  ...span,
})
export const word = (reason: string, more: Omit<DumpReason, 'reason'> = {}): DumpReason => ({ reason, ...more })
