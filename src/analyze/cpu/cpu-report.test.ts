/** The CPU report on profiles drawn by hand: seconds, intervals, and what too few samples cannot say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Profile } from '../../model/profile.ts'
import { reportCpu, wilson } from './cpu-report.ts'

/** Each sample: functions leaf first, and how often it was seen at 100 Hz. */
function drawCpu(samples: readonly (readonly [stack: string, count: number])[]) {
  const strings = ['']
  const stacks = samples.map(([stack]) => stack.split(' < '))
  const names = [...new Set(stacks.flat())]
  strings.push(...names)
  const locations = stacks.map((stack) => stack.map((name) => names.indexOf(name)))
  const starts = [0]
  for (const stack of locations) starts.push((starts.at(-1) as number) + stack.length)
  const one = Uint32Array.from(names, (_, index) => index)
  const profile: Profile = {
    sampleTypes: [
      { type: 'samples', unit: 'count' },
      { type: 'cpu', unit: 'nanoseconds' },
    ],
    defaultSampleType: '',
    durationNs: 3_000_000_000n,
    dropFrames: '',
    keepFrames: '',
    docUrl: '',
    comments: [],
    strings,
    sampleCount: samples.length,
    values: BigInt64Array.from(samples.flatMap(([, count]) => [BigInt(count), BigInt(count) * 10_000_000n])),
    locationStart: Uint32Array.from(starts),
    sampleLocations: Uint32Array.from(locations.flat()),
    labelStart: new Uint32Array(samples.length + 1),
    labelKeys: new Uint32Array(0),
    labelStrings: new Uint32Array(0),
    labelNumbers: new BigInt64Array(0),
    labelUnits: new Uint32Array(0),
    labelIsNumber: new Uint8Array(0),
    locationCount: names.length,
    locationAddresses: new BigUint64Array(names.length),
    locationMappings: new Uint32Array(names.length),
    locationFolded: new Uint8Array(names.length),
    lineStart: Uint32Array.from({ length: names.length + 1 }, (_, index) => index),
    lineFunctions: one,
    lineNumbers: new Float64Array(names.length),
    lineColumns: new Float64Array(names.length),
    functionCount: names.length,
    functionNames: Uint32Array.from(names, (_, index) => index + 1),
    functionSystemNames: new Uint32Array(names.length),
    functionFiles: new Uint32Array(names.length),
    functionStartLines: new Float64Array(names.length),
    mappings: [],
  }
  return [{ source: 'cpu.pb.gz', kind: 'cpu', profile, span: 'delta' } as const]
}

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
