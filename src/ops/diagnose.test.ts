/** Captures to reports, on the recorded capture of the repo and on files made for the case. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { fault } from '../base/errors.ts'
import { err, ok } from '../base/result.ts'
import { readCapture } from '../collect/capture-read.ts'
import { openInflater } from '../collect/inflate.ts'
import type { Capture, CaptureFileKind } from '../model/capture.ts'
import { explainRule, listLenses, listRules } from './catalogues.ts'
import { diagnoseCapture, diagnoseTargets } from './diagnose.ts'
import { diffCaptures } from './diff.ts'

const deps = { inflater: openInflater() }
const shopFolder = join(import.meta.dirname, '..', '..', 'testdata', 'captures', 'shop')

async function readShop(): Promise<Capture> {
  const capture = await readCapture({ inflater: deps.inflater }, [shopFolder])
  if (!capture.ok) throw new Error(capture.error.message)
  return capture.value
}

function loose(files: Readonly<Record<string, readonly [CaptureFileKind, string]>>): Capture {
  return {
    origin: 'loose',
    files: Object.entries(files).map(([name, [kind, text]]) => ({ name, kind, bytes: new TextEncoder().encode(text) })),
  }
}

const dumpText =
  'goroutine 7 [chan send]:\nmain.ask()\n\t/src/main.go:10 +0x10\ncreated by main.main in goroutine 1\n\t/src/main.go:5 +0x10\n'

test('the recorded service gives its troubles: a proven leak, a pool, a lock held across I/O', async () => {
  const report = await diagnoseCapture(deps, await readShop())
  const found = new Set(report.findings.map(({ rule }) => rule))
  for (const rule of ['leaked-goroutines', 'pool-exhausted', 'lock-held-across-io', 'block-profile-blind']) {
    assert.ok(found.has(rule), `no ${rule} in ${[...found]}`)
  }
  assert.deepEqual([report.data.verdict.grade, report.exitCode, report.data.target.service], ['blind', 0, 'shop'])
})

test('replay gives the same bytes, in whatever order the files are read', async () => {
  const capture = await readShop()
  const one = JSON.stringify(await diagnoseCapture(deps, capture))
  const other = JSON.stringify(await diagnoseCapture(deps, { ...capture, files: [...capture.files].reverse() }))
  assert.equal(one, other)
})

test('without the leak profile nothing is certain, and the file is not even decoded', async () => {
  const capture = await readShop()
  const broken = capture.files.map((file) =>
    file.name.startsWith('goroutineleak') ? { ...file, bytes: new Uint8Array([1, 2, 3]) } : file,
  )
  const report = await diagnoseCapture(deps, { ...capture, files: broken }, { without: ['goroutineleak'] })
  assert.deepEqual(
    report.issues.filter(({ code }) => code === 'SL_OPS_FILE_UNREADABLE'),
    [],
  )
  const leaked = report.data.goroutines.groups.filter(({ verdict }) => verdict === 'leaked')
  assert.ok(leaked.length > 0 && leaked.every(({ confidence }) => confidence !== 'certain'))
})

test('a damaged file is left out with an issue and a gap, and the rest is judged', async () => {
  const capture = await readShop()
  const files = capture.files.map((file) =>
    file.name === 'block.pb.gz' ? { ...file, bytes: new Uint8Array([9, 9, 9]) } : file,
  )
  const report = await diagnoseCapture(deps, { ...capture, files })
  assert.equal(report.error, undefined)
  assert.ok(report.issues.some(({ code, at }) => code === 'SL_OPS_FILE_UNREADABLE' && at?.file === 'block.pb.gz'))
  assert.ok(report.coverage.missing.some(({ what }) => what === 'block.pb.gz'))
})

test('one loose dump is judged, named after nothing else, and inconclusive', async () => {
  const report = await diagnoseCapture(deps, loose({ 'dump.txt': ['goroutine-dump', dumpText] }))
  assert.deepEqual([report.data.verdict.grade, report.exitCode, report.data.goroutines.count], ['inconclusive', 2, 1])
})

test('tracebacks in one log are of processes that ended: one of them is judged, and the others are said', async () => {
  const text = `SIGQUIT: quit\n\n${dumpText}\nSIGQUIT: quit\n\n${dumpText}`
  const report = await diagnoseCapture(deps, loose({ 'service.log': ['goroutine-dump', text] }))
  assert.equal(report.data.window.dumps, 1)
  assert.equal(report.data.verdict.grade, 'inconclusive')
  assert.ok(report.issues.some(({ code }) => code === 'SL_OPS_OTHER_PROCESS'))
})

test('dumps that a service wrote into its log while it went on are dumps after each other', async () => {
  const text = `dump on request\n${dumpText}\ndump on request\n${dumpText}`
  const report = await diagnoseCapture(deps, loose({ 'service.log': ['goroutine-dump', text] }))
  assert.equal(report.data.window.dumps, 2)
})

test('the only file’s own fault is the report’s; of several, that there is no evidence', async () => {
  const noise = await diagnoseCapture(deps, loose({ 'a.bin': ['profile', '\u0001\u0002'] }))
  assert.match(noise.error?.code ?? '', /^SL_DECODE_/)
  const several = await diagnoseCapture(
    deps,
    loose({ 'a.bin': ['profile', '\u0001'], 'b.bin': ['goroutine-dump', 'x'] }),
  )
  assert.equal(several.error?.code, 'SL_OPS_NO_EVIDENCE')
  assert.equal(several.exitCode, 65)
})

test('without a dump goroutines are counted from their profile: no ids, no reasons, no verdict, but the proof stands', async () => {
  const shop = await readShop()
  const files = shop.files.filter(({ kind }) => kind !== 'goroutine-dump' && kind !== 'goroutineleak-dump')
  const { data, exitCode, issues } = await diagnoseCapture(deps, { ...shop, files }, { without: ['trace'] })
  const { groups, count } = data.goroutines
  assert.ok(count > 50)
  assert.equal(
    groups.reduce((sum, group) => sum + group.count, 0),
    count,
  )
  assert.ok(groups.every(({ goroutineIds, waitReason }) => goroutineIds.length === 0 && waitReason === undefined))
  assert.deepEqual([data.verdict.grade, data.verdict.explainedRatio, exitCode], ['inconclusive', 0, 2])
  assert.equal(data.verdict.blindRatio, undefined)
  assert.deepEqual(data.blindSpots, [])
  assert.ok(issues.some(({ code, message }) => code === 'SL_ANALYZE_NO_DUMP' && /counted from a profile/.test(message)))
  const leaked = groups.filter(({ verdict }) => verdict === 'leaked')
  assert.ok(leaked.length > 0 && leaked.every(({ seenBy }) => seenBy.includes('goroutineleak')))
})

test('without a dump the execution trace still measures both shares', async () => {
  const shop = await readShop()
  const files = shop.files.filter(({ kind }) => kind !== 'goroutine-dump' && kind !== 'goroutineleak-dump')
  const { data } = await diagnoseCapture(deps, { ...shop, files })
  assert.equal(data.verdict.basis, 'trace')
  assert.ok((data.verdict.blindRatio ?? 0) > 0.5 && (data.verdict.traced?.waitingSeconds ?? 0) > 100)
  assert.equal(data.verdict.traced?.unknownWaits.told, 0)
})

test('with a trace each group has its measured time, and the dump tells the reasons that the trace lacks', async () => {
  const { data } = await diagnoseCapture(deps, await readShop())
  const senders = data.goroutines.groups.find(({ waitReason }) => waitReason === 'chan send')
  const traced = senders?.traced
  assert.ok(senders !== undefined && traced !== undefined)
  assert.equal(traced.members, senders.count)
  assert.ok(Math.abs(traced.here.ns - traced.windowNs * traced.members) < 1e6)
  assert.deepEqual(
    traced.waits.map(({ blockReason, reasonFrom }) => [blockReason, reasonFrom]),
    [['chan send', 'goroutine.2.txt']],
  )
  assert.match(senders.why, /in the execution trace its \d+ waited here all of 1s/)
  const { traced: verdict } = data.verdict
  assert.ok(
    verdict !== undefined && verdict.unrecordableSeconds > 10 && verdict.unrecordableSeconds < verdict.waitingSeconds,
  )
  assert.ok(verdict.unknownWaits.told > 200 && verdict.unknownWaits.sources[0] === 'goroutine.2.txt')
  assert.ok(data.blindSpots.some(({ tracedGoroutineSeconds }) => (tracedGoroutineSeconds ?? 0) > 10))
})

test('a leak profile alone says what is leaked, and that it counts nothing else', async () => {
  const shop = await readShop()
  const files = shop.files.filter(({ name }) => name === 'goroutineleak.pb.gz')
  const { data, findings, issues } = await diagnoseCapture(deps, { origin: 'leak.pb.gz', files })
  assert.ok(data.goroutines.count > 0)
  assert.ok(data.goroutines.groups.every(({ verdict, confidence }) => verdict === 'leaked' && confidence === 'certain'))
  assert.ok(findings.some(({ rule }) => rule === 'leaked-goroutines'))
  assert.ok(issues.some(({ message }) => /leaked goroutines, and no others/.test(message)))
  const withheld = await diagnoseCapture(deps, { origin: 'leak.pb.gz', files }, { without: ['goroutineleak'] })
  assert.equal(withheld.data.goroutines.count, 0)
})

test('dumps of two processes are not compared, nor is a dump with itself', async () => {
  const one =
    'goroutine 7 [chan receive]:\nmain.f()\n\t/a.go:1 +0x1\ncreated by main.g in goroutine 1\n\t/a.go:2 +0x1\n'
  const two = one.replaceAll('main.', 'shop.')
  const mixed = await diagnoseCapture(
    deps,
    loose({ 'a.txt': ['goroutine-dump', one], 'b.txt': ['goroutine-dump', two] }),
  )
  assert.deepEqual([mixed.data.window.dumps, mixed.data.verdict.grade], [1, 'inconclusive'])
  assert.ok(mixed.issues.some(({ code }) => code === 'SL_OPS_OTHER_PROCESS'))
  const twice = await diagnoseCapture(
    deps,
    loose({ 'a.txt': ['goroutine-dump', one], 'b.txt': ['goroutine-dump', one] }),
  )
  assert.deepEqual([twice.data.window.dumps, twice.data.verdict.grade], [1, 'inconclusive'])
  const later = one.replace('/a.go:1 ', '/a.go:9 ')
  const moved = await diagnoseCapture(
    deps,
    loose({ 'a.txt': ['goroutine-dump', one], 'b.txt': ['goroutine-dump', later] }),
  )
  assert.equal(moved.data.window.dumps, 2)
})

test('what became of each file is in the issues also where nothing could be read', async () => {
  const report = await diagnoseCapture(
    deps,
    loose({ 'a.bin': ['profile', '\u0001'], 'b.bin': ['goroutine-dump', 'x'] }),
  )
  assert.deepEqual(
    report.issues.map(({ code }) => code),
    ['SL_OPS_FILE_UNREADABLE', 'SL_OPS_FILE_UNREADABLE'],
  )
})

test('a capture that was ended early says so, and is no whole answer', async () => {
  const shop = await readShop()
  assert.ok(shop.manifest !== undefined)
  const report = await diagnoseCapture(deps, { ...shop, manifest: { ...shop.manifest, interrupted: true } })
  assert.equal(report.exitCode, 3)
  assert.ok(report.issues.some(({ code }) => code === 'SL_COLLECT_INTERRUPTED'))
  assert.equal(
    (
      await diagnoseTargets(deps, [
        { name: 'a', capture: ok({ ...shop, manifest: { ...shop.manifest, interrupted: true } }) },
        { name: 'b', capture: ok(shop) },
      ])
    ).exitCode,
    3,
  )
})

test('a file of a kind that diagnose does not read is said to be kept', async () => {
  const report = await diagnoseCapture(
    deps,
    loose({ 'dump.txt': ['goroutine-dump', dumpText], 'logs.ndjson': ['logs', '{}'] }),
  )
  assert.ok(report.issues.some(({ code }) => code === 'SL_OPS_FILE_NOT_USED'))
})

test('several targets: one failed is 3, inside the tolerance it is not, the only one keeps its own code', async () => {
  const good = { name: 'a', capture: ok(await readShop()) }
  const bad = { name: 'b', capture: err(fault('SL_COLLECT_TIMEOUT')) }
  const failed = await diagnoseTargets(deps, [good, bad])
  assert.deepEqual([failed.exitCode, failed.error?.code, failed.coverage.answered], [3, 'SL_OPS_TARGETS_FAILED', 1])
  assert.equal((await diagnoseTargets(deps, [good, bad], { maxFailures: 1 })).exitCode, 0)
  assert.equal((await diagnoseTargets(deps, [bad])).exitCode, 69)
})

test('a live target that failed is named by its address, with the whole error and without secrets', async () => {
  const bad = { name: 'http://user:hunter2@10.0.0.7:6060/', capture: err(fault('SL_COLLECT_TIMEOUT')) }
  const { targets } = (await diagnoseTargets(deps, [bad, { name: 'b', capture: ok(await readShop()) }])).data
  const failed = targets[0]
  assert.ok(failed !== undefined && 'error' in failed)
  assert.deepEqual([failed.target.service, failed.target.serviceFrom], ['10.0.0.7:6060', 'address'])
  assert.deepEqual([failed.error.code, failed.error.retryable], ['SL_COLLECT_TIMEOUT', true])
  assert.notEqual(failed.error.hint, '')
  assert.ok(!JSON.stringify(failed).includes('hunter2'))
})

test('loose files name no service: it and the fingerprints are the same in every order', async () => {
  const nil = dumpText.replace('chan send', 'chan send (nil chan)')
  const a = ['goroutine-dump', nil] as const
  const b = ['goroutine-dump', nil.replace('goroutine 7', 'goroutine 9')] as const
  const one = await diagnoseCapture(deps, { ...loose({ 'a.txt': a, 'b.txt': b }), origin: '/x/a.txt, /x/b.txt' })
  const other = await diagnoseCapture(deps, { ...loose({ 'b.txt': b, 'a.txt': a }), origin: '/x/b.txt, /x/a.txt' })
  assert.deepEqual([one.data.target.service, one.data.target.serviceFrom], ['unknown', 'none'])
  assert.deepEqual(one.data.target, other.data.target)
  const marks = ({ findings }: typeof one) => findings.map(({ fingerprint }) => fingerprint).sort()
  assert.ok(marks(one).length > 0)
  assert.deepEqual(marks(one), marks(other))
})

test('dumps left out by --max-goroutines are named in because, issues and coverage', async () => {
  const shop = await readShop()
  assert.ok(shop.manifest !== undefined)
  const why = '60000 goroutines are above --max-goroutines 50000: a dump would stop the process for about 1.2 s or more'
  const at = { startTime: shop.manifest.startTime, endTime: shop.manifest.endTime }
  const skipped = {
    kind: 'unknown',
    lens: 'goroutine',
    request: 'goroutine?debug=2',
    status: 'skipped',
    why,
    ...at,
  } as const
  const { data, issues, coverage } = await diagnoseCapture(deps, {
    ...shop,
    files: shop.files.filter(({ kind }) => kind !== 'goroutine-dump' && kind !== 'goroutineleak-dump'),
    manifest: {
      ...shop.manifest,
      requests: [...shop.manifest.requests.filter(({ kind }) => !/dump/.test(kind)), skipped],
    },
  })
  assert.ok(
    data.verdict.because.some((line) => line.includes(why)),
    data.verdict.because.join('\n'),
  )
  assert.ok(issues.some(({ code, message }) => code === 'SL_COLLECT_OVER_BUDGET' && message.includes(why)))
  assert.ok(coverage.missing.some((gap) => gap.what === 'goroutine?debug=2' && gap.why === why))
})

test('diff names what grew, appeared and went, and which findings are new', async () => {
  const shop = await readShop()
  const early = { ...shop, files: shop.files.filter(({ name }) => name !== 'goroutine.2.txt') }
  const report = await diffCaptures(deps, early, shop)
  const leak = report.data.changes.find(({ userFunction }) => userFunction.endsWith('askSupplier'))
  assert.equal(leak?.change, 'grew')
  assert.ok((leak?.after?.count ?? 0) > (leak?.before?.count ?? 0))
  const same = await diffCaptures(deps, shop, shop)
  assert.deepEqual([same.data.changes, same.findings], [[], []])
})

test('the catalogues list every lens and rule, and explain one', () => {
  assert.equal(listLenses().lenses.length, 10)
  assert.ok(listRules().length >= 14)
  assert.equal(explainRule('pool-exhausted')?.id, 'pool-exhausted')
  assert.equal(explainRule('no-such-rule'), undefined)
})
