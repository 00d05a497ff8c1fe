import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFingerprint } from './fingerprint.ts'

const base = { rule: 'stuck-goroutines', service: 'cart', symbols: ['main.(*Proxy).Run', 'main.main'] }

test('a fingerprint does not depend on the order or repetition of symbols, nor on how the compiler spells them', () => {
  const again = { ...base, symbols: ['main.main', 'main.(*Proxy).Run', 'main.main'] }
  assert.equal(makeFingerprint(base), makeFingerprint(again))
  const generic = { ...base, symbols: ['github.com/nats-io/nats%2ego.Get[go.shape.int]'] }
  assert.equal(makeFingerprint(generic), makeFingerprint({ ...base, symbols: ['github.com/nats-io/nats.go.Get[...]'] }))
})

test('rule, service and symbols each make it another', () => {
  const all = [base, { ...base, rule: 'x' }, { ...base, service: 'x' }, { ...base, symbols: ['main.main'] }]
  assert.equal(new Set(all.map(makeFingerprint)).size, 4)
  assert.match(makeFingerprint(base), /^[0-9a-f]{32}$/)
})

test('fields cannot run into each other', () => {
  assert.notEqual(
    makeFingerprint({ rule: 'ab', service: 'c', symbols: [] }),
    makeFingerprint({ rule: 'a', service: 'bc', symbols: [] }),
  )
})

test('brackets that are never closed stay as they are, however many', () => {
  const beganMs = performance.now()
  const of = (symbol: string) => makeFingerprint({ rule: 'r', service: 's', symbols: [symbol] })
  assert.notEqual(of(`main.f${'['.repeat(2 ** 20)}`), of('main.f[...]'))
  assert.equal(of('main.f[int]['), of('main.f[string]['))
  assert.ok(performance.now() - beganMs < 4_000)
})
