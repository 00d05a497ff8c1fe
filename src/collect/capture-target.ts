/**
 * Runs the plan against one target: asks, checks, keeps, and writes down what answered and why not.
 * Enters: an address and options. Leaves: a Capture with its manifest, in memory; a Fault only where nothing was got.
 * Rules: never two requests that stop the process at a time; the rest waits once two requests ran into their timeout;
 * an abort ends at once with what was got (`interrupted`); secrets are taken out before anything is kept.
 */
import { type ErrorCode, type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Capture, CaptureFile, CaptureManifest } from '../model/capture.ts'
import type { CaptureDeps } from './capture-deps.ts'
import { type FetcherOptions, openFetcher } from './fetcher.ts'
import { makeManifest } from './make-manifest.ts'
import { type CapturePlan, type PlanOptions, type PlanPhase, planCapture } from './plan.ts'
import { openRun, type Run } from './run-steps.ts'
import type { TargetAddress } from './target.ts'

export type { CaptureDeps } from './capture-deps.ts'

export type CaptureTargetInput = {
  readonly target: TargetAddress
  readonly fetch?: FetcherOptions
  readonly plan?: PlanOptions
  /** --service. */
  readonly service?: string
  readonly signal?: AbortSignal
}

export type TargetCapture = {
  readonly capture: Capture & { readonly manifest: CaptureManifest }
  readonly goroutineCount?: number
}

/** After these no other request can fare better: the target as a whole has failed. */
const FATAL: ReadonlySet<ErrorCode> = new Set([
  'SL_COLLECT_REFUSED',
  'SL_COLLECT_DNS',
  'SL_COLLECT_UNREACHABLE',
  'SL_COLLECT_RESET',
  'SL_COLLECT_NOT_HTTP',
  'SL_COLLECT_SOCKET_MISSING',
  'SL_COLLECT_SOCKET_DENIED',
  'SL_COLLECT_TLS_UNTRUSTED',
  'SL_COLLECT_TLS_NAME',
  'SL_COLLECT_TLS_CLIENT_CERT',
  'SL_COLLECT_TLS_NOT_TLS',
  'SL_COLLECT_TLS_EXPECTED',
  'SL_COLLECT_UNAUTHORIZED',
  'SL_COLLECT_FORBIDDEN',
  'SL_COLLECT_REDIRECT',
  'SL_COLLECT_INTERRUPTED',
])

/** Codes: those of the first request where the target as a whole failed, SL_COLLECT_NOTHING_ANSWERED, _CREDENTIALS. */
export async function captureTarget(deps: CaptureDeps, input: CaptureTargetInput): Promise<Result<TargetCapture>> {
  const opened = openFetcher(input.target, input.fetch)
  if (!opened.ok) return opened
  const fetcher = opened.value
  try {
    const startNs = deps.clock.nowUnixNs()
    const first = planCapture(input.plan)
    const run = openRun(deps, fetcher, first, input.signal)
    const failed = await askCount(run, first)
    if (failed !== undefined) return err(failed)
    const goroutineCount = run.goroutineCount()
    const plan = planCapture(input.plan, goroutineCount === undefined ? {} : { goroutineCount })
    await runPhases(run, plan, goroutineCount !== undefined)
    if (!run.hasLens()) return err(explainNothing(run.faults(), input.target.display))
    const noPprof = explainNoPprof(run, input.target.display)
    if (noPprof !== undefined) return err(noPprof)
    const manifest = makeManifest(deps, run, plan, {
      target: input.target,
      startNs,
      ...(input.service === undefined ? {} : { service: input.service }),
      interrupted: input.signal?.aborted === true,
    })
    const files = [...run.files(), ...manifest.extraFiles].sort(byName)
    return ok({
      capture: { origin: input.target.display, manifest: manifest.value, files },
      ...(goroutineCount === undefined ? {} : { goroutineCount }),
    })
  } finally {
    fetcher.close()
  }
}

/** Every request failed: in one way, which is then the target's; or in several, and the first is the cause. */
function explainNothing(faults: readonly Fault[], target: string): Fault {
  const [first] = faults
  if (first !== undefined && faults.every(({ code }) => code === first.code)) return first
  return fault('SL_COLLECT_NOTHING_ANSWERED', { target, ...(first === undefined ? {} : { cause: first }) })
}

/** What answers /metrics or /debug/vars, and 404 to every lens of pprof, is alive and cannot be diagnosed. */
function explainNoPprof({ notes }: Run, target: string): Fault | undefined {
  const lenses = notes.requests.filter(({ lens }) => lens !== undefined && lens !== 'metrics')
  if (lenses.some(({ status }) => status === 'answered' || status === 'partial')) return undefined
  const failed = lenses.filter(({ status }) => status === 'failed')
  const isAbsent = failed.every(({ code }) => code === 'SL_COLLECT_NOT_FOUND' || code === 'SL_COLLECT_LENS_ABSENT')
  if (failed.length === 0 || !isAbsent) return undefined
  const beside = notes.requests.flatMap(({ lens, request, status }) =>
    lens === 'metrics' && status === 'answered' ? [request] : [],
  )
  return fault('SL_COLLECT_NOT_FOUND', {
    target,
    message: `The target answers ${beside.join(' and ') || 'other pages'}, but every page of net/http/pprof is 404 here`,
    hint: `Add import _ "net/http/pprof" to the service (with a router of its own, register its handlers under /debug/pprof/), or give the base path under which they are.`,
  })
}

/** Asks the count at each base that the address may mean; a fault when the target as a whole has failed. */
async function askCount(run: Run, plan: CapturePlan): Promise<Fault | undefined> {
  const step = plan.phases[0]?.steps[0]
  if (step === undefined) return undefined
  let last: Fault | undefined
  for (const base of run.bases) {
    run.useBase(base)
    last = await run.runStep(step, base === run.bases.at(-1))
    if (last === undefined || FATAL.has(last.code)) return last
  }
  if (last?.code === 'SL_COLLECT_TIMEOUT' || last?.code === 'SL_COLLECT_STALLED') {
    // A hanging lens, or a wedged service? Its cheapest page tells.
    return (await run.isAlive()) ? undefined : last
  }
  run.useBase(run.bases[0])
  return undefined
}

async function runPhases(run: Run, plan: CapturePlan, hasCount: boolean): Promise<void> {
  for (const phase of plan.phases) {
    if (phase.name === 'count') continue
    if (phase.name === 'leak') await runLeak(run, phase)
    else await run.runPhase(hasCount ? phase : withoutDumps(run, phase), phase.name === 'instant' ? 3 : 16)
  }
  for (const skipped of plan.skipped) run.noteSkipped(skipped.what, skipped.lens, skipped.why)
}

/** A dump stops the process for a time that only the count tells: without a count there is none. */
function withoutDumps(run: Run, phase: PlanPhase): PlanPhase {
  const isDump = phase.steps.some((step) => step.kind === 'goroutine-dump')
  if (isDump) run.noteSkipped('goroutine?debug=2', 'goroutine', 'the number of goroutines could not be found out')
  return { ...phase, steps: phase.steps.filter((step) => step.kind !== 'goroutine-dump') }
}

/** The marked dump only where the profile exists: one 404 is enough. */
async function runLeak(run: Run, phase: PlanPhase): Promise<void> {
  for (const [index, step] of phase.steps.entries()) {
    if (index > 0 && run.goroutineCount() === undefined) return
    const failed = await run.runStep(step, true)
    if (failed !== undefined) return
  }
}

function byName(a: CaptureFile, b: CaptureFile): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
