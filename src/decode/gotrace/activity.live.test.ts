import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { requireGo } from '../../../scripts/setup/go.ts'
import { readTraceActivity } from './activity.ts'

const file = join(import.meta.dirname, '../../../testdata/captures/shop/trace.bin')

test('starts and unblocks per goroutine equal what go tool trace -d=wire prints', async (context) => {
  const go = await requireGo(context, '1.27')
  if (go === undefined) return
  const args = ['tool', 'trace', '-d=wire', file]
  const wire = execFileSync(go.goBin, args, { env: go.env, encoding: 'utf8', maxBuffer: 1 << 28 })
  const expected = new Map<number, number>()
  const running = new Map<string, number>()
  let thread = ''
  for (const line of wire.split('\n')) {
    thread = /^EventBatch .* m=(\d+)/.exec(line)?.[1] ?? thread
    const status = /^GoStatus(?:Stack)? .* g=(\d+) m=(\d+) gstatus=[23]/.exec(line)
    if (status !== null) running.set(status[2] as string, Number(status[1]))
    const move =
      /^Go(Start|Unblock|Switch|SwitchDestroy|Create|CreateBlocked|CreateSyscall) .*?\b(?:new_)?g=(\d+)/.exec(line)
    const goroutine =
      move !== null ? Number(move[2]) : line.startsWith('GoSyscallBegin ') ? running.get(thread) : undefined
    if (goroutine !== undefined) expected.set(goroutine, (expected.get(goroutine) ?? 0) + 1)
    if (move?.[1] === 'Start' || move?.[1]?.startsWith('Switch')) running.set(thread, Number(move[2]))
  }
  assert.ok(expected.size > 10)
  const read = readTraceActivity(readFileSync(file), Float64Array.from(expected.keys()))
  assert.ok(read.ok)
  const actual = new Map([...read.value.value.goroutineIds].map((id, row) => [id, read.value.value.moves[row]]))
  assert.deepEqual(actual, expected)
})
