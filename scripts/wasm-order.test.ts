/**
 * wasm/trace-order/run.ts is a shortcut: what it does with an event must be what order.ts would have done. Here the
 * module is compiled a second time with the shortcut closed, and both read drawn, recorded and damaged traces.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import * as shortcut from '../src/decode/gotrace/gotrace.ts'
import { drawOrder } from '../src/decode/testing/draw-order.ts'
import { buildWasm, type WasmModule, wasmModules } from './wasm.ts'

const root = join(import.meta.dirname, '..')
const recorded = new Uint8Array(readFileSync(join(root, 'testdata/captures/shop/trace.bin')))
const folder = mkdtempSync(join(tmpdir(), 'sightline-order-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const byAllRules = await openByAllRules()

async function openByAllRules(): Promise<typeof shortcut> {
  const order = wasmModules.find(({ entry }) => entry.includes('trace-order')) as WasmModule
  let edits = 0
  const text = await buildWasm(order, (name, source) => {
    if (!name.endsWith('trace-order/run.ts')) return source
    return source.replace('switch (kind) {', () => {
      edits += 1
      return 'switch (kind | 256) {'
    })
  })
  assert.equal(edits, 1)
  for (const room of ['base', 'model', 'decode']) {
    cpSync(join(root, 'src', room), join(folder, 'src', room), { recursive: true })
  }
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  writeFileSync(join(folder, 'src/decode/gotrace/order-module.ts'), text)
  return import(pathToFileURL(join(folder, 'src/decode/gotrace/gotrace.ts')).href)
}

type Reading = { readonly rows: number; readonly digest: string; readonly issues: string; readonly isRead: boolean }

function readBy({ readTraceSync }: typeof shortcut, bytes: Uint8Array, strict: boolean): Reading {
  const hash = createHash('sha1')
  let rows = 0
  const read = readTraceSync(
    bytes,
    {
      onGeneration: ({ generation, isRestart, startNs }) => hash.update(`${generation} ${isRestart} ${startNs}`),
      onChunk(chunk) {
        const { rowCount } = chunk
        rows += rowCount
        const { kinds, timesNs, threads, processorsPlusOne, goroutines, generations, slots, targets } = chunk
        const columns = [kinds, timesNs, threads, processorsPlusOne, goroutines, generations, slots, targets]
        for (const column of [...columns, chunk.arg0, chunk.arg1, chunk.arg2, chunk.arg3]) {
          if (column !== undefined) hash.update(new Uint8Array(column.slice(0, rowCount).buffer))
        }
      },
    },
    { strict },
  )
  const issues = JSON.stringify(read.ok ? read.value.issues : read.error)
  if (read.ok) hash.update(JSON.stringify({ ...read.value.value, clock: read.value.value.clock.kind }))
  return { rows, digest: hash.digest('hex'), issues, isRead: read.ok && rows > 0 }
}

function holdEqual(bytes: Uint8Array, what: string): Reading {
  for (const strict of [true, false]) {
    assert.deepEqual(readBy(shortcut, bytes, strict), readBy(byAllRules, bytes, strict), `${what}, strict: ${strict}`)
  }
  return readBy(shortcut, bytes, false)
}

test('events read by the shortcut are those that all the rules give, whatever the numbers, clocks and names', () => {
  let rows = 0
  for (let seed = 1; seed <= 40; seed++) {
    const bytes = drawOrder({ seed, events: seed === 1 ? 20_000 : 400, generations: 3, wrong: 0 })
    rows += holdEqual(bytes, `seed ${seed}`).rows
  }
  assert.ok(rows > 40_000, String(rows))
})

test('events that break the rules are refused by both at the same row, in the same words', () => {
  const words = new Set<string>()
  for (let seed = 1; seed <= 60; seed++) {
    const { issues } = holdEqual(drawOrder({ seed, events: 300, generations: 3, wrong: 12 }), `seed ${seed}`)
    for (const [word] of issues.matchAll(/has not the|contradicts|ends after|waits for/g)) words.add(word)
  }
  assert.deepEqual([...words].sort(), ['contradicts', 'ends after', 'has not the', 'waits for'])
})

test('a trace damaged or cut anywhere gives the same rows by both', () => {
  let state = 7
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * below)
  }
  let read = 0
  for (let round = 0; round < 120; round++) {
    const bytes = recorded.slice(0, round % 3 === 0 ? 16 + random(recorded.length - 16) : recorded.length)
    for (let flips = random(4); flips > 0; flips--) bytes[16 + random(bytes.length - 16)] = random(256)
    if (holdEqual(bytes, `round ${round}`).isRead) read += 1
  }
  assert.ok(read > 50, String(read))
})
