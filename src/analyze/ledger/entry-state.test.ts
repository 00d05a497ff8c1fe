import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_SIGHTINGS, type Sighting } from '../../model/trust/ledger.ts'
import { canonicalHistory, readState } from './entry-state.ts'

/** One letter per day: s seen, n looked for and not seen. */
function draw(letters: string): readonly Sighting[] {
  return [...letters].map((letter, index) => ({
    at: `2026-01-${String(index + 1).padStart(2, '0')}T00:00:00.000000000Z`,
    source: 'diagnose',
    saw: letter === 's',
  }))
}

const table: readonly (readonly [history: string, state: string | undefined, sinceDay: number | undefined])[] = [
  ['', undefined, undefined],
  ['n', undefined, undefined],
  ['s', 'open', 1],
  ['sss', 'open', 1],
  ['sn', 'paid', 2],
  ['snn', 'paid', 2],
  ['sns', 'back', 3],
  ['snss', 'back', 3],
  ['snsn', 'paid', 4],
  ['snsns', 'back', 5],
  ['nns', 'open', 3],
]

for (const [history, state, day] of table) {
  test(`a history of ${history || 'nothing'} is ${state ?? 'no entry'}`, () => {
    const read = readState(canonicalHistory(draw(history)))
    assert.equal(read?.state, state)
    assert.equal(read === undefined ? undefined : Number(read.since.slice(8, 10)), day)
  })
}

test('order and repetition of sightings do not matter', () => {
  const history = draw('ssnsnns')
  const mixed = [...history].reverse().concat(history)
  assert.deepEqual(canonicalHistory(mixed), canonicalHistory(history))
})

test('of one moment and source the sighting that saw it counts', () => {
  const [seen] = draw('s')
  assert.ok(seen !== undefined)
  assert.deepEqual(canonicalHistory([seen, { ...seen, saw: false }]), [seen])
})

test('a history beyond the bound keeps the first, the changes and the newest', () => {
  const history = Array.from({ length: 200 }, (_, index) => ({
    at: new Date(Date.UTC(2026, 0, 1) + index * 86_400_000).toISOString().replace('Z', '000000Z'),
    source: 'trust',
    saw: index !== 50,
  }))
  const kept = canonicalHistory(history)
  assert.equal(kept.length, MAX_SIGHTINGS)
  assert.equal(kept[0]?.at, history[0]?.at)
  assert.equal(kept.at(-1)?.at, history.at(-1)?.at)
  assert.ok(kept.some(({ saw }) => !saw))
  assert.equal(readState(kept)?.since, history[51]?.at)
  assert.deepEqual(canonicalHistory([...kept, ...history.slice(1, 5)]), kept)
})
