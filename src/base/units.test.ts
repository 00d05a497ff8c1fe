import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration, formatSize, formatUnixNs, parseDuration, parseSize, parseUnixNs } from './units.ts'

test('a duration reads as Go prints and users write it', () => {
  assert.equal(parseDuration('250ms'), 250e6)
  assert.equal(parseDuration('1h2m3.5s'), 3723.5e9)
  assert.equal(parseDuration('5µs'), 5000)
})

test('text that is no duration is refused, a bare number too', () => {
  for (const text of ['', '5', 's', '5 s', '-5s', '5s!', '5d', '1e3s'])
    assert.equal(parseDuration(text), undefined, text)
})

test('a duration is printed with three digits', () => {
  assert.equal(formatDuration(412_345_678), '412ms')
  assert.equal(formatDuration(1_500_000), '1.5ms')
  assert.equal(formatDuration(245e9), '4m05s')
  assert.equal(formatDuration(7_980e9), '2h13m')
  assert.equal(formatDuration(0), '0ns')
})

test('a size reads in binary and decimal units', () => {
  assert.equal(parseSize('64MiB'), 67_108_864)
  assert.equal(parseSize('10MB'), 10_000_000)
  assert.equal(parseSize('4096'), 4096)
  assert.equal(parseSize('64 bananas'), undefined)
  assert.equal(formatSize(67_108_864), '64MiB')
})

test('wall time keeps its nanoseconds both ways', () => {
  const text = '2026-11-22T18:11:00.123456789Z'
  assert.equal(formatUnixNs(parseUnixNs(text) as bigint), text)
  assert.equal(parseUnixNs('2026-11-22T20:11:00+02:00'), parseUnixNs('2026-11-22T18:11:00Z'))
  assert.equal(parseUnixNs('yesterday'), undefined)
})
