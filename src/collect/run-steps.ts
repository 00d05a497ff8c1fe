/**
 * The state of one capture while it runs: asks steps, checks their answers, keeps files, requests, times and outcomes.
 * A resource only in that it waits and counts; everything it holds is read out by make-manifest.ts at the end.
 */
import { mapBounded } from '../base/bounded.ts'
import { type Fault, fault } from '../base/errors.ts'
import type { Result } from '../base/result.ts'
import { formatDuration, formatUnixNs } from '../base/units.ts'
import type { CaptureFile, CaptureRequest } from '../model/capture.ts'
import type { Lens } from '../model/lens.ts'
import type { Profile } from '../model/profile.ts'
import type { CaptureDeps } from './capture-deps.ts'
import { type CheckedAnswer, checkAnswer } from './check-answer.ts'
import type { ClockSample } from './clock-offset.ts'
import type { Answer, Fetcher, FetchLimits } from './fetcher.ts'
import type { LensOutcome } from './observe-lenses.ts'
import { type CapturePlan, makeProfileStep, type PlanPhase, type PlanStep, SLOW_DUMP_MS } from './plan.ts'
import { type Redaction, redactCmdline, redactJson, redactText } from './redact.ts'
import { listSiblingPaths } from './target.ts'

export type Run = {
  readonly bases: readonly [string, ...string[]]
  useBase(base: string): void
  /** The fault, or undefined when the step was answered. `final`: write a failure down (false: another base is tried). */
  runStep(step: PlanStep, final: boolean): Promise<Fault | undefined>
  runPhase(phase: PlanPhase, concurrency: number): Promise<void>
  /** Asks the cheapest page with a short timeout. */
  isAlive(): Promise<boolean>
  noteSkipped(what: string, lens: Lens | undefined, why: string): void
  goroutineCount(): number | undefined
  hasLens(): boolean
  /** Of requests that failed, in order; not of those that were not asked. */
  faults(): readonly Fault[]
  files(): readonly CaptureFile[]
  readonly notes: RunNotes
}

/** What the run learned, for the manifest. */
export type RunNotes = {
  readonly requests: CaptureRequest[]
  readonly outcomes: Map<Lens, LensOutcome>
  readonly clockSamples: ClockSample[]
  readonly redacted: Map<string, number>
  readonly profiles: Map<
    string,
    { readonly profile: Profile; readonly isDelta: boolean; readonly isStandardHandler: boolean }
  >
  readonly texts: Map<string, string>
}

/** Requests that ran into their timeout before the rest is left alone. */
const MAX_TIMEOUTS = 2
/** What a target may take beyond the windows of its plan, in timeouts: a server that dribbles is not waited for. */
const BUDGET_TIMEOUTS = 3
const ALIVE_MS = 3_000
const CONNECT_MS = 5_000

export function openRun(deps: CaptureDeps, fetcher: Fetcher, plan: CapturePlan, signal: AbortSignal | undefined): Run {
  const display = fetcher.target.display
  const { limits } = plan
  const notes: RunNotes = {
    requests: [],
    outcomes: new Map(),
    clockSamples: [],
    redacted: new Map(),
    profiles: new Map(),
    texts: new Map(),
  }
  const files = new Map<string, CaptureFile>()
  const state = { base: fetcher.target.basePaths[0], bytes: 0, timeouts: 0, done: 0, slowDump: false }
  const budgetMs = plan.expectedMs + BUDGET_TIMEOUTS * limits.timeoutMs
  const endMs = Date.now() + budgetMs
  const stepTotal = plan.phases.reduce((sum, phase) => sum + phase.steps.length, 0)
  let count: number | undefined
  const faults: Fault[] = []
  let stopped: Promise<unknown> = Promise.resolve()

  function makeLimits(step: PlanStep): FetchLimits {
    const beyond = step.windowMs + limits.timeoutMs
    return {
      connectMs: Math.min(CONNECT_MS, limits.timeoutMs),
      firstByteMs: beyond,
      idleMs: beyond,
      wholeMs: Math.max(1, Math.min(beyond + limits.timeoutMs, endMs - Date.now())),
      maxBytes: Math.max(1, Math.min(step.maxBytes, limits.maxTotalBytes - state.bytes)),
      ...(signal === undefined ? {} : { signal }),
    }
  }

  /** A page beside the lenses has several possible places: the first that is not 404. */
  async function fetchStep(step: PlanStep): Promise<{ readonly path: string; readonly answer: Result<Answer> }> {
    if (step.place === 'lens') {
      return { path: step.request, answer: await fetcher.fetchPath(`${state.base}${step.request}`, makeLimits(step)) }
    }
    let last: { readonly path: string; readonly answer: Result<Answer> } | undefined
    for (const path of listSiblingPaths(state.base, step.place)) {
      last = { path, answer: await fetcher.fetchPath(path, makeLimits(step)) }
      if (last.answer.ok) {
        const checked = await checkAnswer(step.kind, last.answer.value, deps.inflater, display)
        if (checked.ok) return last
        last = { path, answer: checked }
      } else if (last.answer.error.code !== 'SL_COLLECT_NOT_FOUND') return last
    }
    return { ...(last as { readonly path: string; readonly answer: Result<Answer> }), path: `/${step.request}` }
  }

  function reasonNotToAsk(): Fault | undefined {
    if (signal?.aborted === true) return fault('SL_COLLECT_INTERRUPTED', { target: display })
    if (state.timeouts >= MAX_TIMEOUTS) {
      const message = `${MAX_TIMEOUTS} requests got no answer in time: the target is left alone`
      return fault('SL_COLLECT_TIMEOUT', { message, target: display })
    }
    if (Date.now() >= endMs) {
      const message = `Not asked: the time for this target is spent (${formatDuration(budgetMs * 1e6)}: its windows and ${BUDGET_TIMEOUTS} times --timeout)`
      return fault('SL_COLLECT_TIMEOUT', { message, target: display })
    }
    if (state.bytes >= limits.maxTotalBytes) {
      const message = 'Not asked: the answers so far reach the limit of bytes'
      return fault('SL_COLLECT_OVER_BUDGET', { message, target: display })
    }
    return undefined
  }

  async function askStep(step: PlanStep, final: boolean): Promise<Fault | undefined> {
    const refused = reasonNotToAsk()
    const startNs = deps.clock.nowUnixNs()
    if (refused !== undefined) {
      note(step, step.request, startNs, 'skipped', refused)
      return refused
    }
    deps.progress?.step(`${fetcher.target.instance} ${step.request}`, {
      done: state.done,
      total: stepTotal,
      unit: 'steps',
    })
    const sentMs = Date.now()
    const { path, answer } = await fetchStep(step)
    const receivedMs = Date.now()
    state.done += 1
    if (answer.ok && isTimeout(answer.value.cut)) state.timeouts += 1
    const checked: Result<CheckedAnswer> = answer.ok
      ? await checkAnswer(step.kind, answer.value, deps.inflater, display)
      : answer
    if (!answer.ok || !checked.ok) {
      const failed = nameAbsence(step, checked.ok ? fault('SL_COLLECT_NOTHING_ANSWERED') : checked.error, hasAnswered())
      faults.push(failed)
      if (isTimeout(failed) && !(answer.ok && isTimeout(answer.value.cut))) state.timeouts += 1
      const fallback = await askCumulative(step, failed)
      if (fallback) return undefined
      if (final) note(step, path, startNs, 'failed', failed)
      return failed
    }
    state.bytes += answer.value.bytes.length
    noteClock(answer.value, checked.value.profile, sentMs, receivedMs)
    keep(step, path, startNs, answer.value, checked.value)
    return undefined
  }

  /** Where `?seconds=` is not known, the profile since the start of the process is better than none. */
  async function askCumulative(step: PlanStep, failed: Fault): Promise<boolean> {
    if (failed.code !== 'SL_COLLECT_DELTA_UNSUPPORTED' && failed.code !== 'SL_COLLECT_REJECTED') return false
    if (step.kind !== 'block-profile' && step.kind !== 'mutex-profile') return false
    const request = step.request.split('?')[0] as string
    const why = 'the target cannot give it over a window: since the start of the process'
    return (await askStep({ ...step, request, windowMs: 0, span: 'cumulative', why }, false)) === undefined
  }

  function hasAnswered(): boolean {
    return notes.requests.some((request) => request.status === 'answered')
  }

  function keep(step: PlanStep, path: string, startNs: bigint, answer: Answer, checked: CheckedAnswer): void {
    const { profile } = checked
    const isDelta = step.span === 'delta'
    if (profile !== undefined) {
      const isStandardHandler = /filename="[a-z]+-delta"/.test(answer.headers['content-disposition'] ?? '')
      notes.profiles.set(step.kind, { profile, isDelta, isStandardHandler })
      if (step.kind === 'goroutine-profile') count ??= sumFirstValue(profile)
    }
    const partial = answer.cut ?? checked.partial
    const bytes = redact(step, answer.bytes)
    if (step.file !== undefined) files.set(step.file, { name: step.file, kind: step.kind, bytes })
    else notes.texts.set(step.request, Buffer.from(answer.bytes.subarray(0, 4096)).toString('utf8'))
    const why = partial?.message ?? (step.span === 'cumulative' && isWindowLens(step) ? step.why : undefined)
    const durationNs = profile?.durationNs === undefined ? step.windowMs * 1e6 : Number(profile.durationNs)
    notes.requests.push({
      ...(step.file === undefined ? {} : { file: step.file }),
      kind: step.kind,
      ...(step.lens === undefined ? {} : { lens: step.lens }),
      request: path,
      startTime: formatUnixNs(startNs),
      endTime: formatUnixNs(deps.clock.nowUnixNs()),
      sizeBytes: bytes.length,
      status: partial === undefined ? 'answered' : 'partial',
      httpStatus: answer.status,
      ...(why === undefined ? {} : { why }),
      ...(partial === undefined ? {} : { code: partial.code }),
      ...(step.span === undefined
        ? {}
        : { span: { kind: step.span, ...(isDelta && durationNs > 0 ? { durationNs } : {}) } }),
    })
    if (step.lens !== undefined) notes.outcomes.set(step.lens, { kind: 'answered' })
  }

  function redact(step: PlanStep, bytes: Uint8Array): Uint8Array {
    const rewrite = REDACTORS[step.kind]
    if (rewrite === undefined) return bytes
    const redacted = rewrite(Buffer.from(bytes).toString('utf8'))
    if (redacted.count === 0) return bytes
    notes.redacted.set(step.kind, redacted.count)
    return new Uint8Array(Buffer.from(redacted.text, 'utf8'))
  }

  function note(step: PlanStep, path: string, startNs: bigint, status: 'failed' | 'skipped', why: Fault): void {
    const httpStatus = why.detail?.httpStatus
    notes.requests.push({
      kind: step.kind,
      ...(step.lens === undefined ? {} : { lens: step.lens }),
      request: path,
      startTime: formatUnixNs(startNs),
      endTime: formatUnixNs(deps.clock.nowUnixNs()),
      status,
      ...(typeof httpStatus === 'number' ? { httpStatus } : {}),
      why: why.message,
      code: why.code,
    })
    if (step.lens === undefined || notes.outcomes.get(step.lens)?.kind === 'answered') return
    const outcome: LensOutcome =
      status === 'skipped'
        ? { kind: 'skipped', why: why.message }
        : { kind: 'failed', code: why.code, why: why.message }
    notes.outcomes.set(step.lens, outcome)
  }

  function noteClock(answer: Answer, profile: Profile | undefined, sentMs: number, receivedMs: number): void {
    if (answer.date !== undefined) notes.clockSamples.push({ ...answer.date, resolutionMs: 1000 })
    if (profile?.timeNs === undefined || profile.timeNs === 0n) return
    notes.clockSamples.push({ sentMs, receivedMs, serverMs: Number(profile.timeNs / 1_000_000n), resolutionMs: 1 })
  }

  /** One at a time among those that stop the process. */
  async function runExclusive(step: PlanStep, final: boolean): Promise<Fault | undefined> {
    const mine = stopped.then(async () => {
      const isDump = step.kind === 'goroutine-dump'
      const number = Number(/\.(\d+)\.txt$/.exec(step.file ?? '')?.[1] ?? 0) + 1
      const instead = isDump && state.slowDump ? makeProfileStep({ limits }, number, step.atMs) : step
      const startMs = Date.now()
      const failed = await askStep(instead, final)
      if (isDump && Date.now() - startMs > SLOW_DUMP_MS) state.slowDump = true
      return failed
    })
    stopped = mine
    return mine
  }

  async function runStep(step: PlanStep, final: boolean): Promise<Fault | undefined> {
    return step.stopsTheWorld ? runExclusive(step, final) : askStep(step, final)
  }

  return {
    bases: fetcher.target.basePaths,
    useBase: (base) => {
      state.base = base
    },
    runStep,
    runPhase: async (phase, concurrency) => {
      const startMs = Date.now()
      await mapBounded(phase.steps, concurrency, async (step) => {
        await sleepUntil(Math.min(startMs + step.atMs, endMs), signal)
        return runStep(step, true)
      })
    },
    isAlive: async () => {
      const ms = Math.min(ALIVE_MS, limits.timeoutMs)
      if (Date.now() >= endMs) return false
      const short = { connectMs: ms, firstByteMs: ms, idleMs: ms, wholeMs: ms, maxBytes: 1 << 20 }
      const answer = await fetcher.fetchPath(`${state.base}cmdline`, {
        ...short,
        ...(signal === undefined ? {} : { signal }),
      })
      return answer.ok
    },
    noteSkipped: (what, lens, why) => {
      const now = formatUnixNs(deps.clock.nowUnixNs())
      notes.requests.push({
        kind: 'unknown',
        ...(lens === undefined ? {} : { lens }),
        request: what,
        startTime: now,
        endTime: now,
        status: 'skipped',
        why,
      })
      if (lens !== undefined && !notes.outcomes.has(lens)) notes.outcomes.set(lens, { kind: 'skipped', why })
    },
    goroutineCount: () => count,
    hasLens: () => notes.requests.some((request) => request.file !== undefined && request.lens !== undefined),
    faults: () => faults,
    files: () => [...files.values()],
    notes,
  }
}

const REDACTORS: Partial<Readonly<Record<PlanStep['kind'], (text: string) => Redaction>>> = {
  cmdline: redactCmdline,
  expvar: redactJson,
  'metrics-text': redactText,
}

function isTimeout(why: Fault | undefined): boolean {
  return why?.code === 'SL_COLLECT_TIMEOUT' || why?.code === 'SL_COLLECT_STALLED'
}

function isWindowLens(step: PlanStep): boolean {
  return step.kind === 'block-profile' || step.kind === 'mutex-profile'
}

/** 404 of one lens, on a target that has answered others, is the lens's absence. */
function nameAbsence(step: PlanStep, failed: Fault, hasAnswered: boolean): Fault {
  if (failed.code !== 'SL_COLLECT_NOT_FOUND' || !hasAnswered) return failed
  return fault('SL_COLLECT_LENS_ABSENT', {
    message: `The target has no ${step.request.split('?')[0]} (404)`,
    ...(failed.target === undefined ? {} : { target: failed.target }),
    ...(failed.detail === undefined ? {} : { detail: failed.detail }),
  })
}

/** A goroutine profile has one value per sample: how many goroutines have this stack. */
function sumFirstValue(profile: Profile): number {
  let sum = 0
  const width = profile.sampleTypes.length
  for (let sample = 0; sample < profile.sampleCount; sample += 1) sum += Number(profile.values[sample * width] ?? 0n)
  return sum
}

function sleepUntil(atMs: number, signal: AbortSignal | undefined): Promise<void> {
  const waitMs = atMs - Date.now()
  if (waitMs <= 0 || signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, waitMs)
    signal?.addEventListener('abort', done, { once: true })
  })
}
