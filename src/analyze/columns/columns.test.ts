import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SKETCH_ERROR_RATIO, SketchBook } from './duration-sketch.ts'
import { IdTable } from './id-table.ts'
import { KeyTable } from './key-table.ts'
import { TopList } from './top-list.ts'

test('an id table says what a map says, whatever is added and removed', () => {
  const id = fc.oneof(fc.nat(40), fc.integer({ min: 2 ** 40, max: 2 ** 40 + 20 }))
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), id), { maxLength: 400 }), (steps) => {
      const table = new IdTable(8)
      const map = new Map<number, number>()
      for (const [adds, key] of steps) {
        if (adds && !map.has(key)) map.set(key, table.add(key))
        else if (!adds && map.delete(key)) table.remove(key)
        assert.equal(table.size, map.size)
        for (const [known, slot] of map) assert.equal(table.find(known), slot)
        assert.equal(table.find(key), map.get(key) ?? -1)
      }
      assert.equal(new Set(map.values()).size, map.size)
      assert.ok(table.slotCount <= 62)
    }),
    { numRuns: 100 },
  )
})

test('a key table gives one row to equal triples, and none past its bound', () => {
  const table = new KeyTable(1000)
  const rows = new Set<number>()
  for (let a = 0; a < 10; a++) for (let b = -10; b < 90; b++) rows.add(table.intern(a, b, a * b))
  assert.equal(rows.size, 1000)
  assert.equal(table.intern(3, 7, 21), table.find(3, 7, 21))
  assert.equal(table.intern(99, 99, 99), -1)
  assert.equal(table.find(99, 99, 99), -1)
})

test('quantiles of a sketch are within its stated error of the true ones', () => {
  const values = fc.array(fc.integer({ min: 0, max: 2 ** 45 }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(values, (durations) => {
      const book = new SketchBook()
      const [left, right] = [book.open(), book.open()]
      durations.forEach((ns, at) => {
        book.add(at % 2 === 0 ? left : right, ns)
      })
      const sorted = [...durations].sort((a, b) => a - b)
      const found = book.readQuantiles([left, right], [0.5, 0.95, 0.99]) as number[]
      for (const [at, quantile] of [0.5, 0.95, 0.99].entries()) {
        const exact = sorted[Math.ceil(quantile * sorted.length) - 1] as number
        assert.ok(Math.abs((found[at] as number) - exact) <= exact * SKETCH_ERROR_RATIO + 1, `${found[at]} ${exact}`)
      }
    }),
  )
})

test('a top list keeps the largest, largest first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000)), (keys) => {
      const list = new TopList<number>(10)
      for (const key of keys) list.add(key, key)
      assert.deepEqual(list.list(), [...keys].sort((a, b) => b - a).slice(0, 10))
    }),
  )
})
