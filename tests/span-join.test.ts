/** `sightline timeline --span` as a user meets it, and the snippet that the documentation tells them to add. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root, runSightline } from './samples/run-sightline.ts'

const folder = join(root, 'testdata', 'gotrace', 'spans', 'go1.27')
const trace = join(folder, 'trace.bin')
const spans = join(folder, 'spans.otlp.json')

test('the snippet in the documentation is the file that the recorded program compiles', () => {
  const document = readFileSync(join(root, 'docs', 'span-join.md'), 'utf8')
  const program = readFileSync(join(root, 'programs', 'spans', 'spanlog', 'spanlog.go'), 'utf8')
  const snippets = [...document.matchAll(/^```go\n(.*?)^```$/gms)].map(([, code]) => code)
  assert.deepEqual(snippets, [program])
})

test('--span says what it is, what its goroutine did, where it waited, and that all of it is explained', async () => {
  const { code, stdout } = await runSightline(['timeline', trace, '--spans', spans, '--span', 'POST /checkout'])
  assert.equal(code, 0)
  assert.match(stdout, /^POST \/checkout/)
  assert.match(stdout, /Certain: found by its id in the trace \(rung 1\), on goroutine \d+ main\.main\./)
  assert.match(stdout, /100 % of the span is explained/)
  assert.match(stdout, /main\.reserve .*main\.go:\d+\n +calls sync\.\(\*Mutex\)\.Lock/)
  assert.match(stdout, /ended by goroutine \d+ main\.hold/)
  assert.match(stdout, /Goroutines made under it\n2 goroutines/)
})

test('--spans alone shares the time out by name', async () => {
  const { code, stdout } = await runSightline(['timeline', trace, '--spans', spans])
  assert.equal(code, 0)
  assert.match(stdout, /\nSpans\n16 spans: 14 certain and 2 partial, by its id in the trace \(rung 1\)\.\n/)
  assert.match(stdout, /\n +3 .* job\n/)
})

test('exit codes: no such span 65, stdin and --ndjson usage, no file 66', async () => {
  const ask = async (...args: readonly string[]) => (await runSightline(['timeline', ...args])).code
  assert.equal(await ask(trace, '--span', 'ffffffffffffffff'), 65)
  assert.equal(await ask('-', '--span', 'price'), 64)
  assert.equal(await ask(trace, '--span', 'price', '--ndjson'), 64)
  assert.equal(await ask(trace, '--span', ''), 64)
  assert.equal(await ask(trace, '--spans', join(folder, 'absent.json')), 66)
})

test('one document holds the whole and the span', async () => {
  const { code, stdout } = await runSightline(['timeline', trace, '--span', 'job', '--json'])
  assert.equal(code, 0)
  const { data } = JSON.parse(stdout)
  assert.equal(data.span.sameName, 3)
  assert.equal(data.span.states.runningNs, data.span.durationNs)
  assert.equal(data.join.rung, 1)
  assert.ok(data.trace.events > 0)
})

test('a capture’s folder brings its own spans', async () => {
  const bare = join(root, 'testdata', 'gotrace', 'tasks', 'go1.27')
  const document = readFileSync(join(bare, 'spans.otlp.json'), 'utf8')
  const price = /"name": "price",[^}]*?"spanId": "([0-9a-f]{16})"/.exec(document)?.[1] ?? assert.fail()
  const { code, stdout } = await runSightline(['timeline', bare, '--span', price, '--json'])
  assert.equal(code, 0)
  const { span } = JSON.parse(stdout).data
  assert.deepEqual([span.name, span.rung, span.confidence], ['price', 0, 'certain'])
})
