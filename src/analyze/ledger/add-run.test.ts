import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyLedger } from '../../model/trust/ledger.ts'
import { addRun } from './add-run.ts'
import { readState } from './entry-state.ts'
import type { Run, RunFinding, RunLook } from './run.ts'

const day = (number: number) => `2026-03-${String(number).padStart(2, '0')}T00:00:00.000000000Z`

const finding: RunFinding = {
  fingerprint: 'f1',
  rule: 'no-extract',
  title: 'a break',
  severity: 'high',
  confidence: 'certain',
  service: 'cart',
  where: { edge: { from: 'web', to: 'cart' }, operation: 'GET /cart' },
  measure: { rate: 0.05, interval: [0.04, 0.06], affectedTracesPerDay: 100 },
  needs: { lenses: ['spans'] },
}

function makeRun(source: string, looks: readonly RunLook[], findings: readonly RunFinding[] = []): Run {
  return { source, looks, findings, inconclusive: [] }
}

const seen = addRun(emptyLedger, makeRun('trust', [{ service: 'cart' }], [finding]), { at: day(1) }).ledger
const edges = (traces: number) => new Map([['web\ncart', traces]])
const full: RunLook = { service: 'cart', lenses: ['spans'], edges: edges(1000) }

const cases: readonly (readonly [what: string, run: Run, at: string, state: string])[] = [
  ['a run that could have seen it', makeRun('trust', [full]), day(2), 'paid'],
  ['a run of another command', makeRun('diagnose', [full]), day(2), 'open'],
  ['a run of another service', makeRun('trust', [{ ...full, service: 'pay' }]), day(2), 'open'],
  ['a run that looked at nothing', makeRun('trust', []), day(2), 'open'],
  ['a run without the lens of its evidence', makeRun('trust', [{ ...full, lenses: ['logs'] }]), day(2), 'open'],
  ['a run whose grade says nothing', makeRun('trust', [{ ...full, paysNothing: 'insufficient' }]), day(2), 'open'],
  ['a run without traffic on its edge', makeRun('trust', [{ ...full, edges: new Map() }]), day(2), 'open'],
  ['a run with too few traces for its rate', makeRun('trust', [{ ...full, edges: edges(40) }]), day(2), 'open'],
  [
    'a run with a break there that is pending',
    makeRun('trust', [{ ...full, unsettled: new Set(['web\ncart\nGET /cart']) }]),
    day(2),
    'open',
  ],
  ['a run from before it was seen', makeRun('trust', [full]), '2026-02-01T00:00:00.000000000Z', 'open'],
]

for (const [what, run, at, state] of cases) {
  test(`after ${what} it is ${state}`, () => {
    const { ledger } = addRun(seen, run, { at })
    assert.equal(readState(ledger.entries[0]?.history ?? [])?.state, state)
  })
}

test('what was paid and is seen again is back, and the run says so', () => {
  const paid = addRun(seen, makeRun('trust', [full]), { at: day(2) })
  assert.deepEqual(paid.paid, ['f1'])
  const back = addRun(paid.ledger, makeRun('trust', [full], [finding]), { at: day(3) })
  assert.deepEqual([back.back, back.appeared], [['f1'], []])
  assert.equal(readState(back.ledger.entries[0]?.history ?? [])?.state, 'back')
})

test('debt is affected traces a day times the weight of the severity', () => {
  assert.equal(seen.entries[0]?.history[0]?.debt, 500)
})

test('a typed audit’s finding is not paid by an audit without types', () => {
  const typed = { ...finding, where: {}, needs: { lenses: [], directory: '.', tier: 'b' as const } }
  const { ledger } = addRun(emptyLedger, makeRun('audit', [{ directory: '.', tier: 'b' }], [typed]), { at: day(1) })
  const stateAfter = (look: RunLook) =>
    readState(addRun(ledger, makeRun('audit', [look]), { at: day(2) }).ledger.entries[0]?.history ?? [])?.state
  assert.equal(stateAfter({ directory: '.', tier: 'a' }), 'open')
  assert.equal(stateAfter({ directory: 'other', tier: 'b' }), 'open')
  assert.equal(stateAfter({ directory: '.', tier: 'b' }), 'paid')
})
