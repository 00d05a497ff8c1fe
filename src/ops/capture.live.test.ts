/** The use case: one value per target, exit codes of the contract, names on disk, and a plan that asks nothing. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { buildProgram, startService } from '../../scripts/fixtures/build-program.ts'
import { requireGo } from '../../scripts/setup/go.ts'
import { openCaptureReader } from '../collect/capture-read.ts'
import { openCaptureWriter } from '../collect/capture-write.ts'
import { openInflater } from '../collect/inflate.ts'
import { type CaptureInput, captureTargets, fetchTargets, planTargets } from './capture.ts'

const HOSTILE = join(import.meta.dirname, '..', '..', 'programs', 'hostile')
const NOBODY = 'http://127.0.0.1:1'
const DEPS = {
  clock: { nowUnixNs: () => BigInt(Date.now()) * 1_000_000n, nowMonoNs: () => performance.now() * 1e6 },
  inflater: openInflater(),
  version: '0.0.0',
  writer: openCaptureWriter(),
}

async function prepare(t: TestContext): Promise<{ url: string; folder: string } | undefined> {
  const go = await requireGo(t, '1.26')
  if (go === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'sightline-ops-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const binary = await buildProgram(go, HOSTILE, join(folder, 'bin', 'hostile'))
  assert.ok(binary.ok)
  const service = await startService(binary.value, ['-vars'])
  assert.ok(service.ok)
  t.after(() => service.value.close())
  return { url: `http://${String(service.value.said.address)}`, folder }
}

function run(input: CaptureInput) {
  return captureTargets(DEPS, { plan: { mode: 'quick', limits: { timeoutMs: 5000 } }, ...input })
}

test('targets: one is written where -o says, several below it, and failures are values', async (t) => {
  const ready = await prepare(t)
  if (ready === undefined) return
  const { url, folder } = ready

  await t.test('one target: the path itself, readable, with coverage by request', async () => {
    const output = join(folder, 'one.slc')
    const report = await run({ targets: [url], output })
    assert.equal(report.exitCode, 0)
    assert.equal(report.error, undefined)
    const [target] = report.data.targets
    assert.deepEqual([target?.path, target?.service, target?.serviceFrom], [output, 'till', 'expvar'])
    assert.ok((target?.sizeBytes ?? 0) > 0 && (target?.goroutineCount ?? 0) > 0)
    assert.deepEqual(
      report.coverage.missing.map(({ what }) => what),
      ['goroutineleak?debug=0', 'trace'],
    )
    const capture = await openCaptureReader({ inflater: DEPS.inflater }).readCapture([output])
    assert.ok(capture.ok)
    assert.equal(capture.value.manifest?.target.service, 'till')
  })

  await t.test('several: a folder each, never the same one; one failed is 3, inside the tolerance 0', async () => {
    const output = join(folder, 'fleet')
    const targets = [url, NOBODY, url]
    const report = await run({ targets, output })
    assert.equal(report.exitCode, 3)
    assert.equal(report.error?.code, 'SL_OPS_TARGETS_FAILED')
    assert.equal(report.error?.cause?.code, 'SL_COLLECT_REFUSED')
    assert.deepEqual(
      report.data.targets.map(({ error }) => error?.code),
      [undefined, 'SL_COLLECT_REFUSED', undefined],
    )
    assert.deepEqual([report.coverage.asked, report.coverage.answered], [3, 2])
    assert.equal(readdirSync(output).length, 2)
    const tolerant = await run({ targets, output, maxFailures: 1 })
    assert.deepEqual([tolerant.exitCode, tolerant.error], [0, undefined])
  })

  await t.test('an interrupt leaves a capture on disk, an issue and exit code 3', async () => {
    const output = join(folder, 'cut')
    const report = await run({ targets: [url], output, plan: { windowSeconds: 20 }, signal: AbortSignal.timeout(800) })
    assert.equal(report.exitCode, 3)
    assert.ok(report.issues.some(({ code }) => code === 'SL_COLLECT_INTERRUPTED'))
    assert.ok(readdirSync(output).includes('goroutine.0.txt'))
    assert.ok(readdirSync(output).includes('manifest.json'))
  })

  await t.test('where the output is taken the data is still reported, with the fault', async () => {
    const output = join(folder, 'taken')
    writeFileSync(output, 'mine')
    const report = await run({ targets: [url], output })
    assert.equal(report.error?.code, 'SL_COLLECT_OUTPUT_TAKEN')
    assert.equal(report.exitCode, 73)
    assert.ok((report.data.targets[0]?.requests?.length ?? 0) > 5)
  })

  await t.test('what diagnose starts from: captures in memory, in the order given', async () => {
    const fetched = await fetchTargets(DEPS, [NOBODY, url], { plan: { mode: 'quick' } })
    assert.deepEqual(
      fetched.map(({ capture }) => capture.ok),
      [false, true],
    )
  })
})

test('the only target that fails gives its own code', async () => {
  const report = await run({ targets: [NOBODY], output: '/nowhere' })
  assert.equal(report.error?.code, 'SL_COLLECT_REFUSED')
  assert.equal(report.exitCode, 69)
  assert.deepEqual([report.coverage.asked, report.coverage.answered], [1, 0])
})

test('options that contradict each other are refused before anything is asked', async () => {
  for (const input of [
    { targets: [] },
    { targets: [NOBODY, NOBODY], output: 'x.slc' },
    { targets: [NOBODY, NOBODY], service: 'x' },
  ]) {
    const report = await run(input)
    assert.equal(report.error?.code, 'SL_COLLECT_OPTIONS')
    assert.equal(report.exitCode, 64)
  }
})

test('--plan asks nothing of the target, shows no secret, and refuses what is no address', async (t) => {
  let asked = 0
  const server = createServer((_, response) => {
    asked += 1
    response.end()
  })
  server.on('connection', () => (asked += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const report = planTargets({ targets: [`http://ann:hunter2@127.0.0.1:${address.port}/x`] })
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(asked, 0)
  assert.equal(report.exitCode, 0)
  assert.deepEqual(report.data.targets[0]?.bases, ['/x/', '/x/debug/pprof/'])
  assert.ok(report.data.plan.phases.length >= 4)
  assert.ok(!JSON.stringify(report).includes('hunter2'))
  assert.equal(planTargets({ targets: ['ftp://x'] }).exitCode, 64)
})
