/** Progress of reading a trace: bytes, events, and how long the rest takes once that can be told. */
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import type { TraceStream } from '../model/ports.ts'
import { type InputWatch, watchBytes } from './timeline-input.ts'

type Step = { readonly what: string; readonly done?: number; readonly total?: number }

/** Reads ten pieces of a thousand bytes, each of which takes `pieceMs` and holds `events` events. */
async function readSteps(about: { pieceMs: number; events: number; sizeBytes?: number }): Promise<Step[]> {
  const steps: Step[] = []
  const watch: { head: Uint8Array; isOver: boolean; events: number } & InputWatch = {
    head: new Uint8Array(0),
    isOver: false,
    events: 0,
  }
  let nowMs = 1000
  const clock = mock.method(performance, 'now', () => nowMs)
  const stream: TraceStream = {
    name: 'trace.bin',
    issues: [],
    ...(about.sizeBytes === undefined ? {} : { sizeBytes: about.sizeBytes }),
    bytes: (async function* () {
      for (let at = 0; at < 10; at++) yield new Uint8Array(1000)
    })(),
    failure: () => undefined,
  }
  const progress = {
    step: (what: string, more?: { done: number; total?: number }) => steps.push({ what, ...more }),
  }
  for await (const _ of watchBytes(stream, { progress }, watch)) {
    watch.events += about.events
    nowMs += about.pieceMs
  }
  clock.mock.restore()
  return steps
}

test('each piece is a step with its bytes of how many, the events so far, and the time left', async () => {
  const steps = await readSteps({ pieceMs: 1000, events: 250_000, sizeBytes: 10_000 })
  assert.equal(steps.length, 10)
  assert.deepEqual(steps[0], {
    what: 'reading trace.bin, 250 K events, about 9s left',
    done: 1000,
    total: 10_000,
    unit: 'bytes',
  })
  assert.equal(steps[4]?.what, 'reading trace.bin, 1.3 M events, about 5s left')
  assert.equal(steps[9]?.what, 'reading trace.bin, 2.5 M events')
})

test('a pipe has no size, so nothing is said of the time left; nor is it in the first half second, or of the last one', async () => {
  for (const { what, total } of await readSteps({ pieceMs: 1000, events: 1 })) {
    assert.match(what, /^reading trace\.bin, \d+ events$/)
    assert.equal(total, undefined)
  }
  const quick = await readSteps({ pieceMs: 40, events: 0, sizeBytes: 10_000 })
  assert.ok(quick.every(({ what }) => what === 'reading trace.bin'))
})
