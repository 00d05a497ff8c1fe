import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTraceEvents, decodeTraceEventsSync, type TraceEvents } from './decode-events.ts'
import { readTraceSync } from './gotrace.ts'

const recorded = new Uint8Array(readFileSync(join(import.meta.dirname, '../../../testdata/captures/shop/trace.bin')))

type Row = readonly number[]

function rowsOf(events: TraceEvents): Row[] {
  const { kinds, timesNs, thread, generation, arg0, arg1, arg2, arg3 } = events
  return Array.from({ length: events.rowCount }, (_, row) =>
    [generation, thread, kinds[row], timesNs[row], arg0[row], arg1[row], arg2[row], arg3[row]].map(Number),
  )
}

test('each thread has the events that the ordered reader gives it, in that order, at those times', () => {
  const ordered = new Map<number, string[]>()
  const read = readTraceSync(recorded, {
    onChunk({ rowCount, kinds, timesNs, threads, arg0 }) {
      for (let row = 0; row < rowCount; row++) {
        const kind = kinds[row] as number
        // Statuses of goroutines in system calls stand with their own thread in the ordered rows.
        if (kind === 25 || kind === 48) continue
        const first = [16, 21, 14].includes(kind) ? arg0[row] : ''
        const lines = ordered.get(threads[row] as number) ?? []
        lines.push(`${kind} ${timesNs[row]} ${first}`)
        ordered.set(threads[row] as number, lines)
      }
    },
  })
  assert.ok(read.ok)
  const decoded = new Map<number, string[]>()
  let originNs = Number.POSITIVE_INFINITY
  const decode = (take: (row: Row) => void) =>
    decodeTraceEventsSync(recorded, (events) => {
      for (const row of rowsOf(events)) take(row)
    })
  const summary = decode((row) => {
    originNs = Math.min(originNs, row[3] as number)
  })
  decode(([, thread, kind, timeNs, arg0]) => {
    if (kind === 25 || kind === 48) return
    const lines = decoded.get(thread as number) ?? []
    lines.push(`${kind} ${(timeNs as number) - originNs} ${[16, 21, 14].includes(kind as number) ? arg0 : ''}`)
    decoded.set(thread as number, lines)
  })
  assert.ok(summary.ok)
  assert.equal(summary.value.value.events, read.value.value.events)
  assert.equal(summary.value.value.lastNs - summary.value.value.firstNs, read.value.value.durationNs)
  assert.deepEqual(decoded, ordered)
})

test('ids of strings and stacks lead to the tables of their generation', () => {
  const reasons = new Set<string>()
  let stacks = 0
  decodeTraceEventsSync(recorded, (events, { tables, stringOf, stackOf }) => {
    for (let row = 0; row < events.rowCount; row++) {
      if (events.kinds[row] !== 20) continue
      reasons.add(tables.strings[stringOf(events.arg0[row] as number) ?? -1] ?? 'missing')
      const stack = stackOf(events.arg1[row] as number)
      if (stack !== undefined && stack > 0) stacks += 1
    }
    assert.equal(stringOf(1e9), undefined)
    assert.equal(stackOf(2 ** 60), undefined)
  })
  assert.ok(reasons.has('chan receive') && !reasons.has('missing'), [...reasons].join())
  assert.ok(stacks > 0)
})

test('pieces of any size give the same events as the bytes at once', async () => {
  const whole: Row[] = []
  const read = decodeTraceEventsSync(recorded, (events) => whole.push(...rowsOf(events)))
  for (const size of [1, 13, 5000]) {
    const rows: Row[] = []
    async function* cut(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < recorded.length; at += size) yield recorded.subarray(at, at + size)
    }
    assert.deepEqual(await decodeTraceEvents(cut(), (events) => rows.push(...rowsOf(events))), read)
    assert.deepEqual(rows, whole)
  }
})

test('numbers of ten bytes are read whole, and an event that its batch cuts is told', () => {
  const most = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
  const clock = [50, 8, 128, 148, 235, 220, 3]
  const batch = (payload: readonly number[]): number[] => [1, 1, 5, 10, payload.length, ...payload]
  const head = [...new TextEncoder().encode('go 1.26 trace\0\0\0')]
  const bytes = Uint8Array.from([...head, ...batch(clock), ...batch([48, 3, 7, ...most, 4, ...most, 16, 1, 200]), 52])
  const rows: Row[] = []
  const read = decodeTraceEventsSync(bytes, (events) => rows.push(...rowsOf(events)))
  assert.deepEqual(rows, [[1, 5, 48, 13, 7, 2 ** 64, 4, 2 ** 64]])
  assert.ok(read.ok && !read.value.value.complete)
  assert.match(read.value.issues.map(({ message }) => message).join(), /ends after its batch/)
})

test('mutated and cut traces neither throw nor hang', () => {
  let state = 77
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * below)
  }
  let events = 0
  for (let round = 0; round < 200; round++) {
    const bytes = recorded.slice(0, round % 3 === 0 ? random(recorded.length) : recorded.length)
    for (let flips = random(20); flips >= 0 && bytes.length > 16; flips--)
      bytes[16 + random(bytes.length - 16)] = random(256)
    const read = decodeTraceEventsSync(bytes, ({ rowCount }) => {
      events += rowCount
    })
    if (!read.ok) assert.match(read.error.code, /^SL_DECODE_/)
  }
  assert.ok(events > 10_000)
})
