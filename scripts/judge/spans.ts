/**
 * `node scripts/judge/spans.ts`: how often spans join with the right task when a trace has names and times only (rung 0).
 * A program with the real OpenTelemetry SDK makes some 26,000 spans of three names while a trace is taken; the ids that
 * it logs into the trace are the truth, and are kept from the join that is judged. Prints a line per case, and fails
 * where one that was called certain is wrong.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toKnownSpans } from '../../src/analyze/span-join/known-spans.ts'
import { openSpanJoin } from '../../src/analyze/span-join/span-join.ts'
import { readTraceSync } from '../../src/decode/gotrace/gotrace.ts'
import { decodeSpans } from '../../src/decode/spans/spans.ts'
import type { KnownSpan } from '../../src/model/span-join.ts'
import { buildProgram } from '../fixtures/build-program.ts'
import { ROOT } from '../fixtures/case-folder.ts'
import { findGo } from '../setup/go.ts'
import { runTool } from '../setup/run-tool.ts'

const GOROUTINES = [20, 200, 450] as const
const work = mkdtempSync(join(tmpdir(), 'sightline-judge-spans-'))
try {
  for (const version of ['1.26', '1.27'] as const) await judgeUnder(version)
} finally {
  rmSync(work, { recursive: true, force: true })
}

async function judgeUnder(version: '1.26' | '1.27'): Promise<void> {
  const go = await findGo(version)
  if (!go.ok) return fail(go.error.message)
  const built = await buildProgram(go.value, join(ROOT, 'programs', 'spans'), join(work, version, 'spans'))
  if (!built.ok) return fail(built.error)
  for (const goroutines of GOROUTINES) {
    const folder = join(work, version, String(goroutines))
    mkdirSync(folder, { recursive: true })
    const args = ['-mode', 'crowd', '-goroutines', String(goroutines), '-out', folder]
    const run = await runTool(built.value, args, { cwd: work, env: go.value.env, timeoutMs: 120_000 })
    if (run.failure !== undefined) return fail(run.failure)
    const line = await judge(folder)
    process.stdout.write(`go${version}, ${goroutines} goroutines: ${line}\n`)
  }
}

async function judge(folder: string): Promise<string> {
  const decoded = await decodeSpans([
    { name: 'spans', bytes: new Uint8Array(readFileSync(join(folder, 'spans.otlp.json'))) },
  ])
  if (!decoded.ok) return decoded.error.message
  const { spans } = toKnownSpans(decoded.value.value)
  const bytes = new Uint8Array(readFileSync(join(folder, 'trace.bin')))
  const truth = joinBy(bytes, spans, false)
  const own = joinBy(bytes, spans, true)
  const count = { right: 0, wrong: 0, none: 0, certain: 0, certainWrong: 0 }
  own.forEach(({ sighting, confidence }, at) => {
    const isRight = sighting?.task !== undefined && sighting.task === truth[at]?.sighting?.task
    count[sighting === undefined ? 'none' : isRight ? 'right' : 'wrong']++
    if (confidence !== 'certain') return
    count.certain++
    if (!isRight) count.certainWrong++
  })
  if (count.certainWrong > 0) fail(`${count.certainWrong} certain ones are wrong`)
  const share = (part: number) => `${((part / own.length) * 100).toFixed(2)} %`
  return `${own.length} spans, right ${share(count.right)}, wrong ${count.wrong}, none ${count.none}; certain ${share(count.certain)}, of these wrong ${count.certainWrong}`
}

function joinBy(bytes: Uint8Array, spans: readonly KnownSpan[], ignoreIds: boolean) {
  const open = openSpanJoin({ spans, ignoreIds })
  const read = readTraceSync(bytes, {
    onGeneration: (generation) => open.addGeneration(generation),
    onChunk: (chunk, tables) => open.addChunk(chunk, tables),
  })
  if (!read.ok) {
    fail(read.error.message)
    return []
  }
  return open.finish(read.value.value).matches
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}
