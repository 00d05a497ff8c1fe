/**
 * `npm run judge:trust-real [-- CLASS...]`: programs/trust is run with each break switched on, for real, and what it sent
 * is judged by `sightline trust`; its source, with the break as the code itself, by `sightline audit`. Prints a line per
 * class: what was switched on, what spans (and logs) alone say, what is left with headers and with source. With all off
 * nothing may be found. `--shape` runs it under another load, with wrong clocks, or with the break in one of two carts.
 * Exit 1 on a miss. `--keep DIR` keeps the recordings, `--replay DIR` judges those, `--times N` runs each case N times.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { findGo } from '../setup/go.ts'
import { planOf, type Shape, shapes, trustCases } from './trust-real/cases.ts'
import { openJudge } from './trust-real/judge.ts'

const REQUESTS = 400

const { values, positionals } = parseArgs({
  options: {
    keep: { type: 'string' },
    replay: { type: 'string' },
    shape: { type: 'string' },
    times: { type: 'string', default: '1' },
  },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => name !== 'none' && !trustCases.some((row) => row.breakClass === name))
if (unknown.length > 0) {
  process.stderr.write(`no such class here: ${unknown.join(', ')}\n`)
  process.exit(64)
}
const shape = Object.keys(shapes).find((name): name is Shape => name === values.shape)
if (values.shape !== undefined && shape === undefined) {
  process.stderr.write(`no such shape: ${values.shape}; there is ${Object.keys(shapes).join(', ')}\n`)
  process.exit(64)
}
const work = mkdtempSync(join(tmpdir(), 'sightline-judge-trust-'))
try {
  process.exitCode = await judgeAll()
} finally {
  if (values.keep !== undefined) {
    mkdirSync(values.keep, { recursive: true })
    cpSync(join(work, 'runs'), values.keep, { recursive: true })
  }
  rmSync(work, { recursive: true, force: true })
}

async function judgeAll(): Promise<number> {
  const go = await findGo('1.26')
  if (!go.ok) return fail(go.error.message)
  const judge = await openJudge(go.value, work, values.replay === undefined ? {} : { replay: resolve(values.replay) })
  if (!judge.ok) return fail(judge.error)
  let misses = 0
  for (const row of [undefined, ...trustCases]) {
    const name = row?.breakClass ?? 'none'
    if (positionals.length > 0 && !positionals.includes(name)) continue
    if (shape === 'canary' && row !== undefined && row.brokenIn.join() !== 'cart') continue
    for (let turn = 0; turn < Number(values.times); turn++) {
      const judged = await judge.value.judgeCase(row, planOf(row, REQUESTS, shape))
      process.stdout.write(`${judged.lines.join('\n')}\n`)
      misses += judged.misses
    }
  }
  process.stdout.write(`\n${misses} ${misses === 1 ? 'miss' : 'misses'}\n`)
  return misses > 0 ? 1 : 0
}

function fail(message: string): number {
  process.stderr.write(`${message}\n`)
  return 1
}
