/** The situations of the clock skew adjuster's tests in jaegertracing/jaeger, as questions to an estimator. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import { buildForest } from '../trust/forest.ts'
import { estimateSkew, surePart } from './skew.ts'

type Call = {
  readonly client?: string
  readonly server?: string
  readonly clientHost?: string
  readonly serverHost?: string
  readonly kinds?: readonly [string, string]
}

/** Several calls of one form: times in ms, hosts a and b unless said otherwise. */
function estimate(calls: readonly Call[], times = 6) {
  const lines = calls.flatMap((call, form) =>
    Array.from({ length: times }, (_, index) => {
      const { client = '10..110', server = '20..70', clientHost = 'a', serverHost = 'b' } = call
      const [up, down] = call.kinds ?? ['client', 'server']
      const host = (name: string) => (name === '' ? 'x=1' : `host=${name}`)
      const trace = `t${form}x${index}`
      return [
        `${trace}/p  -  cart   ${up}  ${client}  GET  ${host(clientHost)}`,
        `${trace}/c  p  price  ${down}  ${server}  GET  ${host(serverHost)}`,
      ].join('\n')
    }),
  )
  return estimateSkew(buildForest(drawSpans(lines.join('\n')))).rows
}

const MS = 1e6
const one = (call: Call) => estimate([call])[0]

test('a child that fits inside its parent: the clocks may agree', () => {
  const row = one({ client: '10..110', server: '20..70' })
  assert.deepEqual(row?.interval, [-40 * MS, 10 * MS])
  assert.equal(row && surePart(row), 0)
})

test('a child before its parent: the clock of its host is behind, by the middle of what is possible', () => {
  const row = one({ client: '10..110', server: '0..50' })
  assert.equal(row?.offsetNs, -35 * MS)
  assert.deepEqual(row?.interval, [-60 * MS, -10 * MS])
  assert.equal(row && surePart(row), 10 * MS)
})

test('a child that ends after its parent and is shorter: the clock of its host is ahead', () => {
  const row = one({ client: '10..110', server: '50..120' })
  assert.equal(row?.offsetNs, 25 * MS)
  assert.deepEqual(row?.interval, [10 * MS, 40 * MS])
})

test('a child that is wholly after its parent is as far ahead as that', () => {
  const row = one({ client: '0..10', server: '1000..1008' })
  assert.equal(row?.offsetNs, 999 * MS)
  assert.deepEqual(row?.interval, [998 * MS, 1000 * MS])
})

test('a child that is longer than its parent says nothing: it may go on after the answer', () => {
  assert.deepEqual(estimate([{ client: '10..110', server: '20..170' }]), [])
  assert.deepEqual(estimate([{ client: '10..110', server: '0..150' }]), [])
})

test('one host has one clock, and an unknown host is no host', () => {
  assert.deepEqual(estimate([{ client: '10..110', server: '0..50', serverHost: 'a' }]), [])
  assert.deepEqual(estimate([{ client: '10..110', server: '0..50', serverHost: '' }]), [])
  assert.deepEqual(estimate([{ client: '10..110', server: '0..50', clientHost: '', serverHost: '' }]), [])
})

test('asynchronous children are no skew', () => {
  const late = { client: '0..10', server: '1000..1008' }
  assert.deepEqual(estimate([{ ...late, kinds: ['producer', 'consumer'] }]), [])
  assert.deepEqual(estimate([{ ...late, kinds: ['internal', 'server'] }]), [])
  assert.deepEqual(estimate([{ ...late, kinds: ['client', 'internal'] }]), [])
})

test('a span whose parent is not there, and spans of one id, have no pair', () => {
  const spans = drawSpans(`
    a  x@  price  server  0..100  GET  host=b
    t2/b  -  cart  client  0..100  GET  host=a
    t2/b  -  cart  client  0..100  GET  host=a
  `)
  assert.deepEqual(estimateSkew(buildForest(spans)), { rows: [], omitted: 0 })
})

test('fewer than five calls are not enough', () => {
  assert.deepEqual(estimate([{ client: '10..110', server: '0..50' }], 4), [])
})

test('calls in both directions bound the offset from both sides, though the ways differ in length', () => {
  // b is 100 ms ahead; the way there takes 8 ms, the way back 2 ms.
  const rows = estimate([
    { client: '0..20', server: '108..118' },
    { client: '100..120', server: '2..12', clientHost: 'b', serverHost: 'a' },
  ])
  assert.equal(rows.length, 1)
  assert.equal(rows[0]?.pairs, 12)
  const [least, most] = rows[0]?.interval ?? [0, 0]
  assert.ok(least >= 98 * MS && least <= 100 * MS && most >= 100 * MS && most <= 108 * MS, `${least} ${most}`)
})

test('a few odd calls do not move the estimate', () => {
  const calls = Array.from({ length: 40 }, () => ({ client: '0..20', server: '5..15' }))
  const [row] = estimate([...calls, { client: '0..20', server: '5000..5010' }], 1)
  assert.equal(row?.offsetNs, 0)
  assert.equal(row && surePart(row), 0)
})

test('pairs of hosts that surely differ come first', () => {
  const rows = estimate([
    { client: '0..100', server: '10..20', serverHost: 'b' },
    { client: '0..100', server: '400..410', serverHost: 'c' },
  ])
  assert.deepEqual(
    rows.map(({ from, to }) => `${from} ${to}`),
    ['a c', 'a b'],
  )
})
