/** Joining spans counts the states of goroutines on its own; here it is held against the account, goroutine by goroutine. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RUNNABLE, RUNNING, StayTracker, SYSCALL, WAITING } from '../../src/analyze/span-join/stay-tracker.ts'
import { StackFunctions } from '../../src/analyze/trace/stack-functions.ts'
import { openTraceAccount } from '../../src/analyze/trace/trace-account.ts'
import { readTraceSync } from '../../src/decode/gotrace/gotrace.ts'
import type { GoroutineAccount } from '../../src/model/trace-account.ts'

const testdata = join(import.meta.dirname, '..', '..', 'testdata')
const traces = ['captures/shop/trace.bin', 'gotrace/spans/go1.26/trace.bin', 'gotrace/v1/mix/go1.21/trace.bin']
const key = ({ id, startNs }: { readonly id: number; readonly startNs: number }) => `${id} from ${startNs}`

for (const path of traces) {
  test(`both count every goroutine alike: ${path}`, () => {
    const functions = new StackFunctions()
    const own = new Map<string, readonly number[]>()
    const note = (slot: number) => {
      const id = tracker.ids[slot] as number
      const startNs = tracker.births[slot] as number
      const times = [RUNNING, RUNNABLE, WAITING, SYSCALL].map((state) => tracker.readSum(slot, state))
      own.set(key({ id, startNs }), times)
    }
    const tracker: StayTracker = new StayTracker(functions, { onEnd: note })
    const told = new Map<string, readonly number[]>()
    const account = openTraceAccount({
      onGoroutine: (one: GoroutineAccount) => {
        told.set(key(one), [one.runningNs, one.runnableNs, one.waitingNs, one.syscallNs])
      },
    })
    const read = readTraceSync(new Uint8Array(readFileSync(join(testdata, path))), {
      onGeneration: (generation) => account.addGeneration(generation),
      onChunk: (chunk, tables) => {
        functions.use(tables)
        for (let row = 0; row < chunk.rowCount; row++) tracker.step(chunk, row)
        account.addChunk(chunk, tables)
      },
    })
    assert.ok(read.ok)
    account.finish(read.value.value)
    tracker.nowNs = read.value.value.durationNs
    tracker.table.forEach(note)
    assert.ok(told.size > 10)
    assert.deepEqual(new Map([...own].sort()), new Map([...told].sort()))
  })
}
