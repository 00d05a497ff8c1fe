import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { splitDump } from '../testing/split-dump.ts'
import { idlePatterns, matchIdle } from './registry.ts'
import { idleShapes, matchShape } from './shapes.ts'
import { unseenRows } from './unseen.ts'

const folder = join(import.meta.dirname, '..', '..', '..', 'testdata', 'idle')
const dumps = readdirSync(folder).filter((name) => name.endsWith('.txt') && name !== 'versions.txt')

test('each row fires on a real dump or is listed as unseen, and none is both', () => {
  const fired = new Set<string>()
  for (const name of dumps) {
    for (const goroutine of splitDump(readFileSync(join(folder, name), 'utf8'))) {
      const pattern = matchIdle(goroutine)
      assert.ok(
        pattern?.strength === 'named',
        `${name}: no row for a goroutine that was kept: ${goroutine.text.slice(0, 300)}`,
      )
      fired.add(pattern.id)
    }
  }
  const silent = idlePatterns.filter((row) => !fired.has(row.id)).map((row) => row.id)
  assert.deepEqual(silent.sort(), [...unseenRows].sort())
  for (const row of idlePatterns) assert.equal(row.seen === false, unseenRows.has(row.id), row.id)
})

test('a service loop is a method that waits at its own top; a lock, a send or a deeper call is not', () => {
  const loop = {
    waitReason: 'select',
    functions: ['example.com/app.(*Server).runLoop'],
    createdBy: 'example.com/app.New',
  }
  assert.equal(matchShape(loop)?.id, 'shape-service-loop')
  assert.equal(
    matchShape({ ...loop, functions: ['example.com/app.(*Server).runLoop.func1'] })?.id,
    'shape-service-loop',
  )
  assert.equal(
    matchShape({ ...loop, waitReason: 'sleep', functions: ['time.Sleep', 'example.com/app.worker'] })?.id,
    'shape-sleep-loop',
  )
  for (const waitReason of ['chan send', 'sync.Mutex.Lock', 'sync.WaitGroup.Wait', 'IO wait', 'select (no cases)']) {
    assert.equal(matchShape({ ...loop, waitReason }), undefined, waitReason)
  }
  assert.equal(matchShape({ ...loop, functions: ['example.com/app.fetch'] }), undefined)
  assert.equal(matchShape({ ...loop, functions: ['example.com/app.runElection'] }), undefined)
  assert.equal(
    matchShape({ ...loop, functions: ['example.com/app.ask', 'example.com/app.call', 'example.com/app.(*S).run'] }),
    undefined,
  )
  assert.equal(matchShape({ ...loop, functions: ['net/http.(*persistConn).readLoop'] }), undefined)
})

test('main that waits is a shape only while it waits at the top of the program', () => {
  const main = { waitReason: 'chan receive', functions: ['main.main'] }
  assert.equal(matchShape(main)?.id, 'shape-main-waits')
  assert.equal(
    matchShape({ ...main, functions: ['main.serve', 'github.com/spf13/cobra.(*Command).execute', 'main.main'] })?.id,
    'shape-main-waits',
  )
  assert.equal(matchShape({ ...main, functions: ['net/http.(*persistConn).roundTrip', 'main.main'] }), undefined)
  assert.equal(matchShape({ ...main, createdBy: 'main.init' }), undefined)
  assert.equal(matchShape({ ...main, waitReason: 'sync.WaitGroup.Wait' }), undefined)
})

test('a goroutine that waits for a signal, and an actor of a run group, are shapes', () => {
  const signal = {
    waitReason: 'chan receive',
    functions: ['example.com/app.trapSignals.func1'],
    createdBy: 'example.com/app.trapSignals',
  }
  assert.equal(matchShape(signal)?.id, 'shape-signal-wait')
  const actor = {
    waitReason: 'select',
    functions: ['main.main.func8', 'github.com/oklog/run.(*Group).Run.func1'],
    createdBy: 'github.com/oklog/run.(*Group).Run',
  }
  assert.equal(matchShape(actor)?.id, 'shape-run-actor')
  assert.deepEqual(new Set(idleShapes.map((shape) => shape.strength)), new Set(['shape']))
})

test('a hundred thousand goroutines of a hundred stacks are matched quickly once grouped', () => {
  const stacks = Array.from({ length: 400 }, (_, nth) => ({
    waitReason: 'select',
    functions: [
      ...Array.from({ length: 30 }, (_, depth) => `example.com/p${nth}.(*T).f${depth}`),
      'net/http.(*conn).serve',
    ],
    createdBy: 'net/http.(*Server).Serve',
  }))
  const started = performance.now()
  for (const stack of stacks) assert.equal(matchIdle(stack), undefined)
  assert.ok(performance.now() - started < 1_000)
})
