import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { TestJobs } from '../testing/worker-jobs.ts'
import { startThread, startThreadEarly, takeEarlyThread } from './early-thread.ts'
import { openWorkerPool } from './worker-pool.ts'

const entry = new URL('../testing/worker-jobs.ts', import.meta.url)
const scratch = mkdtempSync(join(tmpdir(), 'sightline-early-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

function writeFile(name: string, bytes: number): string {
  const path = join(scratch, name)
  writeFileSync(path, '')
  truncateSync(path, bytes)
  return path
}
const large = writeFile('large', 24 * 1024 * 1024)
const small = writeFile('small', 24 * 1024 * 1024 - 1)
const hasOneCore = availableParallelism() < 2

test('the thread that was started early is the one that the first pool runs', { skip: hasOneCore }, async () => {
  startThreadEarly(entry, ['timeline', large, '--json'])
  const next = startThread(entry)
  const pool = openWorkerPool<TestJobs>({ entry, size: 1 })
  try {
    const [result] = await pool.run('square', [3])
    assert.ok(result?.ok)
    assert.equal(result.value.thread, next.threadId - 1)
    assert.equal(takeEarlyThread(entry), undefined)
  } finally {
    await pool.close()
    await next.terminate()
  }
})

test('nothing is started early for what will run on one thread, or does not read a large trace', () => {
  for (const argv of [
    ['timeline', small],
    ['timeline', large, '--workers', '1'],
    ['timeline', large, '--workers=1'],
    ['diagnose', large],
    ['timeline', join(scratch, 'nothing')],
    ['timeline', scratch],
    [],
  ]) {
    startThreadEarly(entry, argv)
    assert.equal(takeEarlyThread(entry), undefined, argv.join(' '))
  }
})
