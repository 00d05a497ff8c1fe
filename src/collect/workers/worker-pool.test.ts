import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestJobs } from '../testing/worker-jobs.ts'
import { openWorkerPool } from './worker-pool.ts'

const entry = new URL('../testing/worker-jobs.ts', import.meta.url)

async function withPool(
  size: number,
  use: (pool: ReturnType<typeof openWorkerPool<TestJobs>>) => Promise<void>,
): Promise<void> {
  const pool = openWorkerPool<TestJobs>({ entry, size, graceMs: 200 })
  try {
    await use(pool)
  } finally {
    await pool.close()
  }
}

test('results come in the order of the inputs, from no more threads than asked for', () =>
  withPool(2, async (pool) => {
    const results = await pool.run('square', [1, 2, 3, 4, 5, 6, 7])
    const values = results.map((one) => (one.ok ? one.value : assert.fail(one.error.message)))
    assert.deepEqual(
      values.map(({ square }) => square),
      [1, 4, 9, 16, 25, 36, 49],
    )
    assert.equal(new Set(values.map(({ thread }) => thread)).size, 2)
  }))

test('buffers are handed over, not copied, both ways', () =>
  withPool(1, async (pool) => {
    const input = new Float64Array(1000)
    const [result] = await pool.run('fill', [input], { transfer: (one) => [one.buffer as ArrayBuffer] })
    assert.equal(input.length, 0)
    assert.ok(result?.ok)
    assert.equal(result.value.length, 1000)
    assert.equal(result.value[999], 7)
  }))

test('what a job tells comes with the index of its input, before its result', () =>
  withPool(2, async (pool) => {
    const heard: number[][] = [[], []]
    const results = await pool.run('count', [3, 2], { onNews: (index, news) => heard[index]?.push(news) })
    assert.ok(results.every((one) => one.ok && one.value === 'counted'))
    assert.deepEqual(heard, [
      [1, 2, 3],
      [1, 2],
    ])
  }))

test('a fault of a job is a value of its input', () =>
  withPool(1, async (pool) => {
    const [result] = await pool.run('refuse', ['a.trace'])
    assert.ok(result?.ok === false)
    assert.equal(result.error.code, 'SL_DECODE_EMPTY')
    assert.equal(result.error.target, 'a.trace')
  }))

for (const [what, run] of [
  ['throws', (pool) => pool.run('throw', ['what it said', 'again'])],
  ['ends its process', (pool) => pool.run('die', [3, 4])],
  ['gives what cannot be cloned', (pool) => pool.run('clumsy', [1, 2])],
] as readonly [string, (pool: ReturnType<typeof openWorkerPool<TestJobs>>) => Promise<{ readonly ok: boolean }[]>][]) {
  test(`a job that ${what} is SL_COLLECT_WORKER_LOST, and the pool goes on`, () =>
    withPool(1, async (pool) => {
      const results = await run(pool)
      assert.equal(results.length, 2)
      for (const one of results) {
        assert.ok(!one.ok && 'error' in one)
        assert.equal((one.error as { code: string }).code, 'SL_COLLECT_WORKER_LOST')
      }
      const [after] = await pool.run('square', [12])
      assert.ok(after?.ok && after.value.square === 144)
    }))
}

test('what a job said when it threw is in the message', () =>
  withPool(1, async (pool) => {
    const [result] = await pool.run('throw', ['what it said'])
    assert.ok(result?.ok === false)
    assert.match(result.error.message, /what it said$/)
  }))

test('an input that cannot be cloned is a fault of its own, and costs no thread', () =>
  withPool(1, async (pool) => {
    const [result] = await pool.run('square', [(() => 1) as never])
    assert.ok(result?.ok === false)
    assert.equal(result.error.code, 'SL_COLLECT_WORKER_LOST')
    const [after] = await pool.run('square', [3])
    assert.ok(after?.ok && after.value.square === 9)
  }))

test('an entry file that is not there is a fault, not a hang', async () => {
  const pool = openWorkerPool<TestJobs>({ entry: new URL('./not-there.ts', import.meta.url), size: 2 })
  const results = await pool.run('square', [1, 2, 3])
  await pool.close()
  assert.deepEqual(
    results.map((one) => (one.ok ? 'ok' : one.error.code)),
    ['SL_COLLECT_WORKER_LOST', 'SL_COLLECT_WORKER_LOST', 'SL_COLLECT_WORKER_LOST'],
  )
})

test('an aborted job that heeds its signal gives what it has; inputs that wait are not begun', () =>
  withPool(1, async (pool) => {
    const controller = new AbortController()
    const results = await pool.run('patient', [1, 2], {
      signal: controller.signal,
      onNews: () => controller.abort(),
    })
    assert.ok(results[0]?.ok && results[0].value === 'heeded')
    assert.ok(results[1]?.ok === false)
    assert.equal(results[1].error.code, 'SL_COLLECT_INTERRUPTED')
  }))

test('an aborted job that spins is ended after a grace, and the pool goes on', () =>
  withPool(1, async (pool) => {
    const controller = new AbortController()
    const [result] = await pool.run('spin', [1], { signal: controller.signal, onNews: () => controller.abort() })
    assert.ok(result?.ok === false)
    assert.equal(result.error.code, 'SL_COLLECT_INTERRUPTED')
    const [after] = await pool.run('square', [5])
    assert.ok(after?.ok && after.value.square === 25)
  }))

test('what is aborted before it begins never starts a thread', () =>
  withPool(1, async (pool) => {
    const [result] = await pool.run('spin', [1], { signal: AbortSignal.abort() })
    assert.ok(result?.ok === false)
    assert.equal(result.error.code, 'SL_COLLECT_INTERRUPTED')
  }))

test('closing ends what runs', async () => {
  const pool = openWorkerPool<TestJobs>({ entry, size: 1 })
  const run = pool.run('spin', [1, 2], { onNews: () => void pool.close() })
  const results = await run
  assert.deepEqual(
    results.map((one) => (one.ok ? 'ok' : one.error.code)),
    ['SL_COLLECT_WORKER_LOST', 'SL_COLLECT_WORKER_LOST'],
  )
  const [after] = await pool.run('square', [5])
  assert.ok(after?.ok === false)
})
