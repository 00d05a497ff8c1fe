/**
 * `npm run judge:trust`: injects each of the 35 break classes at several rates into the traces of a made-up shop, beside
 * the legitimate look-alikes, and holds `sightline trust --json` against what was injected. The generator follows the
 * reference alone and knows nothing of the rules. Prints a table, exits 1 on a miss.
 *
 *   node scripts/judge/trust.ts [--seed a,b] [--only CLASS,...] [--rates 0,0.005,0.05,0.5] [--requests 3500] [--hours 4]
 *                               [--look-alikes] [--classes] [--verbose] [--keep DIR] [--write-spans COUNT --keep DIR]
 *
 * Seeds for developing rules are named dev-…; those that judge by default are others.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { injections } from './trust/injectors/all.ts'
import { judgeInjection, judgeLookAlike, type Outcome } from './trust/judge-case.ts'
import { lookAlikes } from './trust/look-alikes.ts'
import { formatOutcome, header } from './trust/table.ts'
import { writeCase } from './trust/write-case.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: 'judge-harbour,judge-lantern' },
    only: { type: 'string' },
    rates: { type: 'string', default: '0,0.005,0.05,0.5' },
    requests: { type: 'string', default: '3500' },
    hours: { type: 'string', default: '4' },
    'look-alikes': { type: 'boolean', default: false },
    classes: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    keep: { type: 'string' },
    'write-spans': { type: 'string' },
  },
})

const work = values.keep ?? mkdtempSync(join(tmpdir(), 'sightline-judge-trust-'))
try {
  process.exitCode = values['write-spans'] === undefined ? await judgeAll() : writeMany(Number(values['write-spans']))
} finally {
  if (values.keep === undefined) rmSync(work, { recursive: true, force: true })
}

async function judgeAll(): Promise<number> {
  const only = values.only?.split(',')
  const both = values['look-alikes'] === values.classes
  const size = { requests: Number(values.requests), hours: Number(values.hours), keep: values.keep !== undefined }
  let misses = 0
  let judged = 0
  process.stdout.write(`${header}\n`)
  const print = (outcome: Outcome): void => {
    judged++
    if (!outcome.passed) misses++
    process.stdout.write(`${formatOutcome(outcome, values.verbose)}\n`)
  }
  for (const [turn, seed] of values.seed.split(',').entries()) {
    if (both || values['look-alikes']) {
      const names = [...lookAlikes.map((one) => one.name), 'everything at once']
      for (const name of names) {
        if (only === undefined || only.some((part) => name.includes(part)))
          print(await judgeLookAlike(work, name, { seed, turn, ...size }))
      }
    }
    if (!both && !values.classes) continue
    for (const injection of injections) {
      if (only !== undefined && !only.includes(injection.className)) continue
      for (const rate of values.rates.split(',').map(Number))
        print(await judgeInjection(work, injection, rate, { seed, turn, ...size }))
    }
  }
  process.stdout.write(`${judged - misses} of ${judged} as they should be\n`)
  return misses === 0 && judged > 0 ? 0 : 1
}

/** Files for the speed measurement. */
function writeMany(spans: number): number {
  const spansPerRequest = 19
  const written = writeCase(join(work, 'many'), {
    seed: values.seed.split(',')[0] ?? 'many',
    requests: Math.ceil(spans / spansPerRequest),
    hours: Number(values.hours),
    prepare: [],
  })
  process.stdout.write(`${JSON.stringify({ files: written.files, ...written.counts })}\n`)
  return 0
}
