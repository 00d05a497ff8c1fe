/** The CPU report on profiles drawn by hand: seconds, intervals, and what too few samples cannot say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawCpu } from '../testing/draw-cpu.ts'
import { reportCpu, wilson } from './cpu-report.ts'

test('flat and cumulative seconds are those of the samples, recursion counted once', () => {
  const report = reportCpu(
    drawCpu([
      ['f < g < main', 60],
      ['g < g < main', 40],
    ]),
  )
  const [f, g, main] = ['f', 'g', 'main'].map((name) => report.top.find((row) => row.function === name))
  assert.equal(report.state, 'measured')
  assert.deepEqual([f?.flatSeconds, f?.cumulativeSeconds], [0.6, 0.6])
  assert.deepEqual([g?.flatSeconds, g?.cumulativeSeconds], [0.4, 1])
  assert.deepEqual([main?.flatSeconds, main?.cumulativeSeconds], [0, 1])
})

test('what has no time of its own stands below all that has, however much its callees used', () => {
  const rows = Array.from({ length: 12 }, (_, at) => [`leaf${at} < caller${at} < main`, at + 1] as const)
  const own = reportCpu(drawCpu(rows)).top.map(({ flatSeconds }) => flatSeconds)
  assert.ok(own.indexOf(0) >= 12)
  assert.deepEqual(
    own,
    own.toSorted((a, b) => b - a),
  )
})

test('an interval contains its own figure, and a function never seen at the leaf has one too', () => {
  const report = reportCpu(
    drawCpu([
      ['f < main', 95],
      ['g < main', 5],
    ]),
  )
  for (const { flatSeconds, flatInterval } of report.top) {
    assert.ok(flatInterval[0] <= flatSeconds && flatSeconds <= flatInterval[1])
  }
  assert.ok((report.top.find((row) => row.function === 'main')?.flatInterval[1] ?? 0) > 0)
})

test('Wilson’s interval is the published one', () => {
  // Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
  const [low, high] = wilson(81, 263)
  assert.deepEqual([low.toFixed(4), high.toFixed(4)], ['0.2553', '0.3662'])
  // Newcombe 1998: 0 of 20 gives 0 to 0.1611.
  assert.deepEqual(
    wilson(0, 20).map((one) => one.toFixed(4)),
    ['0.0000', '0.1611'],
  )
})

test('below 30 samples nothing is said of single functions', () => {
  const report = reportCpu(drawCpu([['f < main', 29]]))
  assert.deepEqual([report.state, report.top, report.samples], ['insufficient', [], 29])
})

test('a hundred samples can hide a share of three per cent', () => {
  assert.equal(reportCpu(drawCpu([['f', 100]])).smallestShareRatio?.toFixed(3), '0.030')
})

test('without a CPU profile the report is absent', () => {
  assert.deepEqual(reportCpu([]), { state: 'absent', top: [] })
})
