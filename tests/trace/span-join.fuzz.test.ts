/** Joining spans over all recorded traces, and over damaged ones: nothing throws, and every sum is its span's length. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { describeSpan } from '../../src/analyze/span-join/span-answer.ts'
import { openSpanJoin } from '../../src/analyze/span-join/span-join.ts'
import { openSpanProbe } from '../../src/analyze/span-join/span-probe.ts'
import { readTraceSync } from '../../src/decode/gotrace/gotrace.ts'
import type { SpanStates } from '../../src/model/span-join.ts'
import type { TraceTables } from '../../src/model/trace.ts'

const testdata = join(import.meta.dirname, '..', '..', 'testdata')
const ROUNDING_NS = 1

const add = (times: SpanStates) =>
  times.runningNs + times.runnableNs + times.waitingNs + times.syscallNs + times.unknownNs + times.goneNs

/** Both readings; how many spans were seen. */
function joinAll(bytes: Uint8Array, asked: string): number {
  const open = openSpanJoin({ asked })
  const read = readTraceSync(bytes, {
    onGeneration: (generation) => open.addGeneration(generation),
    onChunk: (chunk, tables) => open.addChunk(chunk, tables),
  })
  if (!read.ok) return 0
  const { goal, summary } = open.finish(read.value.value)
  for (const span of summary.longest ?? []) {
    assert.ok(Math.abs(add(span.states) - span.durationNs) <= ROUNDING_NS, `${span.name}: ${JSON.stringify(span)}`)
    for (const ns of Object.values(span.states)) assert.ok(ns >= 0, `${span.name}: ${JSON.stringify(span.states)}`)
  }
  assert.equal(summary.certain + summary.probable + summary.partial, summary.spans)
  if (goal === undefined) return summary.spans
  const probe = openSpanProbe(goal)
  let known: TraceTables | undefined
  readTraceSync(bytes, {
    onGeneration: (generation) => probe.addGeneration(generation),
    onChunk: (chunk, tables) => {
      known = tables
      probe.addChunk(chunk, tables)
    },
  })
  assert.ok(known !== undefined)
  const { states, sumNs = 0, durationNs, explainedRatio = 1 } = describeSpan(goal, probe.finish(), known)
  if (states !== undefined) assert.ok(Math.abs(sumNs - durationNs) <= ROUNDING_NS, JSON.stringify(states))
  assert.ok(explainedRatio >= 0 && explainedRatio <= 1)
  return summary.spans
}

test('all recorded traces', () => {
  const traces = globSync('**/trace.bin', { cwd: testdata })
  const seen = traces.map((path) => joinAll(new Uint8Array(readFileSync(join(testdata, path))), 'price'))
  assert.ok(seen.reduce((sum, count) => sum + count, 0) >= 90)
})

for (const name of ['spans', 'datadog']) {
  const whole = new Uint8Array(readFileSync(join(testdata, 'gotrace', name, 'go1.27', 'trace.bin')))
  const asked = name === 'spans' ? 'POST /checkout' : 'web.request'
  test(`${name}: cut anywhere, or with bytes changed`, () => {
    const place = fc.integer({ min: 16, max: whole.length - 1 })
    const change = fc.tuple(place, fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.option(place), (changes, end) => {
        const bytes = whole.slice(0, end ?? whole.length)
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
        joinAll(bytes, asked)
      }),
      { numRuns: 300 },
    )
  })
}
