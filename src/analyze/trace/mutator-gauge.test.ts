import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MutatorGauge } from './mutator-gauge.ts'

test('mutator utilization is the least share of the processors over any window', () => {
  const gauge = new MutatorGauge()
  gauge.setProcessors(4, 0)
  // 3 ms with two of four processors, then a stop of 0.5 ms, then nothing for a day.
  gauge.work(1, 10e6)
  gauge.work(1, 10e6)
  gauge.stop(1, 13e6)
  gauge.stop(-1, 13.5e6)
  gauge.work(-1, 13.5e6)
  gauge.work(-1, 13.5e6)
  const [one, ten, hundred, second] = gauge.read(86_400e9)
  assert.ok(Math.abs((one?.ratio ?? 0) - 0.25) < 0.02)
  assert.ok(Math.abs((ten?.ratio ?? 0) - 0.8) < 0.002)
  assert.ok(Math.abs((hundred?.ratio ?? 0) - 0.98) < 0.0002)
  assert.ok(Math.abs((second?.ratio ?? 0) - 0.998) < 0.0001)
  assert.equal(Math.round(gauge.collectorNs), 8e6)
})
