/** What `timeline` counts in the recorded trace, against what Go's own tool reads from the same bytes. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { requireGo } from '../scripts/setup/go.ts'
import { runTool } from '../scripts/setup/run-tool.ts'
import { timedEvents } from '../src/decode/gotrace/events.ts'
import { root, runSightline } from './samples/run-sightline.ts'

const file = join(root, 'testdata', 'captures', 'shop', 'trace.bin')

test('events by kind, and the lines of --ndjson, equal go tool trace -d=wire', async (context) => {
  const go = await requireGo(context, '1.27')
  if (go === undefined) return
  const printed = await runTool(go.goBin, ['tool', 'trace', '-d=wire', file], { env: go.env })
  assert.equal(printed.failure, undefined)
  const timed = new Set(timedEvents.map(({ name }) => name))
  const wire: Record<string, number> = {}
  for (const line of printed.stdout.toString('utf8').split('\n')) {
    const name = line.split(' ')[0] as string
    if (timed.has(name)) wire[name] = (wire[name] ?? 0) + 1
  }
  assert.ok(Object.keys(wire).length > 15)
  const { data } = JSON.parse((await runSightline(['timeline', file, '--json'])).stdout)
  assert.deepEqual(data.eventCounts, wire)
  const lines: Record<string, number> = {}
  for (const line of (await runSightline(['timeline', file, '--ndjson'])).stdout.trimEnd().split('\n')) {
    const { kind } = JSON.parse(line)
    lines[kind] = (lines[kind] ?? 0) + 1
  }
  assert.deepEqual(lines, wire)
})
