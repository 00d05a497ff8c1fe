/**
 * Which lenses of the target were on: what each answer proves, and the honest `unknown` where none does.
 * Enters: the answers of one capture. Leaves: one LensObservation per lens, with its reason in one sentence.
 * Facts used (net/http/pprof, runtime/pprof, runtime of Go 1.26 and 1.27):
 *  - a delta request sleeps in a select inside serveDeltaProfile and ends that wait before its second copy is taken:
 *    a block profile that is on must hold it when the rate is at most the window (mprof.go blocksampled);
 *  - `mutex?debug=1` prints `sampling period=N`, the fraction itself; 0 is off;
 *  - a heap profile's period is MemProfileRate; 0 is off.
 */
import type { ErrorCode } from '../base/errors.ts'
import { formatDuration } from '../base/units.ts'
import type { LensObservation } from '../model/capture.ts'
import type { Lens, LensState } from '../model/lens.ts'
import type { Profile } from '../model/profile.ts'

/** How the request of a lens ended. */
export type LensOutcome =
  | { readonly kind: 'answered' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly why: string }
  | { readonly kind: 'skipped'; readonly why: string }

export type LensAnswers = {
  /** By lens, the outcome that tells most; absent when the lens was not in the plan. */
  readonly outcomes: ReadonlyMap<Lens, LensOutcome>
  readonly block?: {
    readonly profile: Profile
    readonly isDelta: boolean
    readonly isStandardHandler: boolean
    readonly windowNs: number
  }
  readonly mutex?: { readonly profile: Profile; readonly isDelta: boolean }
  /** First bytes of `mutex?debug=1`. */
  readonly mutexText?: string
  readonly heap?: Profile
}

const SELF_WAIT = /^net\/http\/pprof\.(\(?\*?handler\)?\.)?serveDeltaProfile$/

export function observeLenses(answers: LensAnswers): LensObservation[] {
  const observed: LensObservation[] = []
  const add = (lens: Lens, state: LensState, because: string): void => {
    observed.push({ lens, state, because })
  }
  for (const lens of ['cpu', 'block', 'mutex', 'heap', 'goroutine', 'goroutineleak', 'trace', 'metrics'] as const) {
    const outcome = answers.outcomes.get(lens)
    if (outcome === undefined) continue
    if (outcome.kind === 'skipped') add(lens, 'unknown', `Not asked: ${outcome.why}.`)
    else if (outcome.kind === 'failed') add(lens, ...judgeFailure(lens, outcome))
    else if (lens === 'block') add(lens, ...judgeBlock(answers.block))
    else if (lens === 'mutex') add(lens, ...judgeMutex(answers))
    else if (lens === 'heap') add(lens, ...judgeHeap(answers.heap))
    else add(lens, 'on', ANSWERED[lens])
  }
  return observed
}

const ANSWERED: Readonly<Record<'cpu' | 'goroutine' | 'goroutineleak' | 'trace' | 'metrics', string>> = {
  cpu: 'The target took a CPU profile over the window.',
  goroutine: 'The target printed its goroutines.',
  goroutineleak: 'The runtime looked for unreachable goroutines when asked.',
  trace: 'The target traced its execution when asked.',
  metrics: 'The target exposes metrics.',
}

function judgeFailure(
  lens: Lens,
  outcome: { readonly code: ErrorCode; readonly why: string },
): readonly [LensState, string] {
  if (outcome.code === 'SL_COLLECT_LENS_ABSENT') {
    return lens === 'goroutineleak'
      ? ['absent', 'The target answers 404: Go before 1.26, or 1.26 without GOEXPERIMENT=goroutineleakprofile.']
      : ['absent', 'The target answers 404: it has no handler for it.']
  }
  return ['unknown', `The target did not give it: ${outcome.why}.`]
}

function judgeBlock(block: LensAnswers['block']): readonly [LensState, string] {
  if (block === undefined) return ['unknown', 'The profile came, but could not be read.']
  const { profile, isDelta, isStandardHandler, windowNs } = block
  const window = formatDuration(windowNs)
  if (!isDelta) {
    return profile.sampleCount > 0
      ? [
          'unknown',
          'The profile since the start holds waits: it was on at some time; whether it is now cannot be told.',
        ]
      : ['unknown', 'The profile since the start is empty: it is off, or no wait ended yet.']
  }
  if (hasFunction(profile, SELF_WAIT)) {
    return ['on', `The profile of the window holds this request's own wait of ${window}: it records.`]
  }
  if (profile.sampleCount > 0) return ['on', 'Waits that ended in the window were recorded.']
  return isStandardHandler
    ? [
        'off',
        `This request's own wait of ${window} was not recorded: off, or at a rate so coarse that it sees next to nothing.`,
      ]
    : ['unknown', 'No wait was recorded in the window, and the handler is not the standard one: off, or no wait ended.']
}

function judgeMutex(answers: LensAnswers): readonly [LensState, string] {
  const rate = /^sampling period=(\d+)$/m.exec(answers.mutexText ?? '')?.[1]
  if (rate === '0') return ['off', 'The target says sampling period=0.']
  if (rate !== undefined)
    return ['on', `The target says sampling period=${rate}: one contention in ${rate} is recorded.`]
  if (answers.mutex === undefined) return ['unknown', 'The profile came, but neither it nor its rate could be read.']
  if (answers.mutex.isDelta && answers.mutex.profile.sampleCount > 0) {
    return ['on', 'Contention that ended in the window was recorded.']
  }
  return [
    'unknown',
    'The target does not say its sampling rate, and no contention was recorded: off, or there was none.',
  ]
}

function judgeHeap(heap: Profile | undefined): readonly [LensState, string] {
  if (heap === undefined) return ['unknown', 'The profile came, but could not be read.']
  const period = heap.period ?? 0n
  if (period > 0n) return ['on', `One allocation per ${period} bytes is recorded (MemProfileRate).`]
  return heap.sampleCount === 0
    ? ['off', 'The profile says MemProfileRate 0 and is empty.']
    : ['off', 'The profile says MemProfileRate 0 now; what it holds was recorded before it was turned off.']
}

function hasFunction(profile: Profile, name: RegExp): boolean {
  for (let index = 0; index < profile.functionCount; index += 1) {
    if (name.test(profile.strings[profile.functionNames[index] as number] ?? '')) return true
  }
  return false
}
