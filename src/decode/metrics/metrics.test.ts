/** Metrics text and expvar beyond the oracle's cases: limits, cuts, wrong formats, hostile names. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeExpvar, detectExpvar } from './expvar.ts'
import { decodeMetricsText, detectMetricsText } from './prometheus-text.ts'

const testdata = join(import.meta.dirname, '..', '..', '..', 'testdata')

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function decode(text: string, contentType?: string) {
  const result = decodeMetricsText(bytesOf(text), contentType === undefined ? {} : { contentType })
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  return result.value
}

type Truth = {
  readonly families: readonly {
    readonly name: string
    readonly type?: string
    readonly help?: string
    readonly unit?: string
    readonly samples: readonly {
      readonly name: string
      readonly value: string
      readonly labels?: Record<string, string>
    }[]
  }[]
}

for (const kind of ['prometheus', 'openmetrics']) {
  for (const version of ['go1.26', 'go1.27']) {
    test(`${kind} of ${version}: families and samples are those that the recording program wrote`, () => {
      const folder = join(testdata, 'prometheus-text', kind, version)
      const truth = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as Truth
      const { value } = decode(readFileSync(join(folder, 'metrics.txt'), 'utf8'))
      assert.deepEqual(
        value.map(({ name, type, samples }) => [name, type, samples.map((sample) => [sample.name, sample.labels])]),
        truth.families.map(({ name, type, samples }) => [
          name,
          type === undefined || type === 'untyped' ? 'unknown' : type,
          samples.map((sample) => [sample.name, sample.labels ?? {}]),
        ]),
      )
      const values = value.flatMap((family) => family.samples.map((sample) => sample.value))
      const expected = truth.families.flatMap((family) => family.samples.map((sample) => sample.value))
      assert.deepEqual(
        values,
        expected.map((text) => (/inf/i.test(text) ? Number(`${text[0] === '-' ? '-' : ''}Infinity`) : Number(text))),
      )
    })
  }
}

test('one bad line costs only itself, and is an issue with its line', () => {
  const { value, issues } = decode('a 1\nb two\nc 3\nd four\n')
  assert.deepEqual(
    value.map((family) => family.name),
    ['a', 'c'],
  )
  assert.deepEqual(
    issues.map((issue) => issue.at?.line),
    [2, 4],
  )
})

test('a last line without its end is left out: half a number is not a value', () => {
  const { value, issues } = decode('a 1\nb 12345')
  assert.deepEqual(
    value.map((family) => family.name),
    ['a'],
  )
  assert.equal(issues[0]?.code, 'SL_DECODE_TRUNCATED')
})

test('OpenMetrics by its content type, without # EOF, is said to be cut', () => {
  const { issues } = decode('# TYPE a counter\na_total 1\n', 'application/openmetrics-text; version=1.0.0')
  assert.equal(issues[0]?.code, 'SL_DECODE_TRUNCATED')
})

test('exemplars and fractions of a second belong to OpenMetrics alone', () => {
  const line = 'a_bucket{le="1"} 1 1.5 # {trace_id="x"} 0.5\n'
  assert.equal(decode(`${line}# EOF\n`).value[0]?.samples[0]?.timeNs, 1_500_000_000n)
  assert.equal(decode(`ok 1\n${line}`).issues[0]?.code, 'SL_DECODE_MALFORMED')
})

test('HTML, emptiness, prose and too much have codes of their own', () => {
  const code = (text: string) => {
    const result = decodeMetricsText(bytesOf(text), { limits: { maxBytes: 100, maxSamples: 10 } })
    return result.ok ? 'ok' : result.error.code
  }
  assert.equal(code('<!DOCTYPE html><html><body>login</body></html>'), 'SL_DECODE_HTML')
  assert.equal(code(''), 'SL_DECODE_EMPTY')
  assert.equal(code('404 page not found\n'), 'SL_DECODE_MALFORMED')
  assert.equal(code('a 1\n'.repeat(100)), 'SL_DECODE_TOO_LARGE')
})

test('samples past the limit are counted and left out', () => {
  const result = decodeMetricsText(bytesOf('a 1\nb 2\nc 3\n'), { limits: { maxBytes: 1000, maxSamples: 1 } })
  assert.ok(result.ok)
  assert.equal(result.value.value.length, 1)
  assert.deepEqual(
    result.value.issues.map((issue) => [issue.code, issue.count]),
    [['SL_DECODE_TOO_LARGE', 2]],
  )
})

test('a label called __proto__ is a label', () => {
  const labels = decode('a{__proto__="x"} 1\n').value[0]?.samples[0]?.labels
  assert.deepEqual(Object.entries(labels ?? {}), [['__proto__', 'x']])
})

test('timestamps keep their nanoseconds', () => {
  assert.equal(decode('a 1 1520879607.123456789\n# EOF\n').value[0]?.samples[0]?.timeNs, 1_520_879_607_123_456_789n)
})

test('metrics text is known by its content', () => {
  assert.equal(detectMetricsText(bytesOf('# TYPE a gauge\na 1\n')), 'certain')
  assert.equal(detectMetricsText(bytesOf('a 1\nb{c="d"} 2\n')), 'possible')
  assert.equal(detectMetricsText(bytesOf('goroutine 1 [running]:\nmain.main()\n')), undefined)
})

test('arbitrary text never throws', () => {
  const piece = fc.constantFrom(
    'a',
    '{',
    '}',
    '"',
    '\\',
    '=',
    ',',
    ' ',
    '1',
    '\n',
    '#',
    '# TYPE a gauge\n',
    '# EOF',
    '\r\n',
    '.',
    'é',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (parts) => {
      assert.equal(typeof decodeMetricsText(bytesOf(parts.join(''))).ok, 'boolean')
    }),
    { seed: 11, numRuns: 5000 },
  )
})

for (const version of ['go1.26', 'go1.27']) {
  test(`expvar of ${version}: the variables are those that the recording program published`, () => {
    const folder = join(testdata, 'expvar', 'vars', version)
    const bytes = readFileSync(join(folder, 'vars.json'))
    const truth = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as { values: Record<string, unknown> }
    assert.equal(detectExpvar(bytes), 'certain')
    const result = decodeExpvar(bytes)
    assert.ok(result.ok)
    const { vars } = result.value.value
    for (const [name, value] of Object.entries(truth.values)) {
      // The truth holds what a double cannot in quotes.
      if (typeof value === 'string' && typeof vars[name] === 'number') assert.equal(vars[name], Number(value))
      else assert.deepEqual(vars[name], value)
    }
    assert.ok(result.value.issues.some((issue) => issue.message.includes('2^53')))
  })
}

test('expvar: cut, broken, too deep, not an object and HTML have their codes', () => {
  const code = (text: string) => {
    const result = decodeExpvar(bytesOf(text))
    return result.ok ? 'ok' : result.error.code
  }
  assert.equal(code('{"a": {"b": 1'), 'SL_DECODE_TRUNCATED')
  assert.equal(code('{"a": "b'), 'SL_DECODE_TRUNCATED')
  assert.equal(code('{"a": b}'), 'SL_DECODE_MALFORMED')
  assert.equal(code('[1]'), 'SL_DECODE_MALFORMED')
  assert.equal(code('['.repeat(10_000)), 'SL_DECODE_MALFORMED')
  assert.equal(code('<html><body>'), 'SL_DECODE_HTML')
  assert.equal(code(''), 'SL_DECODE_EMPTY')
})

test('a value of a million digits that is no number is refused at once', () => {
  const beganMs = performance.now()
  const decoded = decodeMetricsText(bytesOf(`# TYPE a gauge\na 1\na ${'0'.repeat(2 ** 20)}x\n`))
  assert.ok(decoded.ok && decoded.value.issues.length === 1)
  assert.ok(performance.now() - beganMs < 4_000)
})
