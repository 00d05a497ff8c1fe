/** A healthy service, captured with its trace and judged: shares are measured, and nothing of it is called wrong. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { buildProgram, startService } from '../../scripts/fixtures/build-program.ts'
import { requireGo } from '../../scripts/setup/go.ts'
import { traceRules } from '../analyze/trace-rules/registry.ts'
import { openCaptureReader } from '../collect/capture-read.ts'
import { openCaptureWriter } from '../collect/capture-write.ts'
import { openInflater } from '../collect/inflate.ts'
import { openTraceOpener } from '../collect/trace-stream.ts'
import { captureTargets } from './capture.ts'
import { diagnoseCapture } from './diagnose.ts'
import { readTimeline } from './timeline.ts'

const SHOP = join(import.meta.dirname, '..', '..', 'programs', 'shop')
const inflater = openInflater()
const deps = {
  clock: { nowUnixNs: () => BigInt(Date.now()) * 1_000_000n, nowMonoNs: () => performance.now() * 1e6 },
  inflater,
  version: '0.0.0',
  writer: openCaptureWriter(),
}
const ofTraces: ReadonlySet<string> = new Set(traceRules.map(({ id }) => id))

for (const release of ['1.26', '1.27'] as const) {
  test(`a healthy service of Go ${release} with a trace: measured, told by its dumps, and not called wrong`, async (t) => {
    const go = await requireGo(t, release)
    if (go === undefined) return
    const folder = mkdtempSync(join(tmpdir(), 'sightline-traced-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const binary = await buildProgram(go, SHOP, join(folder, 'bin', 'shop'))
    assert.ok(binary.ok)
    const flags = ['-mode', 'all', '-listen', '127.0.0.1:0', '-for', '60s', '-degrade-after', '0']
    const service = await startService(binary.value, flags)
    assert.ok(service.ok)
    t.after(() => service.value.close())
    await wait(3000)
    const output = join(folder, 'shop.slc')
    const taken = await captureTargets(deps, {
      targets: [String(service.value.said.api)],
      output,
      plan: { mode: 'default' },
    })
    assert.equal(taken.error, undefined)
    const capture = await openCaptureReader({ inflater }).readCapture([output])
    assert.ok(capture.ok)
    const { data, findings } = await diagnoseCapture({ inflater }, capture.value)
    const { traced, grade } = data.verdict
    assert.ok(traced?.complete && traced.windowNs > 0.5e9)
    // Without the leak detector of 1.27 nobody can tell the service's own lone receiver from a leaked one.
    if (release === '1.27') assert.notEqual(grade, 'blind')
    assert.ok(traced.waitingSeconds >= traced.unrecordableSeconds && traced.unrecordableSeconds > 0)
    assert.ok(traced.unknownWaits.told > 0)
    assert.ok(data.goroutines.groups.filter(({ traced: one }) => (one?.here.ns ?? 0) > 0).length >= 5)
    const stream = await openTraceOpener({ inflater }).openTrace(output)
    assert.ok(stream.ok)
    const timeline = await readTimeline(stream.value)
    assert.ok(timeline.ok)
    assert.ok((timeline.value.data.unknownWaits.told ?? []).length > 0)
    const sure = [...findings, ...timeline.value.findings].filter(
      ({ rule, confidence }) => ofTraces.has(rule) && confidence !== 'possible',
    )
    assert.deepEqual(
      sure.map(({ rule, title }) => [rule, title]),
      [],
    )
  })
}
