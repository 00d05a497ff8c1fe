import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import { buildForest } from '../trust/forest.ts'
import { type Clocks, estimateClocks } from './skew-clocks.ts'

const MS = 1e6

/** Calls between hosts: the server's clock is `ahead` ms of the client's; the ways take between 0.5 and 2 ms. */
function draw(
  edges: readonly (readonly [from: string, to: string, ahead: number])[],
  place = 'host',
): Clocks & { at(name: string): number } {
  const lines = edges.flatMap(([from, to, ahead], edge) =>
    Array.from({ length: 40 }, (_, index) => {
      const there = 0.5 + ((index * 7) % 16) / 10
      const back = 0.5 + ((index * 11) % 16) / 10
      const begin = 1_000 + index * 10
      const own = begin + there + ahead
      return [
        `t${edge}x${index}/p  -  a${from}  client  ${begin}..${begin + there + 4 + back}  GET  ${place}=${from}`,
        `t${edge}x${index}/c  p  b${to}  server  ${own}..${own + 4}  GET  ${place}=${to}`,
      ].join('\n')
    }),
  )
  const forest = buildForest(drawSpans(lines.join('\n')))
  const clocks = estimateClocks(forest)
  const at = (name: string): number => {
    const resource = forest.spans.resources.findIndex((one) => one[place === 'host' ? 'host' : 'instance'] === name)
    return clocks.aheadNs[clocks.clockOf[resource] as number] as number
  }
  return { ...clocks, at }
}

test('hosts that never call one another are compared through a third', () => {
  const clocks = draw([
    ['a', 'b', 3],
    ['b', 'c', -8],
  ])
  assert.equal(new Set(clocks.part).size, 1)
  assert.ok(Math.abs(clocks.at('c') - clocks.at('a') + 5 * MS) < 0.2 * MS, `${clocks.at('c') - clocks.at('a')}`)
})

test('hosts without any call between them stay apart', () => {
  const clocks = draw([
    ['a', 'b', 3],
    ['c', 'd', 4],
  ])
  assert.equal(new Set(clocks.part).size, 2)
})

test('round a circle the errors are shared, and both directions of a call agree', () => {
  const clocks = draw([
    ['a', 'b', 2],
    ['b', 'c', 2],
    ['c', 'a', -4],
    ['c', 'b', -2],
  ])
  assert.ok(Math.abs(clocks.at('b') - clocks.at('a') - 2 * MS) < 0.2 * MS)
  assert.ok(Math.abs(clocks.at('c') - clocks.at('a') - 4 * MS) < 0.2 * MS)
})

test('the middle clock of a part is the common time, and one host has no offset', () => {
  const clocks = draw([
    ['a', 'b', 60_000],
    ['a', 'c', 0],
  ])
  assert.ok(Math.abs(clocks.at('a')) < 0.2 * MS && Math.abs(clocks.at('b') - 60_000 * MS) < 0.2 * MS)
  assert.equal(draw([['a', 'a', 0]]).at('a'), 0)
})

test('where the host is not known an instance has its own clock', () => {
  const clocks = draw([['a', 'b', 7]], 'instance')
  assert.ok(Math.abs(clocks.at('b') - clocks.at('a') - 7 * MS) < 0.2 * MS)
})
