/** The target's clock against ours: an interval, never a guess. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { estimateClockOffset } from './clock-offset.ts'

const date = (sentMs: number, receivedMs: number, serverMs: number) => ({
  sentMs,
  receivedMs,
  serverMs,
  resolutionMs: 1000,
})

test('one Date header leaves a doubt of half a second and half the round trip', () => {
  assert.deepEqual(estimateClockOffset([date(10_000, 10_100, 10_000)]), { offsetNs: 450e6, uncertaintyNs: 550e6 })
})

test('several headers, and a time of a profile, narrow it', () => {
  const dates = estimateClockOffset([date(10_000, 10_010, 15_000), date(10_900, 10_910, 15_000)])
  const both = estimateClockOffset([
    date(10_000, 10_010, 15_000),
    { sentMs: 10_000, receivedMs: 10_010, serverMs: 15_005, resolutionMs: 1 },
  ])
  assert.ok((dates?.uncertaintyNs ?? 1e12) < 100e6)
  assert.deepEqual(both, { offsetNs: 5000.5e6, uncertaintyNs: 5.5e6 })
})

test('samples that contradict each other, or none, give no answer', () => {
  assert.equal(estimateClockOffset([date(10_000, 10_010, 15_000), date(10_000, 10_010, 99_000)]), undefined)
  assert.equal(estimateClockOffset([]), undefined)
})
