import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TrustBreak, TrustData } from '../../../src/model/trust/trust-data.ts'
import { missOf, missOfAlone, readSaid } from './verdict.ts'

const edge = { from: 'cart', to: 'pricing' }

function dataOf(change: Partial<TrustBreak>): TrustData {
  const one: TrustBreak = {
    class: 'sampling-disagreement',
    alternatives: [],
    state: 'exonerated',
    exoneratedBy: 'sampled',
    edge,
    operation: 'HTTP GET',
    count: 200,
    traces: 400,
    rate: 0.5,
    interval: [0.45, 0.55],
    confidence: 'probable',
    decidedBy: [],
    why: '',
    examples: [],
    ...change,
  }
  return { services: [{ service: 'cart', breaks: [one] }] } as unknown as TrustData
}

const sampled = {
  breakClass: 'sampling-disagreement',
  spans: 'named, exonerated',
  isFlag: true,
  brokenIn: ['cart'],
  source: true,
  at: 'cart > pricing',
} as const

function missed(data: TrustData): string | undefined {
  return missOf(sampled, readSaid(data, sampled))
}

test('a loss by sampling is as it must be when it is named and exonerated', () => {
  assert.equal(missed(dataOf({})), undefined)
})

test('a loss by sampling that is told as debt, or exonerated without its name, is a miss', () => {
  assert.match(missed(dataOf({ state: 'lost' })) ?? '', /named, and it must be named, exonerated/)
  assert.match(missed(dataOf({ class: 'external-caller' })) ?? '', /exonerated, and it must be named, exonerated/)
})

test('headers must leave the class alone at every break of their edge', () => {
  const row = { breakClass: 'no-propagator', at: 'cart > pricing' } as const
  const broken = { class: 'no-propagator', state: 'lost' } as const
  assert.equal(missOfAlone(row, dataOf(broken)), undefined)
  assert.match(
    missOfAlone(row, dataOf({ ...broken, alternatives: ['baggage-only'] })) ?? '',
    /no-propagator \| baggage-only/,
  )
  assert.match(
    missOfAlone(row, dataOf({ ...broken, edge: { from: 'gateway', to: 'cart' } })) ?? '',
    /must leave it alone/,
  )
})
