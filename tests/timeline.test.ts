/** `sightline timeline` as a user or a script meets it: documents, streams and exit codes. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cleanEnv, launcher, root, runSightline } from './samples/run-sightline.ts'

const shop = join(root, 'testdata', 'captures', 'shop')
const trace = readFileSync(join(shop, 'trace.bin'))
const folder = mkdtempSync(join(tmpdir(), 'sightline-timeline-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('--json is one envelope of schema sightline.timeline/v1, the same for a file, a capture and stdin', async () => {
  const [file, capture, piped] = await Promise.all([
    runSightline(['timeline', join(shop, 'trace.bin'), '--json']),
    runSightline(['timeline', shop, '--json']),
    runSightline(['timeline', '-', '--json'], { stdin: trace }),
  ])
  const envelope = JSON.parse(file.stdout)
  assert.deepEqual(Object.keys(envelope), ['schema', 'ok', 'data', 'findings', 'issues', 'coverage', 'error'])
  assert.equal(envelope.schema, 'sightline.timeline/v1')
  assert.equal(envelope.ok, true)
  assert.equal(file.code, 0)
  const { data, findings } = JSON.parse(capture.stdout)
  // The dumps of the capture tell reasons that the trace alone does not have, and its manifest names the service.
  const { told, ...unknownWaits } = data.unknownWaits
  assert.ok(told.some((one: { waitReason: string; source: string }) => one.waitReason === 'chan send'))
  assert.deepEqual({ ...data, unknownWaits }, envelope.data)
  const untold = envelope.findings.filter(({ rule }: { rule: string }) => rule !== 'unknown-reason-waits')
  assert.deepEqual(findings.map(nameFinding), untold.map(nameFinding))
  assert.equal(findings[0]?.subject.service, 'shop')
  const stdin = JSON.parse(piped.stdout)
  assert.deepEqual(stdin.findings.map(nameFinding), envelope.findings.map(nameFinding))
  assert.deepEqual({ ...stdin, findings: [] }, { ...envelope, findings: [] })
})

const nameFinding = ({ rule, title, confidence }: { rule: string; title: string; confidence: string }) =>
  [rule, title, confidence].join()

test('what could be salvaged of a cut trace is ok with exit code 0; nothing at all is 65', async () => {
  const cut = await runSightline(['timeline', '-', '--json'], { stdin: trace.subarray(0, 9000) })
  const envelope = JSON.parse(cut.stdout)
  assert.equal(cut.code, 0)
  assert.equal(envelope.ok, true)
  assert.equal(envelope.data.trace.complete, false)
  assert.ok(envelope.issues.length > 0)
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [trace.subarray(0, 16), 'SL_DECODE_TRUNCATED'],
    [trace.subarray(0, 10), 'SL_DECODE_TRUNCATED'],
    [new Uint8Array(), 'SL_DECODE_EMPTY'],
    [readFileSync(join(shop, 'goroutine.0.txt')), 'SL_DECODE_UNKNOWN_FORMAT'],
  ]
  for (const [stdin, code] of cases) {
    const nothing = await runSightline(['timeline', '-', '--json'], { stdin })
    assert.equal(JSON.parse(nothing.stdout).error?.code, code)
    assert.equal(nothing.code, 65)
  }
})

test('usage and missing input have their own codes', async () => {
  const cases: readonly (readonly [readonly string[], number])[] = [
    [['timeline'], 64],
    [['timeline', shop, '--json', '--ndjson'], 64],
    [['timeline', shop, '--ndjson', '--from', '1s'], 64],
    [['timeline', shop, '--from', '2s', '--to', '1s'], 64],
    [['timeline', shop, '--goroutine', 'x'], 64],
    [['timeline', 'http://localhost:6060'], 64],
    [['timeline', join(folder, 'nothing.bin')], 66],
    [['timeline', shop, '--goroutine', '999999999'], 65],
    [['timeline', shop, '--strict'], 0],
  ]
  for (const [args, code] of cases) assert.equal((await runSightline(args)).code, code, args.join(' '))
})

test('the screen begins with the answer and fits the terminal', async () => {
  const { stdout, stderr, code } = await runSightline(['timeline', shop], { env: { COLUMNS: '80' } })
  assert.equal(code, 0)
  assert.equal(stderr, '')
  assert.match(stdout.split('\n').slice(0, 5).join('\n'), /\d %[^\n]* of the waiting in this second is in no profile/)
  assert.deepEqual(
    stdout.split('\n').filter((line) => line.length > 80),
    [],
  )
})

test('a reader of --ndjson that is slow gets all of it, one that leaves early ends the program', async () => {
  const path = join(folder, 'trace.bin')
  writeFileSync(path, trace)
  const command = [process.execPath, launcher, 'timeline', path, '--ndjson'].map((word) => `'${word}'`).join(' ')
  const options = { env: cleanEnv() as NodeJS.ProcessEnv, encoding: 'utf8' } as const
  const slow = execFileSync('sh', ['-c', `${command} | (sleep 1; wc -l)`], options)
  const { data } = JSON.parse((await runSightline(['timeline', path, '--json'])).stdout)
  assert.equal(Number(slow), data.trace.events)
  const child = spawn(process.execPath, [launcher, 'timeline', path, '--ndjson'], { env: cleanEnv() })
  child.stdout.once('data', () => child.stdout.destroy())
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  assert.equal(code, 0)
  assert.equal(stderr, '')
})
