/** Traces of real load over several generations, recorded anew: two threads say what one says. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildTracegen } from '../../../bench/trace/build.ts'
import { requireGo } from '../../../scripts/setup/go.ts'
import { runTool } from '../../../scripts/setup/run-tool.ts'
import { openInflater } from '../../collect/inflate.ts'
import { openTraceOpener } from '../../collect/trace-stream.ts'
import { openWorkerPool } from '../../collect/workers/worker-pool.ts'
import { readTimeline } from '../timeline.ts'
import type { TraceJobs } from './read-aside.ts'

const loads: Readonly<Record<string, readonly string[]>> = {
  busy: ['-mode', 'busy', '-clients', '8', '-for', '2500ms', '-size', '30'],
  'busy on 16 processors': ['-mode', 'busy', '-procs', '16', '-for', '1200ms', '-size', '8'],
  gc: ['-mode', 'gc', '-for', '2200ms'],
  parked: ['-mode', 'parked', '-goroutines', '20000', '-for', '2500ms'],
  coroutines: ['-mode', 'coroutines', '-for', '1200ms', '-size', '8'],
  'flight recorder': ['-mode', 'busy', '-clients', '2', '-flight', '-for', '2s'],
}

test('timelines of recorded loads are the same on one thread and on two', async (context) => {
  const go = await requireGo(context, '1.27')
  if (go === undefined) return
  const scratch = mkdtempSync(join(tmpdir(), 'sightline-threads-live-'))
  context.after(() => rmSync(scratch, { recursive: true, force: true }))
  const tracegen = await buildTracegen(go, scratch)
  assert.ok(tracegen.ok, tracegen.ok ? '' : tracegen.error)
  const entry = new URL('../../worker.ts', import.meta.url)
  const threads = { cores: 2, openPool: (size: number) => openWorkerPool<TraceJobs>({ entry, size }) }
  for (const [name, args] of Object.entries(loads)) {
    const path = join(scratch, 'trace')
    const made = await runTool(tracegen.value, [...args, '-out', path], { timeoutMs: 60_000, env: go.env })
    assert.equal(made.failure, undefined, name)
    const [one, two] = await Promise.all(
      [1, 2].map(async (workers) => {
        const stream = await openTraceOpener({ inflater: openInflater() }).openTrace(path)
        assert.ok(stream.ok)
        return readTimeline(stream.value, { threads, workers })
      }),
    )
    assert.ok(one?.ok, name)
    assert.ok(one.value.data.trace.events > 10_000, name)
    assert.deepEqual(one.value.issues, [], name)
    assert.deepEqual(two, one, name)
  }
})
