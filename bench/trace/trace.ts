/**
 * How fast execution traces are read, beside Go's own readers, in one run: `npm run bench:trace`.
 * `RUNS=5`; `--only NAME,NAME` of the traces in cases.ts; `--json`; `--folder PATH` keeps the traces there for a next
 * time. Makes the traces with programs/tracegen, runs all readers of a trace one after another, round after round, so
 * that what else the machine does meets all alike; measures each process from outside, its start included. A reader
 * whose run takes long is run less often: the table says how often. Prints medians and ratios; exit 1 when a target is
 * missed, 69 without Go. With --only, targets that lack their rows are listed and do not count.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { findGo, type GoTool } from '../../scripts/setup/go.ts'
import { runTool } from '../../scripts/setup/run-tool.ts'
import { type Measurement, measureCommand, median, medianRun } from '../lib/measure.ts'
import { buildReference, buildToolchainReference, buildTracegen } from './build.ts'
import { type Find, type Reader, type Row, type TraceCase, targets, traceCases } from './cases.ts'

const TIMEOUT_MS = 20 * 60_000
const ROOT = join(import.meta.dirname, '..', '..')
/** As it is in the package: a clone runs its sources, which costs about 20 MB more. */
const SIGHTLINE = join(ROOT, 'dist', 'start.js')
/** Readers that take longer than this are run three times at most, and beyond the second number once. */
const LONG_SECONDS = 10
const VERY_LONG_SECONDS = 60

type Tools = {
  readonly tracegen: string
  readonly reference: string
  readonly toolchain: string
  readonly viewer: string
  /** read-own.ts over the built program. */
  readonly own: string
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'boolean' }, folder: { type: 'string' } },
})
const rounds = Number(process.env.RUNS ?? 5) || 5
const only = values.only?.split(',')
const go = await findGo('1.27')
if (!go.ok) {
  process.stderr.write(`${go.error.message}\n${go.error.hint}\n`)
  process.exit(69)
}
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'sightline-bench-trace-'))
mkdirSync(folder, { recursive: true })
const rows: Row[] = []
try {
  const tools = await buildTools(go.value, folder)
  for (const one of traceCases.filter(({ name }) => only?.includes(name) ?? true))
    rows.push(...(await runCase(one, tools)))
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true })
}
process.exitCode = report() ? 0 : 1

async function buildTools(tool: GoTool, into: string): Promise<Tools> {
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const own = await runTool(process.execPath, [compiler, '-b', 'src'], { cwd: ROOT, timeoutMs: TIMEOUT_MS })
  if (own.failure !== undefined) throw new Error(`tsc -b src: ${own.failure}: ${own.stdout.toString('utf8')}`)
  const tracegen = await buildTracegen(tool, into)
  const reference = await buildReference(tool, into)
  const toolchain = await buildToolchainReference(tool, into)
  for (const built of [tracegen, reference, toolchain]) if (!built.ok) throw new Error(built.error)
  if (!tracegen.ok || !reference.ok || !toolchain.ok) throw new Error('not built')
  // `go tool trace` starts a process of its own, whose memory and time would not be seen.
  const viewer = await runTool(tool.goBin, ['tool', '-n', 'trace'], { env: tool.env })
  if (viewer.failure !== undefined) throw new Error(`go tool -n trace: ${viewer.failure}`)
  return {
    tracegen: tracegen.value,
    reference: reference.value,
    toolchain: toolchain.value,
    viewer: viewer.stdout.toString('utf8').trim(),
    own: buildOwn(into),
  }
}

/** Sources would be stripped of their types in every run: a third of what decoding takes. */
function buildOwn(into: string): string {
  const source = readFileSync(join(import.meta.dirname, 'read-own.ts'), 'utf8')
  const built = pathToFileURL(join(ROOT, 'dist')).href
  const path = join(into, 'read-own.mjs')
  writeFileSync(path, stripTypeScriptTypes(source).replaceAll(/'\.\.\/\.\.\/src\/(.*)\.ts'/g, `'${built}/$1.js'`))
  return path
}

async function runCase(one: TraceCase, tools: Tools): Promise<Row[]> {
  const file = join(folder, `${one.name.replaceAll(' ', '-')}.trace`)
  if (!existsSync(file)) {
    const made = await measureCommand([tools.tracegen, ...one.tracegen, '-out', `${file}.part`], TIMEOUT_MS)
    if (made.exitCode !== 0) throw new Error(`tracegen ${one.name}: ${made.stderr}`)
    renameSync(`${file}.part`, file)
  }
  const megabytes = statSync(file).size / 1e6
  const measured = new Map<Reader, Measurement[]>(one.readers.map((reader) => [reader, []]))
  for (let round = 0; round < rounds; round++) {
    for (const reader of one.readers) {
      const runs = measured.get(reader) ?? []
      if (round >= roundsOf(runs[0])) continue
      const run = await measureCommand(commandOf(reader, file, tools), TIMEOUT_MS)
      if (run.exitCode !== 0) throw new Error(`${reader} on ${one.name}: exit ${run.exitCode}: ${run.stderr}`)
      runs.push(run)
      process.stderr.write(`${one.name}: ${reader}: ${run.wallSeconds.toFixed(2)} s\n`)
    }
  }
  if (values.folder === undefined) rmSync(file)
  const events = countEvents(measured.get('sightline account')?.[0])
  return [...measured].map(([reader, runs]) => makeRow(one.name, reader, runs, events, megabytes))
}

function roundsOf(first: Measurement | undefined): number {
  if (first === undefined || first.wallSeconds < LONG_SECONDS) return rounds
  return Math.min(rounds, first.wallSeconds < VERY_LONG_SECONDS ? 3 : 1)
}

function commandOf(reader: Reader, file: string, tools: Tools): string[] {
  const own = (mode: string): string[] => [process.execPath, tools.own, mode, file]
  const timeline = (...flags: string[]): string[] => [process.execPath, SIGHTLINE, 'timeline', file, '--json', ...flags]
  const commands: Readonly<Record<Reader, readonly string[]>> = {
    'go raw': [tools.toolchain, 'raw', file],
    'go ordered': [tools.reference, 'ordered', file],
    'go ordered + states': [tools.reference, 'states', file],
    'go summary': [tools.toolchain, 'summary', file],
    'go tool trace -pprof=sched': [tools.viewer, '-pprof=sched', file],
    'sightline decode': own('decode'),
    'sightline ordered': own('ordered'),
    'sightline account': timeline(),
    'sightline account, 1 thread': timeline('--workers', '1'),
  }
  return [...commands[reader]]
}

function countEvents(run: Measurement | undefined): number {
  if (run === undefined) return 0
  return (JSON.parse(run.stdout) as { readonly data: { readonly trace: { readonly events: number } } }).data.trace
    .events
}

function makeRow(trace: string, reader: Reader, runs: readonly Measurement[], events: number, megabytes: number): Row {
  const middle = medianRun(runs)
  const peaks = runs.flatMap(({ peakBytes }) => (peakBytes === undefined ? [] : [peakBytes]))
  return {
    trace,
    reader,
    seconds: middle.wallSeconds,
    slowestSeconds: Math.max(...runs.map(({ wallSeconds }) => wallSeconds)),
    ...(middle.cpuSeconds === undefined ? {} : { cpuSeconds: middle.cpuSeconds }),
    ...(peaks.length === 0 ? {} : { peakMegabytes: median(peaks) / 1e6 }),
    events,
    megabytes,
    runs: runs.length,
  }
}

/** False when a target is missed, or was not measured although all traces were asked for. */
function report(): boolean {
  const find: Find = (trace, reader) => rows.find((row) => row.trace === trace && row.reader === reader)
  // The same of CPU seconds, for machines that do other work meanwhile; it does not decide.
  const findByCpu: Find = (trace, reader) => {
    const row = find(trace, reader)
    return row?.cpuSeconds === undefined ? undefined : { ...row, seconds: row.cpuSeconds }
  }
  const judged = targets.map(({ says, limit, isMost, measure }) => {
    const value = measure(find)
    const isMet = value === undefined ? only !== undefined : isMost ? value <= limit : value >= limit
    const verdict = value === undefined ? 'not measured' : isMet ? 'met' : 'MISSED'
    const byCpu = round(measure(findByCpu))
    return { target: says, wanted: `${isMost ? '≤' : '≥'} ${limit}`, measured: round(value), byCpu, verdict, isMet }
  })
  const table = rows.map((row) => ({
    trace: `${row.trace} (${Math.round(row.megabytes)} MB, ${(row.events / 1e6).toFixed(1)} M events)`,
    reader: row.reader,
    'wall s': round(row.seconds),
    'slowest s': round(row.slowestSeconds),
    'CPU s': round(row.cpuSeconds),
    'peak MB': row.peakMegabytes === undefined ? undefined : Math.round(row.peakMegabytes),
    'MB/s': round(row.megabytes / row.seconds),
    'M events/s': round(row.events / 1e6 / row.seconds),
    runs: row.runs,
  }))
  if (values.json === true) {
    const machine = { cores: availableParallelism(), memoryBytes: totalmem(), node: process.version }
    process.stdout.write(`${JSON.stringify({ machine, rounds, rows, targets: judged })}\n`)
  } else {
    console.table(table)
    console.table(judged.map(({ isMet: _, ...shown }) => shown))
  }
  return judged.every(({ isMet }) => isMet)
}

function round(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value.toPrecision(3))
}
