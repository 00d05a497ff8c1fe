/** `sightline timeline` asked something: groupings, a focus, a window, one goroutine, as a user types it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { root, runSightline } from './samples/run-sightline.ts'

const shop = join(root, 'testdata', 'captures', 'shop')
const old = join(root, 'testdata', 'gotrace', 'v1', 'mix', 'go1.21', 'trace.bin')

async function dataOf(...args: string[]) {
  const ran = await runSightline(['timeline', shop, '--json', ...args])
  assert.equal(ran.code, 0, ran.stderr)
  return JSON.parse(ran.stdout).data
}

test('--group-by with several keys, --focus and --top together', async () => {
  const data = await dataOf('--group-by', 'start,reason', '--focus', '(?i)ASKSUPPLIER', '--top', '2')
  assert.deepEqual(data.grouped.by, ['start', 'reason'])
  assert.equal(data.grouped.rows.length, 2)
  assert.ok(data.grouped.rowCount >= 2)
  assert.match(data.grouped.rows[0].startFunction, /askSupplier$/)
  assert.ok(data.focus.keptRatio > 0.1 && data.focus.keptRatio < 0.5)
  assert.equal(data.grouped.ns, data.focus.keptNs)
})

test('a window as shares is that as durations', async () => {
  const shares = await dataOf('--from', '25%', '--to', '75%')
  const { fromNs, toNs } = shares.window
  assert.equal(fromNs, Math.round(shares.trace.durationNs / 4))
  const exact = await dataOf('--from', `${fromNs}ns`, '--to', `${toNs}ns`)
  assert.deepEqual(exact, shares)
})

test('--goroutine tells a life, for people and as data', async () => {
  const whole = await dataOf('--group-by', 'stack', '--top', '40')
  const id = whole.grouped.rows[0].states[0].longest.goroutine
  const { goroutine } = await dataOf('--goroutine', String(id))
  assert.equal(goroutine.id, id)
  assert.ok(goroutine.life.places.length > 0 && goroutine.life.bar.waitingNs.length > 0)
  const text = await runSightline(['timeline', shop, '--goroutine', String(id)])
  assert.match(text.stdout, new RegExp(`Goroutine ${id}: `))
  assert.match(text.stdout, /waiting +█/)
  assert.ok(!text.stdout.includes('\x1b'), 'no colour into a pipe')
})

test('what cannot be asked is said with a code', async () => {
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[shop, '--group-by', 'start,start'], 64, /each once/],
    [[shop, '--group-by', 'function'], 64, /creator, state/],
    [[shop, '--focus', '('], 64, /regular expression/],
    [[shop, '--from', '12'], 64, /40%/],
    [[shop, '--from', '60%', '--to', '40%'], 64, /not before/],
    [[shop, '--ndjson', '--group-by', 'start'], 64, /--ndjson gives events/],
    [['-', '--from', '10%'], 64, /give a file/],
    [[shop, '--from', '1h'], 65, /SL_OPS_OUTSIDE_TRACE/],
    [[old, '--from', '12:00'], 65, /SL_OPS_NO_CLOCK/],
  ]
  for (const [args, code, says] of cases) {
    const ran = await runSightline(['timeline', ...args], args[0] === '-' ? { stdin: new Uint8Array() } : {})
    assert.equal(ran.code, code, args.join(' '))
    assert.match(ran.stderr, says)
  }
})
