/** The plan is data: what is asked by default, what a count forbids, what comes last. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CapturePlan, type PlanOptions, planCapture } from './plan.ts'

function requestsOf(plan: CapturePlan, phase?: string): readonly string[] {
  return plan.phases.flatMap(({ name, steps }) =>
    phase === undefined || name === phase ? steps.map((step) => `${step.atMs}:${step.request}`) : [],
  )
}

test('the default is the window of the contract: dumps at 0, 1 and 3 s, profiles over the same 3 s, 1 s of trace after', () => {
  const plan = planCapture()
  assert.deepEqual(requestsOf(plan, 'window'), [
    '0:profile?seconds=3',
    '0:block?seconds=3',
    '0:mutex?seconds=3',
    '0:goroutine?debug=2',
    '1000:goroutine?debug=2',
    '3000:goroutine?debug=2',
  ])
  assert.deepEqual(requestsOf(plan, 'trace'), ['0:trace?seconds=1'])
  assert.equal(plan.expectedMs, 4000)
  assert.equal(plan.limits.maxTraceBytes, 64 * 1024 * 1024)
})

test('--quick is two dumps a second apart and no trace; --deep takes 30 s', () => {
  const quick = planCapture({ mode: 'quick' })
  assert.deepEqual(requestsOf(quick, 'window').slice(3), ['0:goroutine?debug=2', '1000:goroutine?debug=2'])
  assert.deepEqual(requestsOf(quick, 'trace'), [])
  assert.ok(quick.skipped.some(({ lens, why }) => lens === 'trace' && why.includes('--quick')))
  assert.equal(planCapture({ mode: 'deep' }).windowMs, 30_000)
})

test('the count is asked first and the leak profile last, whatever the options', () => {
  const all: readonly PlanOptions[] = [
    {},
    { mode: 'quick' },
    { mode: 'deep' },
    { windowSeconds: 10 },
    { without: ['goroutine'] },
  ]
  for (const options of all) {
    const requests = requestsOf(planCapture(options))
    assert.equal(requests[0], '0:goroutine?debug=0')
    assert.match(requests.at(-1) ?? '', /goroutineleak/)
  }
})

test('debug=1 of goroutines is never asked: it took 52 s at 100,000', () => {
  for (const goroutineCount of [10, 1_000_000]) {
    const requests = requestsOf(planCapture({ mode: 'deep' }, { goroutineCount }))
    assert.ok(requests.every((request) => !/goroutine\w*\?debug=1/.test(request)))
  }
})

test('above --max-goroutines profiles stand in for dumps, the marked dump goes too, and both are said', () => {
  const at = planCapture({ limits: { maxGoroutines: 100 } }, { goroutineCount: 100 })
  assert.equal(at.skipped.length, 0)
  const over = planCapture({ limits: { maxGoroutines: 100 } }, { goroutineCount: 101 })
  assert.ok(requestsOf(over).every((request) => !request.includes('debug=2')))
  assert.deepEqual(requestsOf(over, 'window').slice(3), ['1000:goroutine?debug=0', '3000:goroutine?debug=0'])
  assert.deepEqual(
    over.skipped.map(({ what }) => what),
    ['goroutine?debug=2', 'goroutineleak?debug=2'],
  )
  assert.match(over.skipped[0]?.why ?? '', /101 goroutines are above --max-goroutines 100/)
})

test('before the count is known the plan says when each dump is asked', () => {
  const dumps = planCapture().phases.flatMap(({ steps }) => steps.filter(({ kind }) => kind === 'goroutine-dump'))
  assert.ok(dumps.every(({ when }) => when?.includes('--max-goroutines')))
})

test('a lens that is left out is not asked for, and is said', () => {
  const plan = planCapture({ without: ['goroutineleak', 'trace', 'mutex'] })
  assert.ok(requestsOf(plan).every((request) => !/goroutineleak|trace|mutex/.test(request)))
  assert.deepEqual(
    plan.skipped.map(({ lens }) => lens),
    ['goroutineleak', 'trace', 'mutex'],
  )
  assert.equal(plan.traceMs, 0)
})

test('without goroutines they are still counted, since the count decides what is safe, and nothing of them is kept', () => {
  const steps = planCapture({ without: ['goroutine'] }).phases.flatMap((phase) => phase.steps)
  const own = steps.filter(({ lens }) => lens === 'goroutine')
  assert.deepEqual(
    own.map(({ request, file }) => [request, file]),
    [['goroutine?debug=0', undefined]],
  )
})

test('another window spreads the dumps over it, at least two, the last at its end', () => {
  for (const windowSeconds of [1, 2, 10, 60]) {
    const atMs = planCapture({ windowSeconds }).phases.flatMap(({ steps }) =>
      steps.filter(({ kind }) => kind === 'goroutine-dump').map((step) => step.atMs),
    )
    assert.ok(atMs.length >= 2)
    assert.equal(atMs[0], 0)
    assert.equal(atMs.at(-1), windowSeconds * 1000)
  }
})

test('every step says what it costs and why it is asked', () => {
  for (const { steps } of planCapture().phases) {
    for (const step of steps) assert.ok(step.cost.length > 0 && step.why.length > 10, step.request)
  }
})
