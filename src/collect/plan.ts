/**
 * What will be asked of a target, in which order, at what cost and why: pure data, so that it can be printed first.
 * Enters: options, and the goroutine count once it is known. Leaves: phases of steps; no step is asked that is not here.
 * Costs: measured under Go 1.26 and 1.27 (docs/lenses.md); `debug=2` stops the process while it prints all stacks,
 * `debug=1` of a goroutine profile is never asked (52 s at 100,000 goroutines). Does no I/O.
 */
import type { CaptureFileKind } from '../model/capture.ts'
import type { Lens } from '../model/lens.ts'

export type CaptureMode = 'quick' | 'default' | 'deep'

export type CaptureLimits = {
  /** Above it goroutines are asked for as profiles only, which do not stop the process for long. */
  readonly maxGoroutines: number
  /** Of one answer. */
  readonly maxBytes: number
  readonly maxTraceBytes: number
  /** Of all answers of one target. */
  readonly maxTotalBytes: number
  /** How long an answer may take beyond the window that it asks for; a target as a whole: its windows and three of these. */
  readonly timeoutMs: number
}

const DEFAULT_LIMITS: CaptureLimits = {
  maxGoroutines: 50_000,
  maxBytes: 128 * 1024 * 1024,
  maxTraceBytes: 64 * 1024 * 1024,
  maxTotalBytes: 512 * 1024 * 1024,
  timeoutMs: 15_000,
}

/** When the first dump of a series took longer, the others are taken as profiles instead. */
export const SLOW_DUMP_MS = 2_500

/** A CPU profile and two deltas over a day are no diagnosis any more. */
const MAX_WINDOW_SECONDS = 24 * 3600

export type PlanOptions = {
  readonly mode?: CaptureMode
  /** Instead of the mode's own window; whole seconds. */
  readonly windowSeconds?: number
  /** 0 asks for no trace. */
  readonly traceSeconds?: number
  readonly without?: readonly Lens[]
  readonly limits?: Partial<CaptureLimits>
}

export type PlanFacts = {
  /** From `goroutine?debug=0`; absent before it was asked, or where it cannot be. */
  readonly goroutineCount?: number
}

export type StepPlace = 'lens' | 'vars' | 'metrics'

export type PlanStep = {
  /** File name in the capture; absent for what is looked at and not kept. */
  readonly file?: string
  readonly kind: CaptureFileKind
  readonly lens?: Lens
  /** Below the base (`lens`), or a page beside it. */
  readonly place: StepPlace
  readonly request: string
  /** Since the start of its phase. */
  readonly atMs: number
  /** The window that the request itself asks for; 0 for what is of one instant. */
  readonly windowMs: number
  readonly span?: 'delta' | 'cumulative' | 'instant'
  /** At most one of these is on its way at a time. */
  readonly stopsTheWorld: boolean
  readonly maxBytes: number
  readonly cost: string
  readonly why: string
  /** In a plan made before the count is known: when the step is asked at all. */
  readonly when?: string
}

export type PhaseName = 'count' | 'instant' | 'window' | 'trace' | 'leak'

export type PlanPhase = { readonly name: PhaseName; readonly steps: readonly PlanStep[] }

export type CapturePlan = {
  readonly mode: CaptureMode
  readonly windowMs: number
  readonly traceMs: number
  readonly limits: CaptureLimits
  readonly phases: readonly PlanPhase[]
  /** What is not asked, and why. */
  readonly skipped: readonly { readonly what: string; readonly lens?: Lens; readonly why: string }[]
  /** Sum of the windows, without the answers' own time. */
  readonly expectedMs: number
}

type ModeRow = { readonly windowSeconds: number; readonly dumpsAtMs: readonly number[]; readonly traceSeconds: number }

/** Three dumps over 3 s at 0, 1, 3 s; quick is two dumps 1 s apart without trace; deep is 30 s. */
const MODES: Readonly<Record<CaptureMode, ModeRow>> = {
  quick: { windowSeconds: 1, dumpsAtMs: [0, 1000], traceSeconds: 0 },
  default: { windowSeconds: 3, dumpsAtMs: [0, 1000, 3000], traceSeconds: 1 },
  deep: { windowSeconds: 30, dumpsAtMs: [0, 1000, 5000, 15_000, 30_000], traceSeconds: 5 },
}

export function planCapture(options: PlanOptions = {}, facts: PlanFacts = {}): CapturePlan {
  const mode = options.mode ?? 'default'
  const row = MODES[mode]
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const seconds = Math.min(MAX_WINDOW_SECONDS, Math.max(1, Math.round(options.windowSeconds ?? row.windowSeconds)))
  const traceSeconds = options.traceSeconds ?? row.traceSeconds
  const without = new Set(options.without ?? [])
  const dumpsAtMs = spreadDumps(row.dumpsAtMs, seconds * 1000)
  const context: Context = { limits, seconds, traceSeconds, dumpsAtMs, count: facts.goroutineCount }
  const phases: PlanPhase[] = [
    { name: 'count', steps: [without.has('goroutine') ? leaveOut(planCount(context)) : planCount(context)] },
    { name: 'instant', steps: planInstant(context) },
    { name: 'window', steps: [...planProfiles(context), ...planDumps(context)] },
    { name: 'trace', steps: traceSeconds > 0 ? [planTrace(context)] : [] },
    { name: 'leak', steps: planLeak(context) },
  ]
  const wanted = phases.map((phase) => ({
    ...phase,
    steps: phase.steps.filter((step) => step.lens === undefined || !without.has(step.lens) || phase.name === 'count'),
  }))
  const traceMs = without.has('trace') ? 0 : traceSeconds * 1000
  return {
    mode,
    windowMs: seconds * 1000,
    traceMs,
    limits,
    phases: wanted.filter((phase) => phase.steps.length > 0),
    skipped: listSkipped(context, mode, [...without]),
    expectedMs: seconds * 1000 + traceMs,
  }
}

type Context = {
  readonly limits: CaptureLimits
  readonly seconds: number
  readonly traceSeconds: number
  readonly dumpsAtMs: readonly number[]
  readonly count: number | undefined
}

/** The mode's dumps, stretched or shortened to another window; at least two, the last at its end. */
function spreadDumps(atMs: readonly number[], windowMs: number): readonly number[] {
  const last = atMs[atMs.length - 1] as number
  if (last === windowMs) return atMs
  const spread = new Set(atMs.map((at) => Math.round((at * windowMs) / last)))
  return [...spread]
}

function planCount({ limits }: Context): PlanStep {
  return {
    file: 'goroutine.pb.gz',
    kind: 'goroutine-profile',
    lens: 'goroutine',
    place: 'lens',
    request: 'goroutine?debug=0',
    atMs: 0,
    windowMs: 0,
    span: 'instant',
    stopsTheWorld: true,
    maxBytes: limits.maxBytes,
    cost: 'one short stop: 0.03 s at 10,000 goroutines, 0.2 to 2.8 s at 100,000',
    why: 'counts the goroutines, which decides what else may be asked',
  }
}

/** Asked for, since the count decides what is safe, but not kept. */
function leaveOut({ file: _, ...step }: PlanStep): PlanStep {
  return step
}

function planInstant({ limits }: Context): PlanStep[] {
  const page = { atMs: 0, windowMs: 0, stopsTheWorld: false, maxBytes: limits.maxBytes } as const
  const profile = { ...page, place: 'lens', span: 'cumulative', cost: 'milliseconds; no stop' } as const
  return [
    {
      ...page,
      place: 'lens',
      file: 'cmdline.txt',
      kind: 'cmdline',
      request: 'cmdline',
      maxBytes: 1024 * 1024,
      cost: 'none',
      why: 'names the program; secrets are redacted before it is kept',
    },
    {
      ...page,
      place: 'vars',
      file: 'vars.json',
      kind: 'expvar',
      lens: 'metrics',
      request: 'debug/vars',
      cost: 'one stop of microseconds (memstats)',
      why: 'memory, and what the service says of itself',
    },
    {
      ...page,
      place: 'metrics',
      file: 'metrics.txt',
      kind: 'metrics-text',
      lens: 'metrics',
      request: 'metrics',
      cost: 'what one Prometheus scrape costs',
      why: 'service name, Go version, goroutine and memory metrics',
    },
    {
      ...page,
      place: 'lens',
      kind: 'unknown',
      lens: 'mutex',
      request: 'mutex?debug=1',
      maxBytes: 1024 * 1024,
      cost: 'milliseconds; no stop',
      why: 'its second line is the sampling rate: 0 means that mutex profiling is off. Looked at, not kept',
    },
    {
      ...profile,
      file: 'heap.pb.gz',
      kind: 'heap-profile',
      lens: 'heap',
      request: 'heap',
      why: 'what memory is held, as of the last garbage collection; asks for none',
    },
    {
      ...profile,
      file: 'allocs.pb.gz',
      kind: 'allocs-profile',
      lens: 'heap',
      request: 'allocs',
      why: 'what allocates',
    },
    {
      ...profile,
      file: 'threadcreate.pb.gz',
      kind: 'threadcreate-profile',
      request: 'threadcreate',
      why: 'how many threads were made: waits in system calls hold one each',
    },
  ]
}

function planProfiles({ limits, seconds }: Context): PlanStep[] {
  const window = {
    place: 'lens',
    atMs: 0,
    windowMs: seconds * 1000,
    stopsTheWorld: false,
    maxBytes: limits.maxBytes,
    span: 'delta',
  } as const
  return [
    {
      ...window,
      file: 'cpu.pb.gz',
      kind: 'cpu-profile',
      lens: 'cpu',
      request: `profile?seconds=${seconds}`,
      cost: 'a signal 100 times a second and CPU: about 1 %',
      why: 'what ran while the dumps were taken',
    },
    {
      ...window,
      file: 'block.pb.gz',
      kind: 'block-profile',
      lens: 'block',
      request: `block?seconds=${seconds}`,
      cost: 'two copies of the profile; no stop',
      why: 'waits that ended in the window. The request itself waits in a select: if that wait is not in it, the profile is off',
    },
    {
      ...window,
      file: 'mutex.pb.gz',
      kind: 'mutex-profile',
      lens: 'mutex',
      request: `mutex?seconds=${seconds}`,
      cost: 'two copies of the profile; no stop',
      why: 'lock contention that ended in the window',
    },
  ]
}

function planDumps(context: Context): PlanStep[] {
  const { limits, count, dumpsAtMs } = context
  if (count !== undefined && count > limits.maxGoroutines) {
    return dumpsAtMs.slice(1).map((atMs, index) => makeProfileStep(context, index + 2, atMs))
  }
  const when = `up to ${limits.maxGoroutines} goroutines (--max-goroutines); above it profiles (debug=0) instead`
  return dumpsAtMs.map((atMs, index) => ({
    file: `goroutine.${index}.txt`,
    kind: 'goroutine-dump',
    lens: 'goroutine',
    place: 'lens',
    request: 'goroutine?debug=2',
    atMs,
    windowMs: 0,
    span: 'instant',
    stopsTheWorld: true,
    maxBytes: limits.maxBytes,
    cost: describeDumpCost(count),
    why:
      index === 0
        ? 'every goroutine with its state, reason and stack'
        : 'the same again: what has not moved since the last dump waits',
    ...(count === undefined ? { when } : {}),
  }))
}

/** A goroutine profile that stands in for a dump: counts by stack, no states, no ids. */
export function makeProfileStep(context: { readonly limits: CaptureLimits }, number: number, atMs: number): PlanStep {
  return {
    ...planCount(context as Context),
    file: `goroutine.${number}.pb.gz`,
    atMs,
    why: 'too many goroutines for a dump: counts by stack show growth, not what each one waits on',
  }
}

function planTrace({ limits, traceSeconds }: Context): PlanStep {
  return {
    file: 'trace.bin',
    kind: 'execution-trace',
    lens: 'trace',
    place: 'lens',
    request: `trace?seconds=${traceSeconds}`,
    atMs: 0,
    windowMs: traceSeconds * 1000,
    span: 'delta',
    stopsTheWorld: false,
    maxBytes: limits.maxTraceBytes,
    cost: 'a stop of up to a millisecond at both ends; 1 to 10 % CPU and about 8 MB/s on a busy service while it is on',
    why: 'every state of every goroutine with durations; its end is the end of the request, whoever ends it',
  }
}

function planLeak(context: Context): PlanStep[] {
  const { limits, count } = context
  const leak = {
    lens: 'goroutineleak',
    place: 'lens',
    atMs: 0,
    windowMs: 0,
    span: 'instant',
    stopsTheWorld: true,
    maxBytes: limits.maxBytes,
  } as const
  const gc = 'one garbage collection of its own (1.75 s at 100,000 goroutines, mostly concurrent)'
  const steps: PlanStep[] = [
    {
      ...leak,
      file: 'goroutineleak.pb.gz',
      kind: 'goroutineleak-profile',
      request: 'goroutineleak?debug=0',
      cost: gc,
      why: 'what nothing reachable can wake: proof. Last, because it marks later dumps',
      when: 'Go 1.27, or 1.26 built with GOEXPERIMENT=goroutineleakprofile',
    },
  ]
  if (count !== undefined && count > limits.maxGoroutines) return steps
  const dumpWhen = `the profile answered${count === undefined ? `, and up to ${limits.maxGoroutines} goroutines` : ''}`
  steps.push({
    ...leak,
    file: 'goroutineleak.txt',
    kind: 'goroutineleak-dump',
    request: 'goroutineleak?debug=2',
    cost: `${gc}, and a dump: ${describeDumpCost(count)}`,
    why: 'a dump of all goroutines with the proven ones marked: ids and states for the proof',
    when: dumpWhen,
  })
  return steps
}

/** 20 µs per goroutine measured at 10 frames without labels; up to 200 µs with deep stacks and labels. */
function describeDumpCost(count: number | undefined): string {
  if (count === undefined) return 'stops the process for 0.02 to 0.2 s per 1,000 goroutines; cut at 64 MiB'
  const low = (count * 0.02) / 1000
  return `stops the process for about ${formatSeconds(low)}, ${formatSeconds(low * 10)} with deep stacks and labels; cut at 64 MiB`
}

function formatSeconds(seconds: number): string {
  return seconds < 0.001 ? 'a millisecond' : `${Number(seconds.toPrecision(2))} s`
}

function listSkipped(context: Context, mode: CaptureMode, without: readonly Lens[]): CapturePlan['skipped'] {
  const { limits, count, traceSeconds } = context
  const skipped: { what: string; lens?: Lens; why: string }[] = without.map((lens) => ({
    what: lens,
    lens,
    why: 'left out by --without',
  }))
  if (traceSeconds <= 0 && !without.includes('trace')) {
    skipped.push({ what: 'trace', lens: 'trace', why: mode === 'quick' ? '--quick takes none' : 'turned off' })
  }
  if (count !== undefined && count > limits.maxGoroutines) {
    const why = `${count} goroutines are above --max-goroutines ${limits.maxGoroutines}: a dump would stop the process for about ${formatSeconds((count * 0.02) / 1000)} or more`
    skipped.push({ what: 'goroutine?debug=2', lens: 'goroutine', why })
    skipped.push({ what: 'goroutineleak?debug=2', lens: 'goroutineleak', why })
  }
  return skipped
}
