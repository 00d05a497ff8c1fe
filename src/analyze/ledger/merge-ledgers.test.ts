import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyLedger, type Ledger } from '../../model/trust/ledger.ts'
import { addRun } from './add-run.ts'
import { parseLedger, printLedger } from './ledger-text.ts'
import { mergeLedgers } from './merge-ledgers.ts'
import { readReport } from './report-run.ts'
import type { Run } from './run.ts'
import { liftWaiver, putWaiver } from './waive.ts'

type Drawn = {
  readonly service: string
  readonly day: number
  readonly rules: readonly string[]
  readonly traces: number
}

function makeRun({ service, rules, traces }: Drawn): Run {
  const findings = rules.map((rule) => ({
    rule,
    title: `${rule} of ${service}`,
    severity: 'high',
    confidence: 'certain',
    subject: { service },
    evidence: [{ lens: 'goroutine', source: 'x' }],
    blindTo: [],
    cost: { affectedTracesPerDay: traces },
    fix: { summary: 'mend it' },
    fingerprint: `${rule}-${service}`,
  }))
  const lenses = [{ lens: 'goroutine', state: 'on' }]
  const data = { target: { service }, lenses, goroutines: { count: 1 }, verdict: { grade: 'clear' } }
  const coverage = { asked: 1, answered: 1, missing: [] }
  const value = { schema: 'sightline.diagnose/v1', ok: true, data, findings, issues: [], coverage, error: null }
  const run = readReport(value, { name: 'drawn' })
  assert.ok(run.ok)
  return run.value
}

const timeOf = (day: number) => `2026-02-${String(day).padStart(2, '0')}T00:00:00.000000000Z`

function addAll(ledger: Ledger, drawn: readonly Drawn[]): Ledger {
  return drawn.reduce((sum, one) => addRun(sum, makeRun(one), { at: timeOf(one.day) }).ledger, ledger)
}

const drawn = (services: readonly string[]) =>
  fc.record({
    service: fc.constantFrom(...services),
    day: fc.integer({ min: 1, max: 28 }),
    rules: fc.uniqueArray(fc.constantFrom('leak', 'lock', 'pool'), { maxLength: 3 }),
    traces: fc.integer({ min: 0, max: 1000 }),
  })

const change = fc.record({
  fingerprint: fc.constantFrom('leak-cart', 'lock-cart', 'pool-pay'),
  lift: fc.boolean(),
  day: fc.integer({ min: 1, max: 28 }),
  who: fc.constantFrom('ann', 'bob'),
})

const ledgers = fc
  .tuple(fc.array(drawn(['cart', 'pay']), { maxLength: 8 }), fc.array(change, { maxLength: 4 }))
  .map(([runs, changes]) =>
    changes.reduce(
      (sum, { fingerprint, lift, day, who }) =>
        lift
          ? liftWaiver(sum, fingerprint, timeOf(day))
          : putWaiver(sum, fingerprint, { at: timeOf(day), who, why: 'for now', until: '2026-12-31' }),
      addAll(emptyLedger, runs),
    ),
  )

test('merging two ledgers is commutative and idempotent', () => {
  fc.assert(
    fc.property(ledgers, ledgers, (left, right) => {
      const merged = mergeLedgers(left, right)
      assert.deepEqual(mergeLedgers(right, left), merged)
      assert.deepEqual(mergeLedgers(merged, left), merged)
      assert.deepEqual(mergeLedgers(merged, merged), merged)
    }),
  )
})

test('adding the same report twice changes nothing', () => {
  fc.assert(
    fc.property(ledgers, drawn(['cart', 'pay']), (ledger, one) => {
      const once = addAll(ledger, [one])
      assert.equal(printLedger(addAll(once, [one])), printLedger(once))
    }),
  )
})

test('the order in which reports of different services are added does not matter', () => {
  fc.assert(
    fc.property(
      fc.array(drawn(['cart']), { maxLength: 6 }),
      fc.array(drawn(['pay']), { maxLength: 6 }),
      (cart, pay) => {
        const one = addAll(addAll(emptyLedger, cart), pay)
        assert.equal(printLedger(addAll(addAll(emptyLedger, pay), cart)), printLedger(one))
      },
    ),
  )
})

test('what is printed reads back as it was', () => {
  fc.assert(
    fc.property(ledgers, (ledger) => {
      const read = parseLedger(printLedger(ledger), { name: 'x' })
      assert.ok(read.ok)
      assert.equal(printLedger(read.value), printLedger(ledger))
    }),
  )
})

test('a ledger cut at any byte, or with a byte changed, is a code or a ledger, never a throw', () => {
  const text = printLedger(addAll(emptyLedger, [{ service: 'cart', day: 1, rules: ['leak', 'lock'], traces: 5 }]))
  for (let end = 0; end < text.length - 1; end += 1) {
    const read = parseLedger(text.slice(0, end), { name: 'x' })
    assert.equal(read.ok, false, `cut at ${end}`)
  }
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 3 }), (at, piece) => {
      const read = parseLedger(text.slice(0, at) + piece + text.slice(at + 1), { name: 'x' })
      if (!read.ok) assert.match(read.error.code, /^SL_OPS_LEDGER_/)
    }),
  )
})

test('a ledger of a later version is refused, a pretty-printed one is read', () => {
  const text = printLedger(addAll(emptyLedger, [{ service: 'cart', day: 1, rules: ['leak'], traces: 5 }]))
  const newer = parseLedger(text.replace('file/v1', 'file/v2'), { name: 'x' })
  assert.ok(!newer.ok && newer.error.code === 'SL_OPS_LEDGER_NEWER')
  const pretty = parseLedger(JSON.stringify(JSON.parse(text), undefined, 2), { name: 'x' })
  assert.ok(pretty.ok)
  assert.equal(printLedger(pretty.value), text)
})
