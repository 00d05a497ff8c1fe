/** The names of events that the accounting uses are those of the reader's table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timedEvents } from '../../src/decode/gotrace/events.ts'
import { traceKinds } from '../../src/model/trace-kinds.ts'

test('every timed event of the reader has the same name and id in the model', () => {
  const read = Object.fromEntries(timedEvents.map(({ name, id }) => [name, id]))
  assert.deepEqual(read, traceKinds)
})
