/**
 * The metrics text decoder against Prometheus's own parser: testdata/prometheus-text/cases, each text with what
 * model/textparse of prometheus/prometheus v0.316.0 read from it. It stops at the first bad line; we go on.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { MetricFamily, MetricSample } from '../../model/metrics.ts'
import { decodeMetricsText, detectMetricsText } from './prometheus-text.ts'

type OracleSample = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: string
  readonly timeMs?: number
  readonly exemplar?: {
    readonly labels: Readonly<Record<string, string>>
    readonly value: string
    readonly timeMs?: number
  }
}
type Oracle = {
  readonly accepted: boolean
  readonly types: Readonly<Record<string, string>>
  readonly help: Readonly<Record<string, string>>
  readonly units: Readonly<Record<string, string>>
  readonly samples: readonly OracleSample[]
}

const folder = join(import.meta.dirname, '..', '..', '..', 'testdata', 'prometheus-text', 'cases')
const names = globSync('*.txt', { cwd: folder })
  .map((file) => file.slice(0, -4))
  .sort()

function readCase(name: string) {
  const bytes = readFileSync(join(folder, `${name}.txt`))
  const decoded = decodeMetricsText(bytes)
  assert.ok(decoded.ok)
  return { bytes, ...decoded.value, oracle: JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Oracle }
}

function printSample(sample: MetricSample): object {
  const { name, labels, value, timeNs, exemplar } = sample
  return {
    name,
    labels: sortKeys(labels),
    value,
    timeMs: timeNs === undefined ? undefined : Number(timeNs / 1_000_000n),
    exemplar:
      exemplar === undefined
        ? undefined
        : {
            labels: sortKeys(exemplar.labels),
            value: exemplar.value,
            timeMs: exemplar.timeNs === undefined ? undefined : Number(exemplar.timeNs / 1_000_000n),
          },
  }
}

/** Prometheus leaves labels with an empty value out of a series, and prints `le` and `quantile` as floats. */
function printOracle(sample: OracleSample): object {
  const { name, labels, value, timeMs, exemplar } = sample
  return {
    name,
    labels: sortKeys(labels),
    value: readNumber(value),
    timeMs,
    exemplar:
      exemplar === undefined
        ? undefined
        : { labels: sortKeys(exemplar.labels), value: readNumber(exemplar.value), timeMs: exemplar.timeMs },
  }
}

function sortKeys(labels: Readonly<Record<string, string>>): object {
  const entries = Object.entries(labels).filter(([, value]) => value !== '')
  const plain = entries.map(([key, value]) =>
    key === 'le' || key === 'quantile' ? [key, String(readNumber(value))] : [key, value],
  )
  return Object.fromEntries(plain.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)))
}

function readNumber(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text)
}

function samplesOf(families: readonly MetricFamily[]): object[] {
  return families.flatMap((family) => family.samples.map(printSample))
}

test('there are at least a dozen cases', () => {
  assert.ok(names.length >= 12)
})

for (const name of names) {
  test(`${name}: samples, types, help and units are those that Prometheus reads`, () => {
    const { value: families, issues, oracle, bytes } = readCase(name)
    const expected = oracle.samples.map(printOracle)
    if (oracle.accepted) {
      assert.deepEqual(issues, [])
      assert.deepEqual(samplesOf(families), expected)
      assert.ok(detectMetricsText(bytes) !== undefined)
    } else {
      assert.deepEqual(samplesOf(families).slice(0, expected.length), expected)
      assert.equal(issues[0]?.at?.line, 2)
    }
    for (const family of families) {
      assert.equal(family.type, oracle.types[family.name] ?? 'unknown', family.name)
      assert.equal(family.help, oracle.help[family.name])
      assert.equal(family.unit, oracle.units[family.name])
    }
  })
}
