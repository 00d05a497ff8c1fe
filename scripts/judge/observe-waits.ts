/**
 * Builds programs/waits with one Go release, runs every kind of wait, and says what each lens showed.
 * Enters: a go command to build with and one to read traces with. Leaves: observations without times, ids or addresses,
 * the same on every run. Compares nothing: that is src/analyze/testing/wait-observation.ts.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitKinds } from '../../src/analyze/lenses/table.ts'
import { isInSpan, readMinor } from '../../src/analyze/lenses/visibility.ts'
import type {
  Recorded,
  SeenState,
  WaitObservation,
  WaitObservations,
} from '../../src/analyze/testing/wait-observation.ts'
import type { GoTool } from '../setup/go.ts'
import { runTool } from '../setup/run-tool.ts'
import { type ParsedGoroutine, readParsedTrace } from './parsed-trace.ts'

const SOURCE = join(import.meta.dirname, '..', '..', 'programs', 'waits')
/** CPU samples that a goroutine gets on its way into a wait are fewer; one that runs for 700 ms gets about 70. */
const SAMPLES_THAT_RUN = 5

/** What `waits measure` prints. */
type Measured = {
  readonly mode: 'steady' | 'churn'
  readonly dump: Readonly<Record<string, number>>
  readonly system?: Readonly<Record<string, number>>
  readonly frames: readonly string[] | null
  readonly ids: readonly number[] | null
  readonly blockNow: number
  readonly blockAfter: number
  readonly mutexNow: number
  readonly mutexAfter: number
}

/** What `waits leak` prints. */
type Leaks = {
  readonly exists: boolean
  readonly reachable: number
  readonly unreachable: number
  readonly marksLater: boolean
}

export type ObserveOptions = {
  readonly builder: GoTool
  readonly reader: GoTool
  readonly scratch: string
  readonly only?: readonly string[]
  readonly onProgress?: (line: string) => void
}

/** Rejects where a program cannot be built or run: nothing was observed then. */
export async function observeWaits(options: ObserveOptions): Promise<WaitObservations> {
  const { builder, scratch, only, onProgress } = options
  const release = /^go(\d+\.\d+)/.exec(builder.version)?.[1] ?? builder.version
  const program = await build(builder, release, scratch, 'waits', {})
  const plain = await run<Leaks>(program, ['leak', 'nil-chan-receive'])
  const isExperiment = !plain.exists && (readMinor(release) ?? 0) >= 26
  const leaky = isExperiment
    ? await build(builder, release, scratch, 'waits-leak', { GOEXPERIMENT: 'goroutineleakprofile' })
    : program
  const names = (await text(program, ['list'])).trim().split('\n')
  const programs: WaitObservation[] = []
  let marks = false
  for (const name of names) {
    if (only !== undefined && !only.includes(name)) continue
    const leaks = await run<Leaks>(leaky, ['leak', name])
    marks ||= leaks.marksLater
    const observation = await observe(options, program, release, name)
    programs.push(
      leaks.exists
        ? { ...observation, leak: { reachable: leaks.reachable > 0, unreachable: leaks.unreachable > 0 } }
        : observation,
    )
    onProgress?.(`${release} ${name}: ${observation.dump.join(', ')}`)
  }
  return { go: release, leakProfileByDefault: plain.exists, leakMarksLaterDumps: marks, programs }
}

async function observe(
  options: ObserveOptions,
  program: string,
  release: string,
  name: string,
): Promise<WaitObservation> {
  const { reader, scratch } = options
  const seen = await run<Measured>(program, ['measure', name, scratch])
  const states = await readParsedTrace(reader, join(scratch, 'trace.bin'))
  const ids = seen.ids ?? listSystemGoroutines(states)
  const watched = ids.flatMap((id) => states.get(id) ?? [])
  const common = {
    program: name,
    mode: seen.mode,
    dump: listWords(seen.dump, name, seen.mode, release),
    ...(seen.system === undefined ? {} : { systemDump: Object.keys(seen.system).sort() }),
    frames: cutFrames(seen.frames ?? []),
    block: when(seen.blockNow, seen.blockAfter),
    mutex: when(seen.mutexNow, seen.mutexAfter),
  }
  if (seen.mode === 'churn') {
    const trace = pickStates(
      watched.flatMap((goroutine) => goroutine.states),
      name,
      release,
    )
    const isBusy = name === 'running'
    const samples = Math.max(0, ...watched.map((goroutine) => goroutine.cpuSamples))
    return { ...common, ...(isBusy ? { cpu: samples >= SAMPLES_THAT_RUN } : {}), trace }
  }
  const older = await readParsedTrace(reader, join(scratch, 'older.bin'))
  const samples = Math.max(0, ...watched.map((goroutine) => goroutine.cpuSamples))
  return {
    ...common,
    cpu: samples >= SAMPLES_THAT_RUN,
    trace: unique(watched.map((goroutine) => goroutine.last)),
    // The trace's own reader is new in every trace; the runtime's own goroutines may wake in it.
    ...(isRuntimes(name) ? {} : { olderTrace: unique(ids.flatMap((id) => older.get(id)?.last ?? [])) }),
  }
}

function isRuntimes(name: string): boolean {
  return name === 'trace-reader' || name === 'system-goroutines'
}

const SYSTEM_ROOT =
  /^runtime\.(forcegchelper|bgsweep|bgscavenge|runfinq|runFinalizers|gcBgMarkWorker|runCleanups|updateMaxProcsGoroutine)$/

function listSystemGoroutines(states: ReadonlyMap<number, ParsedGoroutine>): number[] {
  return [...states].filter(([, seen]) => SYSTEM_ROOT.test(seen.last.frames.at(-1) ?? '')).map(([id]) => id)
}

/** What a dump of churning goroutines shows besides the wait is chance: only the row's own words are kept. */
function listWords(
  dump: Readonly<Record<string, number>>,
  name: string,
  mode: Measured['mode'],
  release: string,
): string[] {
  const words = Object.keys(dump).sort()
  if (mode === 'steady') return words
  const kind = findRow(name)
  const shown = kind?.dumpShownAs === undefined ? kind : waitKinds.find((row) => row.id === kind.dumpShownAs)
  const expected = new Set(
    shown?.dumpReasons.filter((row) => isInSpan(readMinor(release), row)).map((row) => row.reason) ?? [],
  )
  return words.filter((reason) => expected.has(reason))
}

/** Likewise for the states of their traces. */
function pickStates(states: readonly SeenState[], name: string, release: string): SeenState[] {
  const rows = findRow(name)?.traceStates.filter((row) => isInSpan(readMinor(release), row)) ?? []
  return rows.flatMap((row) => {
    const fitting = states.filter(({ state, reason }) => state === row.state && reason === row.reason)
    const seen = fitting.find(({ frames }) => frames.length > 0) ?? fitting[0]
    // Where a running goroutine is when it stops is chance.
    return seen === undefined
      ? []
      : [{ ...seen, from: 'Running', frames: seen.state === 'Waiting' ? cutFrames(seen.frames) : [] }]
  })
}

function findRow(name: string) {
  return waitKinds.find((kind) => kind.programs.some((program) => program.name === name))
}

function unique(states: readonly SeenState[]): SeenState[] {
  const known = new Map<string, SeenState>()
  for (const state of states) {
    const cut = { state: state.state, reason: state.reason, from: state.from, frames: cutFrames(state.frames) }
    known.set(JSON.stringify(cut), cut)
  }
  return [...known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, state]) => state)
}

/** From the leaf down to the program's own first function, which is named once: closures are numbered by the compiler. */
function cutFrames(frames: readonly string[]): string[] {
  const own = frames.findIndex((frame) => frame.startsWith('main.'))
  return own === -1 ? [...frames] : [...frames.slice(0, own), 'main']
}

function when(now: number, after: number): Recorded {
  if (now > 0) return 'now'
  return after > 0 ? 'after' : 'never'
}

async function build(
  go: GoTool,
  release: string,
  scratch: string,
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  mkdirSync(scratch, { recursive: true })
  const modFile = join(scratch, 'go.mod')
  // The go line decides the defaults of GODEBUG: each release is measured with its own.
  writeFileSync(modFile, `module waits\n\ngo ${release}\n`)
  const out = join(scratch, name)
  const made = await runTool(go.goBin, ['build', `-modfile=${modFile}`, '-o', out, '.'], {
    cwd: SOURCE,
    env: { ...go.env, CGO_ENABLED: '0', ...env },
    timeoutMs: 300_000,
  })
  if (made.failure !== undefined) throw new Error(`${made.command} ${made.failure}: ${made.stderr}`)
  return out
}

async function text(program: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, TMPDIR: process.env.TMPDIR ?? '/tmp' }
  const done = await runTool(program, args, { env, timeoutMs: 60_000 })
  if (done.failure !== undefined) throw new Error(`${done.command} ${done.failure}: ${done.stderr}`)
  return done.stdout.toString('utf8')
}

async function run<T>(program: string, args: readonly string[]): Promise<T> {
  return JSON.parse(await text(program, args)) as T
}
