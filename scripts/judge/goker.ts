/**
 * `npm run judge:goker`: the 86 leak programs of the Go toolchain's own tests, each run as a live service, captured and
 * diagnosed by the product with and without the leak profile. Truth is the runtime's leak detector in the same process,
 * by goroutine id, held against the patterns of the toolchain's test. Prints a row per program and the totals; exits 1
 * below target. A flaky program that shows no leak is run again, as the Go test does; none is tuned for by name.
 *
 *   node scripts/judge/goker.ts [--only NAME,...] [--attempts 3] [--verbose] [--keep DIR]
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mapBounded } from '../../src/base/bounded.ts'
import { openInflater } from '../../src/collect/inflate.ts'
import { decodeGoroutineDump } from '../../src/decode/goroutine-dump/goroutine-dump.ts'
import type { Capture } from '../../src/model/capture.ts'
import type { DiagnoseData, GoroutineGroup } from '../../src/model/diagnosis.ts'
import { goroutineFlags, readReason, readStack } from '../../src/model/goroutine-dump.ts'
import { diagnoseCapture } from '../../src/ops/diagnose.ts'
import { findGo } from '../setup/go.ts'
import { buildLeakPrograms, type LeakProgram } from './goker/build.ts'
import { captureProgram } from './goker/take.ts'

const targets = { recallWith: 0.99, recallWithout: 0.95 }
/** Programs of the toolchain that must not raise an alarm with the leak profile (its own negative tests). */
const negatives: readonly string[] = ['NoLeakGlobal', 'DaisyChain']

type Score = {
  readonly truth: number
  readonly found: number
  /** Called stuck or leaked, and not leaked by the truth: at probable or certain, and at possible (groups). */
  readonly alarms: number
  readonly maybes: number
  readonly missed: readonly string[]
  readonly alarmed: readonly string[]
}

type Row = {
  readonly name: string
  readonly with: Score
  readonly without: Score
  readonly unexpected: readonly string[]
  readonly attempts: number
  readonly failure?: string
}

type Truth = { readonly ids: ReadonlySet<number>; readonly described: readonly string[] }

async function judgeProgram(program: LeakProgram, attempts: number, keep: string | undefined): Promise<Row> {
  let best: Row | undefined
  let failure = 'never run'
  for (let attempt = 0; attempt < attempts; attempt++) {
    const capture = await captureProgram(program, attempt)
    if (!capture.ok) {
      failure = capture.error
      continue
    }
    if (keep !== undefined) writeCapture(capture.value, join(keep, program.name))
    best = { ...(await scoreCapture(program, capture.value)), attempts: attempt + 1 }
    const wantsLeak = (program.expected?.length ?? 1) > 0
    if (best.with.truth > 0 || !wantsLeak) return best
  }
  if (best !== undefined) return best
  const none: Score = { truth: 0, found: 0, alarms: 0, maybes: 0, missed: [], alarmed: [] }
  return { name: program.name, with: none, without: none, unexpected: [], attempts, failure }
}

async function scoreCapture(program: LeakProgram, capture: Capture): Promise<Omit<Row, 'attempts'>> {
  const deps = { inflater: openInflater() }
  const truth = readTruth(capture)
  const full = await diagnoseCapture(deps, capture)
  const blind = await diagnoseCapture(deps, capture, { without: ['goroutineleak'] })
  const unexpected = truth.described.filter((line) => !(program.expected ?? [/./]).some((one) => one.test(line)))
  return {
    name: program.name,
    with: score(full.data, truth.ids),
    without: score(blind.data, truth.ids),
    unexpected: [...new Set(unexpected)],
  }
}

/** Ids that the detector marked, and each as the toolchain's test writes it: its outermost function and reason. */
function readTruth(capture: Capture): Truth {
  const file = capture.files.find(({ kind }) => kind === 'goroutineleak-dump')
  const decoded = file === undefined ? undefined : decodeGoroutineDump(file.bytes)
  if (decoded === undefined || !decoded.ok) return { ids: new Set(), described: [] }
  const dump = decoded.value.value
  const ids = new Set<number>()
  const described: string[] = []
  for (let row = 0; row < dump.rowCount; row++) {
    if (((dump.flags[row] as number) & goroutineFlags.leaked) === 0) continue
    ids.add(dump.ids[row] as number)
    const outermost = readStack(dump, dump.stacks[row] as number).at(-1)?.function ?? ''
    described.push(`${outermost.replace(/^main\./, '')}() [${readReason(dump, row)}]:`)
  }
  return { ids, described }
}

function score(data: DiagnoseData, truth: ReadonlySet<number>): Score {
  let seen = 0
  let found = 0
  let alarms = 0
  let maybes = 0
  const missed: string[] = []
  const alarmed: string[] = []
  for (const group of data.goroutines.groups) {
    const called = group.verdict === 'stuck' || group.verdict === 'leaked'
    const real = group.goroutineIds.filter((id) => truth.has(id)).length
    seen += real
    if (called) found += real
    else if (real > 0) missed.push(`${real} × ${describe(group)}`)
    const wrong = group.goroutineIds.length - real
    if (!called || wrong === 0) continue
    if (group.confidence === 'possible') maybes += 1
    else {
      alarms += wrong
      alarmed.push(`${wrong} × ${describe(group)}`)
    }
  }
  return { truth: seen, found, alarms, maybes, missed, alarmed }
}

function describe(group: GoroutineGroup): string {
  const reason = group.waitReason ?? group.state
  return `${group.userFunction} [${reason}] ${group.verdict} ${group.confidence}: ${group.why}`
}

function writeCapture(capture: Capture, folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(capture.manifest, null, 1))
  for (const file of capture.files) writeFileSync(join(folder, file.name), file.bytes)
}

function printRow(row: Row, isVerbose: boolean): void {
  const cell = ({ found, truth }: Score) => `${found}/${truth}`.padStart(12)
  const alarm = ({ alarms, maybes }: Score) => `${alarms}+${maybes}?`.padStart(9)
  const note = row.failure ?? (row.unexpected.length > 0 ? `truth not in the test: ${row.unexpected.join(' ')}` : '')
  const columns = [
    cell(row.with),
    alarm(row.with),
    cell(row.without),
    alarm(row.without),
    String(row.attempts).padStart(3),
  ]
  process.stdout.write(`${row.name.padEnd(24)}${columns.join('')}  ${note}\n`)
  if (!isVerbose) return
  for (const [label, one] of [
    ['with', row.with],
    ['without', row.without],
  ] as const) {
    for (const line of one.missed) process.stdout.write(`    ${label} missed  ${line}\n`)
    for (const line of one.alarmed) process.stdout.write(`    ${label} alarm   ${line}\n`)
  }
}

function printTotals(rows: readonly Row[]): boolean {
  const failures: string[] = []
  for (const [label, pick, target] of [
    ['with the leak profile', (row: Row) => row.with, targets.recallWith],
    ['without it', (row: Row) => row.without, targets.recallWithout],
  ] as const) {
    const truth = rows.reduce((sum, row) => sum + pick(row).truth, 0)
    const found = rows.reduce((sum, row) => sum + pick(row).found, 0)
    const leaky = rows.filter((row) => pick(row).truth > 0)
    const mean = leaky.reduce((sum, row) => sum + pick(row).found / pick(row).truth, 0) / Math.max(1, leaky.length)
    const alarms = rows.reduce((sum, row) => sum + pick(row).alarms, 0)
    const maybes = rows.reduce((sum, row) => sum + pick(row).maybes, 0)
    const recall = truth === 0 ? 0 : found / truth
    process.stdout.write(
      `${label}: recall ${recall.toFixed(4)} (${found} of ${truth} goroutines), mean over ${leaky.length} leaky programs ` +
        `${mean.toFixed(4)}; not leaked by the truth: ${alarms} goroutines at probable or certain, ${maybes} groups at possible\n`,
    )
    if (recall < target) failures.push(`recall ${label} is below ${target}`)
  }
  for (const row of rows) {
    if (row.failure !== undefined) failures.push(`${row.name}: ${row.failure}`)
    if (negatives.includes(row.name) && row.with.alarms > 0) failures.push(`${row.name}: an alarm in a negative test`)
  }
  for (const failure of failures) process.stdout.write(`below target: ${failure}\n`)
  return failures.length === 0
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      attempts: { type: 'string', default: '3' },
      verbose: { type: 'boolean', default: false },
      keep: { type: 'string' },
    },
  })
  const go = await findGo('1.27')
  if (!go.ok) {
    process.stderr.write(`${go.error.message}\n${go.error.hint}\n`)
    return 69
  }
  const scratch = mkdtempSync(join(tmpdir(), 'sightline-goker-'))
  try {
    const programs = await buildLeakPrograms(go.value, scratch)
    if (!programs.ok) {
      process.stderr.write(`${programs.error}\n`)
      return 70
    }
    const only = values.only?.split(',')
    const chosen = programs.value.filter(({ name }) => only === undefined || only.includes(name))
    process.stdout.write(
      `${chosen.length} programs of ${go.value.version}; found/truth and alarms, with and without the leak profile\n`,
    )
    const rows = await mapBounded(chosen, 2, async (program) => {
      const row = await judgeProgram(program, Number(values.attempts), values.keep)
      printRow(row, values.verbose)
      return row
    })
    return printTotals(rows) ? 0 : 1
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

process.exitCode = await main()
