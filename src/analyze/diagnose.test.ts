/** The door: ratios, grades, windows, determinism, what `without` withholds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Profile } from '../model/profile.ts'
import { diagnoseEvidence } from './diagnose.ts'
import { draw, drawDumps } from './testing/draw-dumps.ts'

const legend = {
  s: '[chan send] main.ask.func1() < main.ask@900',
  x: '[running] main.compute() < main.main@1',
  n: '[IO wait] internal/poll.(*FD).Read(0x1) / main.call() / net/http.HandlerFunc.ServeHTTP() < net/http.(*Server).Serve@1',
  i: '[syscall] os/signal.signal_recv() / os/signal.loop() < os/signal.Notify.func1.1@1',
  p: '[running] runtime/pprof.writeGoroutineStacks() / net/http/pprof.Index() < net/http.(*Server).Serve@1',
  q: '[waiting for godot] main.f() < main.main@1',
}
const on = { lenses: { cpu: 'on', block: 'on', mutex: 'on' } } as const
const verdictOf = (...args: Parameters<typeof draw>) => diagnoseEvidence(draw(...args)).data.verdict

test('a server of which every goroutine is idle has nothing blind, and is clear', () => {
  const verdict = verdictOf('0 1 3\n7 i i i\n8 p . .\n9 . p .\n10 . . p', legend, on)
  assert.deepEqual([verdict.grade, verdict.blindRatio, verdict.explainedRatio], ['clear', 0, 1])
  assert.equal(verdict.idleNs, 6e9)
})

test('a wait that had not ended inside the window is blind, though the block profile is on', () => {
  const verdict = verdictOf('0 1 3\n7..9 s s s', legend, on)
  assert.deepEqual([verdict.grade, verdict.blindRatio], ['blind', 1])
})

test('waits that ended inside the window are not blind when block profiling is on, and are when it is off', () => {
  const picture = '0 1 2\n7..26 s . .\n27..46 . s .\n50 . . s'
  assert.ok((verdictOf(picture, legend, on).blindRatio ?? 1) < 0.1)
  assert.equal(verdictOf(picture, legend, { lenses: { cpu: 'on', block: 'off' } }).blindRatio, 1)
})

test('running is not blind when the CPU was profiled, and network waits always are', () => {
  assert.equal(verdictOf('0 1 3\n7 x x x', legend, on).blindRatio, 0)
  assert.equal(verdictOf('0 1 3\n7 x x x', legend).blindRatio, 1)
  assert.equal(verdictOf('0 1 3\n7 x x x\n8 n n n', legend, on).blindRatio, 0.5)
})

test('goroutine-seconds are integrated between the dumps, not counted per dump', () => {
  const { data } = diagnoseEvidence(draw('0 1 3\n7 n n n\n8 . . n', legend, on))
  assert.equal(data.blindSpots[0]?.goroutineSeconds, 4)
})

test('one dump is inconclusive, in shares of goroutines, and exits 2', () => {
  const diagnosis = diagnoseEvidence(draw('0\n7 s\n8 n', legend, on))
  assert.deepEqual([diagnosis.data.verdict.grade, diagnosis.exitCode], ['inconclusive', 2])
  assert.equal(diagnosis.data.verdict.blindRatio, 0.5)
  assert.equal(diagnosis.data.blindSpots[0]?.goroutineSeconds, undefined)
  assert.ok(diagnosis.issues.some(({ code }) => code === 'SL_ANALYZE_ONE_DUMP'))
})

test('no dump at all is inconclusive and claims no ratio', () => {
  const diagnosis = diagnoseEvidence({ ...draw('0', legend), dumps: [] })
  assert.equal(diagnosis.data.verdict.grade, 'inconclusive')
  assert.equal(diagnosis.data.verdict.blindRatio, undefined)
  assert.ok(diagnosis.issues.some(({ code }) => code === 'SL_ANALYZE_NO_DUMP'))
})

test('a few passing goroutines beside idle ones give no ratio: it would be chance', () => {
  const verdict = verdictOf('0 1 3\n7 i i i\n8 . n .', legend, on)
  assert.deepEqual([verdict.grade, verdict.blindRatio], ['clear', undefined])
})

test('words that nobody knows are unexplained, and too many of them are inconclusive', () => {
  assert.equal(verdictOf('0 1 3\n7 q q q\n8 n n n\n9 n n n', legend, on).explainedRatio, 0.666667)
  assert.equal(verdictOf('0 1 3\n7..9 q q q\n10 n n n', legend, on).grade, 'inconclusive')
})

test('dumps without times give shares of goroutines, and say so', () => {
  const diagnosis = diagnoseEvidence(draw('0 1 3\n7 s s s', legend, { ...on, isTimeless: true }))
  assert.ok(diagnosis.issues.some(({ code }) => code === 'SL_ANALYZE_NO_TIMES'))
  assert.equal(diagnosis.data.verdict.idleNs, undefined)
  assert.equal(diagnosis.data.goroutines.groups[0]?.waitNs, undefined)
})

test('goroutines that a cut dump lost count as unexplained', () => {
  const evidence = draw('0 1 3\n7..9 n n n', legend, { ...on, isTruncated: true, profiles: [countProfile(12)] })
  const diagnosis = diagnoseEvidence(evidence)
  assert.equal(diagnosis.data.verdict.explainedRatio, 0.25)
  assert.ok(diagnosis.issues.some(({ code }) => code === 'SL_ANALYZE_DUMP_CUT'))
})

test('dumps that share no goroutine are said to be of different processes, perhaps', () => {
  const { issues } = diagnoseEvidence(draw('0 1\n7 n .\n8 . n', legend))
  assert.ok(issues.some(({ code }) => code === 'SL_ANALYZE_DUMPS_DIFFER'))
})

test('the same evidence gives the same bytes, whatever order its rows stand in', () => {
  const one = JSON.stringify(diagnoseEvidence(draw('0 1 3\n7 s s s\n8 n n n\n9 i i i', legend, on)))
  const again = JSON.stringify(diagnoseEvidence(draw('0 1 3\n7 s s s\n8 n n n\n9 i i i', legend, on)))
  assert.equal(one, again)
  const groups = (text: string) =>
    diagnoseEvidence(draw(text, legend, on)).data.goroutines.groups.map(({ id, userFunction, verdict }) => [
      id,
      userFunction,
      verdict,
    ])
  assert.deepEqual(groups('0 1 3\n9 i i i\n8 n n n\n7 s s s'), groups('0 1 3\n7 s s s\n8 n n n\n9 i i i'))
})

test('a withheld lens is unknown and seen by nobody', () => {
  const { data } = diagnoseEvidence(draw('0 1 3\n7 x x x', legend, on), { without: ['cpu'] })
  assert.equal(data.lenses.find(({ lens }) => lens === 'cpu')?.state, 'unknown')
  assert.ok(!data.goroutines.groups[0]?.seenBy.includes('cpu'))
  assert.equal(data.verdict.blindRatio, 1)
})

test('ids are listed up to the limit and the rest is counted', () => {
  const { data } = diagnoseEvidence(draw('0\n1..10005 s', legend))
  assert.equal(data.goroutines.groups[0]?.goroutineIds.length, 10_000)
  assert.equal(data.goroutines.groups[0]?.goroutineIdsOmitted, 5)
})

function countProfile(count: number) {
  const empty = new Uint32Array([0, 0])
  const profile: Profile = {
    sampleTypes: [{ type: 'goroutine', unit: 'count' }],
    defaultSampleType: '',
    dropFrames: '',
    keepFrames: '',
    docUrl: '',
    comments: [],
    strings: [''],
    sampleCount: 1,
    values: BigInt64Array.from([BigInt(count)]),
    locationStart: empty,
    sampleLocations: new Uint32Array(0),
    labelStart: empty,
    labelKeys: new Uint32Array(0),
    labelStrings: new Uint32Array(0),
    labelNumbers: new BigInt64Array(0),
    labelUnits: new Uint32Array(0),
    labelIsNumber: new Uint8Array(0),
    locationCount: 0,
    locationAddresses: new BigUint64Array(0),
    locationMappings: new Uint32Array(0),
    locationFolded: new Uint8Array(0),
    lineStart: new Uint32Array([0]),
    lineFunctions: new Uint32Array(0),
    lineNumbers: new Float64Array(0),
    lineColumns: new Float64Array(0),
    functionCount: 0,
    functionNames: new Uint32Array(0),
    functionSystemNames: new Uint32Array(0),
    functionFiles: new Uint32Array(0),
    functionStartLines: new Float64Array(0),
    mappings: [],
  }
  return { source: 'goroutine.pb.gz', kind: 'goroutine', profile, span: 'instant' } as const
}

test('idle by inference is not called idle by design, and goroutines of no known fate are counted', () => {
  const wait = '[chan receive] main.consume() < main.main@1'
  const inferred = diagnoseEvidence(
    draw(
      '0 1 3\n1 m m m\n7..9 w w w',
      { m: '[select (no cases)] main.main()', w: wait },
      { leakDumps: drawDumps('3\n7..9 w', { w: wait }) },
    ),
  )
  assert.ok(inferred.data.verdict.because.some((line) => /3 of them by inference only/.test(line)))
  const send = wait.replace('receive', 'send')
  const unknown = diagnoseEvidence(
    draw('0 1 3\n7..9 w w w', { w: send }, { leakDumps: drawDumps('3\n7..9 w', { w: send }) }),
  )
  assert.ok(unknown.data.verdict.because.some((line) => /^Of 3 goroutines no rule can tell/.test(line)))
})

test('a trace that is kept and could not be read is said, with its file', () => {
  const { issues } = diagnoseEvidence({ ...draw('0\n7 s', legend), trace: { source: 'trace.bin', sizeBytes: 1 } })
  const issue = issues.find(({ code }) => code === 'SL_ANALYZE_TRACE_NOT_READ')
  assert.equal(issue?.at?.file, 'trace.bin')
  assert.ok(!diagnoseEvidence(draw('0\n7 s', legend)).issues.some(({ code }) => code === 'SL_ANALYZE_TRACE_NOT_READ'))
})
