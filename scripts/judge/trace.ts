/**
 * `npm run judge:trace`: what our reader and accounting make of execution traces, against Go's own reader, as totals,
 * by start function, region and task as its Summarizer has them, and as its minimum mutator utilization.
 * Corpus: the recorded capture, the toolchain's own trace test programs and programs/tracegen in each mode, each run
 * anew under Go 1.26 and 1.27, and programs/tracegen under Go 1.22 to 1.25 where the go command can fetch them. Truth: internal/trace of the newest Go, once as it is (raw: events by kind) and once without
 * the step that moves equal times apart, so that durations must agree to the rounding of ticks. Prints a line per trace
 * and every difference; exit 0 when there is none, 1 else, 69 without Go.
 *
 *   node scripts/judge/trace.ts [--only NAME,...] [--go PATH]... [--file TRACE]... [--verbose]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildToolchainReference } from '../../bench/trace/build.ts'
import { findGo, GO_VERSIONS, type GoTool, makeGoEnv, TRACE_GO_VERSIONS } from '../setup/go.ts'
import { runTool } from '../setup/run-tool.ts'
import {
  compareTotals,
  type Difference,
  isWhole,
  type OwnTotals,
  type RawTotals,
  type StateTotals,
} from './trace/compare.ts'
import { type CorpusTrace, listCorpus } from './trace/corpus.ts'
import { readOwnAccount, totalsOf } from './trace/own-totals.ts'
import { compareSummaries, compareUtilization, type Summaries, type Utilization } from './trace/summaries.ts'

const RECORDED = join(import.meta.dirname, '..', '..', 'testdata', 'captures', 'shop', 'trace.bin')
const TIMEOUT_MS = 300_000
const MAX_UTILIZATION_EVENTS = 5_000_000

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    go: { type: 'string', multiple: true },
    file: { type: 'string', multiple: true },
    verbose: { type: 'boolean' },
  },
})
const found = await Promise.all(GO_VERSIONS.map((version) => findGo(version)))
const standard = found.flatMap((one) => (one.ok ? [one.value] : []))
const newest = standard.at(-1)
if (newest === undefined) {
  for (const one of found) if (!one.ok) process.stderr.write(`${one.error.message}: ${one.error.hint}\n`)
  process.exit(69)
}
const builders = values.go === undefined ? [...(await findOld()), ...standard] : await Promise.all(values.go.map(askGo))
const only = values.only?.split(',')
const scratch = mkdtempSync(join(tmpdir(), 'judge-trace-'))
let judged = 0
let differing = 0
try {
  const truth = await buildTruth(newest)
  const recorded: CorpusTrace[] = (values.file ?? [RECORDED]).map((path) => ({ name: basename(path), path }))
  for (const one of recorded) await judge(one, truth)
  if (values.file === undefined) {
    for (const builder of builders) {
      for await (const one of listCorpus(builder, newest, scratch, only)) {
        if ('failure' in one) process.stdout.write(`${one.name}: no trace: ${one.failure}\n`)
        else {
          await judge(one, truth)
          rmSync(one.path, { force: true })
        }
      }
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
process.stdout.write(`${judged} traces, ${differing} with differences\n`)
process.exit(judged > 0 && differing === 0 ? 0 : 1)

/** Toolchains whose traces have older headers; one that is not there is said, and left out. */
async function findOld(): Promise<GoTool[]> {
  const tools: GoTool[] = []
  for (const version of TRACE_GO_VERSIONS) {
    const one = await findGo(version)
    if (one.ok) tools.push(one.value)
    else process.stdout.write(`${one.error.message}: its traces are not judged\n`)
  }
  return tools
}

type Truth = { readonly reference: string; readonly unclamped: string }

async function buildTruth(go: GoTool): Promise<Truth> {
  const reference = await buildToolchainReference(go, scratch)
  const unclamped = await buildToolchainReference(go, scratch, { isUnclamped: true })
  if (!reference.ok) throw new Error(reference.error)
  if (!unclamped.ok) throw new Error(unclamped.error)
  return { reference: reference.value, unclamped: unclamped.value }
}

async function judge(one: CorpusTrace, truth: Truth): Promise<void> {
  const raw = await ask<RawTotals>(truth.reference, 'raw', one.path)
  const states = await ask<StateTotals>(truth.unclamped, 'states', one.path)
  const account = readOwnAccount(readFileSync(one.path))
  const own = typeof account === 'string' ? account : totalsOf(account)
  judged += 1
  if (typeof states === 'string' || typeof raw === 'string' || typeof own === 'string' || typeof account === 'string') {
    // A trace that the reference does not take must not be whole for us either; one that it takes, we must take.
    const theirs = typeof states === 'string' ? states : typeof raw === 'string' ? raw : undefined
    const isAgreed = theirs !== undefined && (typeof own === 'string' || !own.complete)
    if (!isAgreed) differing += 1
    const verdict = isAgreed ? 'rejected by both' : 'DIFFERS'
    const ours = typeof own === 'string' ? own : own.complete ? 'whole' : 'incomplete'
    process.stdout.write(`${one.name}: ${verdict}; reference: ${theirs ?? 'whole'}; ours: ${ours}\n`)
    return
  }
  const summaries = await ask<Summaries>(truth.unclamped, 'groups', one.path)
  if (typeof summaries === 'string') throw new Error(summaries)
  const differences = compareTotals(raw, states, own)
  differences.push(...compareSummaries(summaries, account.account, isWhole(states) ? 0 : own.events))
  // The reference holds all events in memory for this.
  if (own.events <= MAX_UTILIZATION_EVENTS) {
    const utilization = await ask<Utilization>(truth.unclamped, 'utilization', one.path)
    // Go's own computation does not survive every trace; its totals were compared all the same.
    if (typeof utilization === 'string') process.stdout.write(`${one.name}: no utilization from Go: ${utilization}\n`)
    else differences.push(...compareUtilization(utilization, account.account))
  }
  print(one, own, differences)
  if (differences.length > 0) differing += 1
}

function print(one: CorpusTrace, own: OwnTotals, differences: readonly Difference[]): void {
  const verdict = differences.length === 0 ? 'equal' : `${differences.length} DIFFERENCES`
  process.stdout.write(`${one.name}: ${own.events} events, ${own.goroutines} goroutines: ${verdict}\n`)
  for (const { what, reference, ours } of differences) {
    process.stdout.write(`  ${what}: reference ${reference}, ours ${ours} (${ours - reference})\n`)
  }
  if (values.verbose === true) process.stdout.write(`  ${JSON.stringify(own)}\n`)
}

/** Its JSON, or why it rejects the trace. */
async function ask<T>(binary: string, mode: string, path: string): Promise<T | string> {
  const run = await runTool(binary, [mode, path], { timeoutMs: TIMEOUT_MS })
  if (run.failure === undefined) return JSON.parse(run.stdout.toString('utf8')) as T
  return run.stderr.toString('utf8').split('\n')[0] ?? run.failure
}

async function askGo(path: string): Promise<GoTool> {
  const run = await runTool(path, ['env', 'GOVERSION'], { env: makeGoEnv(process.env, '1.27') })
  const version = run.stdout.toString('utf8').trim()
  if (run.failure !== undefined || version === '') throw new Error(`${path}: ${run.failure ?? 'no version'}`)
  return { goBin: path, version, from: 'environment', env: makeGoEnv(process.env, '1.27') }
}
