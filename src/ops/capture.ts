/**
 * The use case `capture`: live targets → captures on disk, or in memory for `diagnose`; and `--plan`, which asks nothing.
 * Every target gives a value: its capture, or the fault why there is none. Several run at a time, bounded.
 * Exit code: the only one failed: its own; more than `maxFailures` of several: 3; interrupted: 3.
 */
import { join } from 'node:path'
import { mapBounded } from '../base/bounded.ts'
import { type ErrorCode, type ExitCode, errorCatalogue, type Fault, fault } from '../base/errors.ts'
import type { Result } from '../base/result.ts'
import { type CaptureDeps, captureTarget } from '../collect/capture-target.ts'
import type { FetcherOptions } from '../collect/fetcher.ts'
import { type CapturePlan, type PlanOptions, planCapture } from '../collect/plan.ts'
import { parseTarget, type TargetAddress } from '../collect/target.ts'
import type { Capture, CaptureManifest, CaptureRequest } from '../model/capture.ts'
import type { Coverage, CoverageGap } from '../model/contract.ts'
import { type Issue, openIssueLog } from '../model/issue.ts'
import type { CaptureWriter } from '../model/ports.ts'
import type { Report } from '../model/report.ts'

export type CaptureOptions = {
  readonly fetch?: FetcherOptions
  readonly plan?: PlanOptions
  /** --service; for one target only. */
  readonly service?: string
  /** Targets at a time. */
  readonly concurrency?: number
  readonly maxFailures?: number
  readonly signal?: AbortSignal
}

export type CaptureInput = CaptureOptions & {
  readonly targets: readonly string[]
  /** A folder, or an `.slc` for one target; by default a folder named by service and time. */
  readonly output?: string
}

export type CapturedTarget = {
  readonly url: string
  readonly instance?: string
  readonly service?: string
  readonly serviceFrom?: string
  readonly goVersion?: string
  /** Where the capture was written. */
  readonly path?: string
  readonly sizeBytes?: number
  readonly goroutineCount?: number
  readonly durationNs?: number
  readonly interrupted?: boolean
  readonly lenses?: CaptureManifest['lenses']
  readonly requests?: readonly CaptureRequest[]
  readonly redacted?: readonly string[]
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly hint: string }
}

export type CaptureData = { readonly targets: readonly CapturedTarget[] }

export type PlanData = {
  readonly targets: readonly { readonly url: string; readonly instance: string; readonly bases: readonly string[] }[]
  readonly plan: CapturePlan
}

export type FetchedTarget = {
  /** Without secrets. */
  readonly name: string
  readonly capture: Result<Capture & { readonly manifest: CaptureManifest }>
  readonly goroutineCount?: number
  readonly durationNs: number
}

const DEFAULT_CONCURRENCY = 4

/** Captures every target in memory, in the order given; what `diagnose URL...` starts from. Never a fault as a whole. */
export async function fetchTargets(
  deps: CaptureDeps,
  targets: readonly string[],
  options: CaptureOptions = {},
): Promise<readonly FetchedTarget[]> {
  return mapBounded(targets, options.concurrency ?? DEFAULT_CONCURRENCY, async (text, index) => {
    const address = parseTarget(text)
    if (!address.ok) return { name: `target ${index + 1}`, capture: address, durationNs: 0 }
    return fetchTarget(deps, address.value, options)
  })
}

async function fetchTarget(deps: CaptureDeps, target: TargetAddress, options: CaptureOptions): Promise<FetchedTarget> {
  const startNs = deps.clock.nowMonoNs()
  const captured = await captureTarget(deps, {
    target,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...(options.plan === undefined ? {} : { plan: options.plan }),
    ...(options.service === undefined ? {} : { service: options.service }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  const durationNs = Math.round(deps.clock.nowMonoNs() - startNs)
  const name = target.display
  if (!captured.ok) return { name, capture: captured, durationNs }
  const { capture, goroutineCount } = captured.value
  return {
    name,
    capture: { ok: true, value: capture },
    durationNs,
    ...(goroutineCount === undefined ? {} : { goroutineCount }),
  }
}

/** Captures and writes. Codes beside those of captureTarget: SL_COLLECT_OPTIONS, _OUTPUT_TAKEN, _WRITE. */
export async function captureTargets(
  deps: CaptureDeps & { readonly writer: CaptureWriter },
  input: CaptureInput,
): Promise<Report<CaptureData>> {
  const wrong = checkInput(input)
  if (wrong !== undefined) return failReport({ targets: [] }, wrong)
  const names = new Set<string>()
  const entries: { readonly entry: CapturedTarget; readonly error?: Fault }[] = []
  const fetched = await fetchTargets(deps, input.targets, input)
  for (const one of fetched) entries.push(await writeTarget(deps, input, one, names))
  return makeReport(entries, fetched, input)
}

/** `--plan`: what would be asked of these targets, at what cost and why. Asks nothing of anyone. */
export function planTargets(input: Pick<CaptureInput, 'targets' | 'plan'>): Report<PlanData> {
  const plan = planCapture(input.plan)
  const targets: PlanData['targets'][number][] = []
  for (const text of input.targets) {
    const address = parseTarget(text)
    if (!address.ok) return failReport({ targets: [], plan }, address.error)
    targets.push({ url: address.value.display, instance: address.value.instance, bases: address.value.basePaths })
  }
  return {
    data: { targets, plan },
    findings: [],
    issues: [],
    coverage: { asked: 0, answered: 0, missing: [] },
    exitCode: 0,
  }
}

function checkInput(input: CaptureInput): Fault | undefined {
  const refuse = (message: string): Fault => fault('SL_COLLECT_OPTIONS', { message })
  if (input.targets.length === 0) return refuse('No target was given')
  if (input.targets.length === 1) return undefined
  if (input.output?.endsWith('.slc')) return refuse('Several targets need a folder for -o: each gets a capture in it')
  return input.service === undefined ? undefined : refuse('--service names one target, and several were given')
}

async function writeTarget(
  deps: CaptureDeps & { readonly writer: CaptureWriter },
  input: CaptureInput,
  one: FetchedTarget,
  names: Set<string>,
): Promise<{ readonly entry: CapturedTarget; readonly error?: Fault }> {
  if (!one.capture.ok) {
    const { error } = one.capture
    return { entry: { url: one.name, error: showFault(error) }, error }
  }
  const capture = one.capture.value
  const { manifest } = capture
  const { target } = manifest
  const path = choosePath(input, manifest, names)
  const written = await deps.writer.writeCapture(capture, path)
  const entry: CapturedTarget = {
    url: one.name,
    ...(target.instance === undefined ? {} : { instance: target.instance }),
    ...(target.service === undefined ? {} : { service: target.service }),
    ...(target.serviceFrom === undefined ? {} : { serviceFrom: target.serviceFrom }),
    ...(target.goVersion === undefined ? {} : { goVersion: target.goVersion }),
    ...(written.ok ? { path: written.value.path, sizeBytes: written.value.sizeBytes } : {}),
    ...(one.goroutineCount === undefined ? {} : { goroutineCount: one.goroutineCount }),
    durationNs: one.durationNs,
    interrupted: manifest.interrupted,
    lenses: manifest.lenses,
    requests: manifest.requests,
    redacted: manifest.redacted,
    ...(written.ok ? {} : { error: showFault(written.error) }),
  }
  return written.ok ? { entry } : { entry, error: written.error }
}

/** `-o` itself for one target; below it for several; `shop-20260102T030405Z` by default. Never the same path twice. */
function choosePath(input: CaptureInput, manifest: CaptureManifest, names: Set<string>): string {
  const stamp = manifest.startTime.slice(0, 19).replace(/[-:]/g, '')
  const service = cleanName(manifest.target.service ?? 'capture')
  if (input.targets.length === 1) return input.output ?? `${service}-${stamp}Z`
  const instance = cleanName(manifest.target.instance ?? '')
  const base = service === instance || instance === '' ? service : `${service}-${instance}`
  let name = base
  for (let number = 2; names.has(name); number += 1) name = `${base}-${number}`
  names.add(name)
  return join(input.output ?? `capture-${stamp}Z`, name)
}

function cleanName(text: string): string {
  const clean = text.replace(/[^\w.-]+/g, '_').replace(/^[._-]+|[._-]+$/g, '')
  return clean === '' ? 'capture' : clean.slice(0, 80)
}

function makeReport(
  entries: readonly { readonly entry: CapturedTarget; readonly error?: Fault }[],
  fetched: readonly FetchedTarget[],
  input: CaptureInput,
): Report<CaptureData> {
  const faults = entries.flatMap(({ error }) => (error === undefined ? [] : [error]))
  const isOnly = entries.length === 1
  const error = isOnly
    ? faults[0]
    : faults.length > (input.maxFailures ?? 0)
      ? failMany(faults, entries.length)
      : undefined
  const data: CaptureData = { targets: entries.map(({ entry }) => entry) }
  const issues = listIssues(data)
  const coverage = isOnly ? coverRequests(fetched[0], faults[0]) : coverTargets(entries)
  const interrupted = data.targets.some((target) => target.interrupted === true)
  const exitCode: ExitCode = error !== undefined ? errorCatalogue[error.code].exitCode : interrupted ? 3 : 0
  return { data, findings: [], issues, coverage, ...(error === undefined ? {} : { error }), exitCode }
}

function listIssues(data: CaptureData): readonly Issue[] {
  const log = openIssueLog()
  for (const target of data.targets) {
    if (target.interrupted === true) {
      log.add('SL_COLLECT_INTERRUPTED', `The capture of ${target.url} was ended before its plan was`)
    }
    for (const request of target.requests ?? []) {
      if (request.status !== 'partial' || request.code === undefined) continue
      const place = request.file === undefined ? {} : { at: { file: request.file } }
      log.add(request.code, `${request.request} came in part: ${request.why ?? 'cut'}`, place)
    }
  }
  return log.list()
}

function coverRequests(one: FetchedTarget | undefined, error: Fault | undefined): Coverage {
  if (one === undefined || !one.capture.ok) {
    const gap: CoverageGap = { what: one?.name ?? 'target', why: error?.message ?? 'not asked' }
    return { asked: 1, answered: 0, missing: [error === undefined ? gap : { ...gap, code: error.code }] }
  }
  const { requests } = one.capture.value.manifest
  const missing = requests.filter((request) => request.status === 'failed' || request.status === 'skipped')
  return {
    asked: requests.length,
    answered: requests.length - missing.length,
    missing: missing.map((request) => ({
      what: request.request,
      why: request.why ?? request.status,
      ...(request.code === undefined ? {} : { code: request.code }),
      target: one.name,
    })),
  }
}

function coverTargets(entries: readonly { readonly entry: CapturedTarget; readonly error?: Fault }[]): Coverage {
  const missing = entries.flatMap(({ entry, error }): CoverageGap[] =>
    error === undefined ? [] : [{ what: entry.url, why: error.message, code: error.code }],
  )
  return { asked: entries.length, answered: entries.length - missing.length, missing }
}

function failMany(faults: readonly Fault[], asked: number): Fault {
  const [first] = faults
  const message = `${faults.length} of ${asked} targets failed`
  return fault('SL_OPS_TARGETS_FAILED', { message, ...(first === undefined ? {} : { cause: first }) })
}

function showFault(error: Fault): NonNullable<CapturedTarget['error']> {
  return { code: error.code, message: error.message, hint: error.hint }
}

function failReport<T>(data: T, error: Fault): Report<T> {
  return {
    data,
    findings: [],
    issues: [],
    coverage: { asked: 0, answered: 0, missing: [] },
    error,
    exitCode: errorCatalogue[error.code].exitCode,
  }
}
