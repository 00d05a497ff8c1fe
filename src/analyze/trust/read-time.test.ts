/** When spans were complete: the file's word for it, and what speaks against it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import { buildForest, type SpanForest } from './forest.ts'
import { findReadTime } from './read-time.ts'

const SECOND = 1e9
const SETTLE = 60 * SECOND
const YEAR = 365 * 86_400 * SECOND

/** A trace each 100 ms; `isLost`: the client's span between the two servers is missing. */
function makeForest(traces: number, isLost: (index: number) => boolean): SpanForest {
  const lines = Array.from({ length: traces }, (_, index) => {
    const at = index * 100
    const client = `t${index}/b  a  cart  client  ${at + 10}..${at + 40}  GET /price`
    return [
      `t${index}/a  -  cart  server  ${at}..${at + 50}  GET /cart`,
      ...(isLost(index) ? [] : [client]),
      `t${index}/c  b@  price  server  ${at + 12}..${at + 38}  GET /price`,
    ].join('\n')
  })
  return buildForest(drawSpans(lines.join('\n')))
}

/** Relative to the end of the last span. */
function readAfter(forest: SpanForest, fileNs: number | undefined): number {
  const { baseUnixNs, endNs } = forest.spans
  const lastNs = endNs.reduce((last, end) => Math.max(last, end), 0)
  assert.ok(baseUnixNs > 0n)
  return findReadTime(forest, fileNs === undefined ? undefined : lastNs + fileNs, SETTLE) - lastNs
}

test('without a time of the file, or with one before the last span, the last span is all that is known', () => {
  const forest = makeForest(300, (index) => index % 10 === 0)
  assert.equal(readAfter(forest, undefined), 0)
  assert.equal(readAfter(forest, -5 * SECOND), 0)
})

test('what is lost evenly is lost as long as the file is old enough; a young one says how old it is', () => {
  const forest = makeForest(300, (index) => index % 10 === 0)
  assert.equal(readAfter(forest, YEAR), YEAR)
  assert.equal(readAfter(forest, 7 * SECOND), 7 * SECOND)
})

test('everything lost, and nothing lost, says nothing against the file', () => {
  for (const isLost of [() => true, () => false]) assert.equal(readAfter(makeForest(300, isLost), YEAR), YEAR)
})

test('losses that crowd at the end may still come, however old the copy is', () => {
  // Two minutes; of the last 20 s every call is missing.
  const late = readAfter(
    makeForest(1_200, (index) => index >= 1_000),
    YEAR,
  )
  assert.ok(late <= SETTLE - 20 * SECOND, String(late))
  // The same beside an even loss of 5 %.
  const both = readAfter(
    makeForest(1_200, (index) => index >= 1_000 || index % 20 === 0),
    YEAR,
  )
  assert.ok(both <= SETTLE - 20 * SECOND, String(both))
  // Half a minute, of which the last twenty seconds are cut.
  const short = readAfter(
    makeForest(300, (index) => index >= 100),
    YEAR,
  )
  assert.ok(short <= SETTLE - 20 * SECOND, String(short))
})

test('what stopped long before the end is no matter of the end', () => {
  assert.equal(
    readAfter(
      makeForest(3_000, (index) => index > 1_000 && index < 1_300),
      YEAR,
    ),
    YEAR,
  )
})
