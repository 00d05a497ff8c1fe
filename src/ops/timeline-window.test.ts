/** Where --from and --to point: durations, shares and times of day, in a trace with a clock and in one without. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ok } from '../base/result.ts'
import type { TraceStream } from '../model/ports.ts'
import { locateWindow, needsLook, parsePoint, type TimelinePoint } from './timeline-window.ts'

const testdata = join(import.meta.dirname, '..', '..', 'testdata')
const shop = new Uint8Array(readFileSync(join(testdata, 'captures', 'shop', 'trace.bin')))
const old = new Uint8Array(readFileSync(join(testdata, 'gotrace', 'v1', 'mix', 'go1.21', 'trace.bin')))
/** When the recorded trace begins, as the account says it. */
const START = '2026-11-22T19:25:51.641685912Z'
const LENGTH_NS = 1_000_684_992

function pointAt(text: string): TimelinePoint {
  const point = parsePoint(text)
  assert.ok(point !== undefined, text)
  return point
}

async function locate(from: string, bytes = shop) {
  const given = { pieces: 0 }
  const stream: TraceStream = {
    name: 'trace.bin',
    issues: [],
    bytes: (async function* () {
      for (let at = 0; at < bytes.length; at += 1000) {
        given.pieces += 1
        yield bytes.slice(at, at + 1000)
      }
    })(),
    failure: () => undefined,
  }
  const located = await locateWindow(async () => ok(stream), { from: pointAt(from) })
  return { located, pieces: given.pieces }
}

async function offsetOf(from: string): Promise<number | undefined> {
  const { located } = await locate(from)
  assert.ok(located.ok, located.ok ? '' : located.error.message)
  return located.value.fromNs
}

async function refusal(from: string, bytes = shop): Promise<string> {
  const { located } = await locate(from, bytes)
  assert.ok(!located.ok)
  return located.error.code
}

test('a duration counts from the begin, and needs no look at the trace', async () => {
  assert.equal(await offsetOf('250ms'), 250e6)
  assert.equal((await locate('1.5s')).pieces, 0)
  assert.equal(needsLook({ from: pointAt('2s') }), false)
  assert.equal(needsLook({ to: pointAt('40%') }), true)
})

test('a share is of the whole length, which is known when all has been read', async () => {
  assert.equal(await offsetOf('50%'), LENGTH_NS / 2)
  assert.equal(await offsetOf('0%'), 0)
  assert.equal(await offsetOf('100%'), LENGTH_NS)
})

test('a time is measured against the clock of the trace, which stands in its first generation', async () => {
  assert.equal(await offsetOf(START), 0)
  assert.equal(await offsetOf('2026-11-22T20:25:52.141685912+01:00'), 500e6)
  assert.equal(await offsetOf('19:25:52.141685912'), 500e6)
  assert.equal(await offsetOf('19:25:52.141685912Z'), 500e6)
})

test('a time of day of the other half of the day is the next day’s; one just before the trace is outside', async () => {
  assert.equal(await offsetOf('00:00'), ((4 * 60 + 34) * 60 + 8) * 1e9 + 358_314_088)
  assert.equal(await refusal('19:25:51.6'), 'SL_OPS_OUTSIDE_TRACE')
  assert.equal(await refusal('2026-11-22T19:25:51Z'), 'SL_OPS_OUTSIDE_TRACE')
})

test('a trace without a clock has shares and durations, but no times', async () => {
  assert.equal(await refusal('12:00', old), 'SL_OPS_NO_CLOCK')
  const { located } = await locate('50%', old)
  assert.ok(located.ok && (located.value.fromNs ?? 0) > 0)
})

test('what is no point is none', () => {
  for (const text of ['', '5', '-1s', '101%', '24:00', '12:60', '1.2', '40 %', 'noon', '2026-11-22']) {
    assert.equal(parsePoint(text), undefined, text)
  }
})
