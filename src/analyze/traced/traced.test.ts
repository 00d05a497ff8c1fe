/** Dumps and a trace of one process together: times per group, shares, what no profile records, reasons out of dumps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EvidenceSet } from '../../model/evidence.ts'
import type { TraceMeta } from '../../model/trace.ts'
import { traceKinds as kind, wireGoroutineStatus } from '../../model/trace-kinds.ts'
import { diagnoseEvidence } from '../diagnose.ts'
import { draw, lineOf } from '../testing/draw-dumps.ts'
import { chunkRows, type DrawOptions, drawTrace } from '../testing/draw-trace.ts'
import { openTraceAccount } from '../trace/trace-account.ts'
import { followGoroutines } from './follow-goroutines.ts'
import { kindOfSite } from './site-kinds.ts'
import { tellReasons } from './tell-reasons.ts'
import { placeKey, readTraceFrames } from './trace-frames.ts'

const tickNs = 10e6
const poll = ['internal/poll.runtime_pollWait', 'net.(*conn).Read']

const picture: DrawOptions = {
  tickNs,
  reasons: { N: 'network', M: 'sync', K: 'network' },
  stacks: {
    N: [...poll, 'main.ask'],
    M: ['sync.(*Mutex).Lock', 'main.get'],
    K: [
      ...poll,
      'net/http.(*connReader).Read',
      'bufio.(*Reader).fill',
      'bufio.(*Reader).Peek',
      'net/http.(*conn).serve',
    ],
  },
  starts: { 7: 'main.work', 8: 'main.work', 9: 'main.work' },
}

/** The evidence with a trace of the last dump's goroutines. */
function withTrace(evidence: EvidenceSet, lines: readonly string[], more: DrawOptions = {}): EvidenceSet {
  const drawn = drawTrace(lines, { ...picture, ...more })
  const { strings, frameFunctions } = drawn.tables
  const frameLines = Array.from(frameFunctions, (name) => lineOf(strings[name] ?? ''))
  const tables = { ...drawn.tables, frameLines }
  const ids = evidence.dumps.at(-1)?.dump.ids ?? new Float64Array()
  const account = openTraceAccount()
  const follower = followGoroutines(ids)
  for (const chunk of chunkRows(drawn.rows)) {
    account.addChunk(chunk, tables)
    follower.addChunk(chunk)
  }
  const meta: TraceMeta = {
    headerVersion: 'go1.26',
    format: 'v2/26',
    sizeBytes: 1,
    generations: 1,
    events: drawn.rows.length,
    cpuSamples: 0,
    durationNs: drawn.durationNs,
    clock: { kind: 'none' },
    complete: true,
  }
  const goroutines = follower.finish(drawn.durationNs, drawn.tables.strings)
  const { seen, moves, ended } = goroutines
  return {
    ...evidence,
    trace: {
      source: 'trace.bin',
      sizeBytes: 1,
      activity: { durationNs: drawn.durationNs, isComplete: true, goroutineIds: ids, seen, moves, ended },
      reading: {
        account: account.finish(meta),
        meta,
        goroutines,
        framesOf: (stack) => readTraceFrames(tables, stack),
        startNs: 3.1e9,
        endNs: 3.1e9 + drawn.durationNs,
      },
    },
  }
}

const throughout = (...functions: readonly string[]): DrawOptions => ({
  rows: (tables) => [
    {
      timeNs: 5 * tickNs,
      kind: kind.GoStatusStack,
      args: [7, Number.NaN, wireGoroutineStatus.waiting, tables.stack(...functions)],
    },
  ],
})

const all = { lenses: { cpu: 'on', block: 'on', mutex: 'on' } } as const
const asking = draw(
  `0 1 3\n7..9 n n n`,
  {
    n: '[IO wait] internal/poll.runtime_pollWait() / net.(*conn).Read() / main.ask() / main.work() < main.main@1',
  },
  all,
)

const groupOf = (evidence: EvidenceSet, name: string) =>
  diagnoseEvidence(evidence).data.goroutines.groups.find(({ userFunction }) => userFunction === name)

test('a group has the time that its goroutines spent here, of all their time in the trace', () => {
  const group = groupOf(withTrace(asking, ['7 NNNNNNNNNNRRRRRMMMMM', '8 NNNNNNNNNNNNNNNNNNNN']), 'main.ask')
  const traced = group?.traced
  assert.deepEqual([traced?.windowNs, traced?.members], [200e6, 2])
  assert.deepEqual([traced?.runningNs, traced?.waitingNs], [50e6, 350e6])
  assert.match(
    group?.why ?? '',
    /in the execution trace 300ms of 400ms were spent here by 2 of its goroutines, 2 times, the longest 200ms/,
  )
  assert.deepEqual(
    traced?.waits.map(({ blockReason, here, ns }) => [blockReason, here, ns]),
    [
      ['IO wait', true, 300e6],
      ['sync', false, 50e6],
    ],
  )
})

test('both shares are those of the trace, over all goroutines and not the few that dumps met', () => {
  const { verdict } = diagnoseEvidence(withTrace(asking, ['7 NNNNNNNNNNRRRRRRRRRR', '1 RRRRRRRRRRRRRRRRRRRR'])).data
  assert.equal(verdict.basis, 'trace')
  assert.equal(verdict.blindRatio, 0.25)
  assert.equal(verdict.explainedRatio, 1)
  assert.equal(verdict.grade, 'partial')
  assert.equal(diagnoseEvidence(asking).data.verdict.basis, 'dumps')
  assert.equal(diagnoseEvidence(asking).data.verdict.grade, 'blind')
  assert.equal(diagnoseEvidence(withTrace(asking, ['7 NNN']), {}).data.verdict.basis, 'dumps', 'too short')
})

test('the goroutine-seconds that no profile records are named with their places, idle ones apart', () => {
  const { verdict, blindSpots } = diagnoseEvidence(
    withTrace(asking, ['7 NNNNNNNNNNRRRRRRRRRN', '11 RKKKKKKKKKKKKKKKKKKR', '1 RRRRRRRRRRRRRRRRRRRR']),
  ).data
  const { traced } = verdict
  assert.deepEqual(
    [traced?.waitingSeconds, traced?.unrecordableSeconds, traced?.unrecordableIdleSeconds],
    [0.29, 0.29, 0.18],
  )
  assert.deepEqual(
    traced?.unrecorded.map((one) => [one.userFunction, one.waitClass, one.goroutineSeconds, one.groups]),
    [['main.ask', 'network', 0.11, ['g1']]],
  )
  assert.match(
    verdict.because.join(' '),
    /goroutines waited 0\.290 s; 0\.290 s of that no block or mutex profile can record/,
  )
  assert.equal(blindSpots.find(({ waitClass }) => waitClass === 'network')?.tracedGoroutineSeconds, 0.11)
})

test('a server of which all but nothing is idle has no shares and is clear', () => {
  const keepAlive =
    '[IO wait] internal/poll.runtime_pollWait() / net/http.(*connReader).Read() / bufio.(*Reader).Peek() / net/http.(*conn).serve() < net/http.(*Server).Serve@1'
  const evidence = withTrace(draw('0 1 3\n7..9 k k k', { k: keepAlive }, all), [
    '7 KKKKKKKKKKKKKKKKKKKK',
    '8 KKKKKKKKKKKKKRKKKKKK',
  ])
  const { verdict } = diagnoseEvidence(evidence).data
  assert.deepEqual([verdict.grade, verdict.blindRatio, verdict.basis], ['clear', undefined, undefined])
  assert.deepEqual(diagnoseEvidence(evidence).findings, [])
})

test('a wait throughout has its reason from the dump that shows the goroutine at the same place', () => {
  const given = draw('0 1 3\n7 t t t', { t: '[chan send] main.take() / main.work() < main.main@1' }, all)
  const here = withTrace(given, ['1 RRRRRRRRRRRRRRRRRRRR'], throughout('runtime.chansend1', 'main.take', 'main.work'))
  const [wait] = groupOf(here, 'main.take')?.traced?.waits ?? []
  assert.deepEqual([wait?.blockReason, wait?.waitClass, wait?.reasonFrom], ['chan send', 'chan', 'goroutine.2.txt'])
  assert.deepEqual(diagnoseEvidence(here).data.verdict.traced?.unknownWaits, {
    count: 1,
    told: 1,
    sources: ['goroutine.2.txt'],
  })
  assert.ok(!diagnoseEvidence(here).findings.some(({ rule }) => rule === 'unknown-reason-waits'))
  const elsewhere = withTrace(
    given,
    ['1 RRRRRRRRRRRRRRRRRRRR'],
    throughout('runtime.chansend1', 'main.other', 'main.work'),
  )
  assert.equal(diagnoseEvidence(elsewhere).data.verdict.traced?.unknownWaits.told, 0)
  assert.ok(diagnoseEvidence(elsewhere).findings.some(({ rule }) => rule === 'unknown-reason-waits'))
})

test('a dump that is far from the trace, or shows the goroutine running, tells no reason', () => {
  const rows = [{ goroutine: 7, startFunction: 'main.work', stack: 0 }]
  const { dumps } = draw('0 1 3\n7 t r t', { t: '[chan send] main.take()', r: '[running] main.take()' })
  const tell = (startNs: number, some = dumps) =>
    tellReasons(rows, () => [], some, { startNs, endNs: startNs + 1e9 }).told.map(({ source, awayNs }) => [
      source,
      awayNs,
    ])
  assert.deepEqual(tell(4e9), [['goroutine.2.txt', 1e9]])
  assert.deepEqual(tell(120e9), [])
  assert.deepEqual(tell(4e9, dumps.slice(1, 2)), [])
  assert.deepEqual(
    tellReasons(rows, () => [], dumps).told.map(({ source, awayNs }) => [source, awayNs]),
    [['goroutine.2.txt', undefined]],
  )
})

test('one place has one key, whoever prints it', () => {
  const frames = (...names: readonly string[]) => names.map((name) => ({ function: name, line: 3 }))
  const dump = frames('internal/sync.runtime_SemacquireMutex', 'sync.(*Mutex).Lock', 'main.get', 'gopkg.in/a%2ev1.do')
  const trace = frames('sync.(*Mutex).Lock', 'main.get', 'gopkg.in/a.v1.do', 'main.main.gowrap1')
  assert.equal(placeKey(dump), placeKey(trace))
  assert.notEqual(placeKey(dump), placeKey(frames('main.put', 'gopkg.in/a.v1.do')))
  assert.equal(placeKey([]), '')
})

test('a place is idle by the table, a probe, part of a request, or none of these', () => {
  const site = { state: 'Waiting', reason: 'network', waitClass: 'network', creator: '' } as const
  const serve = 'net/http.HandlerFunc.ServeHTTP'
  assert.equal(kindOfSite(site, picture.stacks?.K ?? []).kind, 'idle')
  assert.equal(kindOfSite(site, [...poll, 'main.ask', serve]).kind, 'serving')
  assert.equal(kindOfSite(site, [...poll, 'main.ask']).kind, 'other')
  const sleep = { ...site, reason: 'sleep', waitClass: 'timer' } as const
  assert.equal(kindOfSite(sleep, ['time.Sleep', 'net/http/pprof.Trace', serve]).kind, 'probe')
  assert.deepEqual(kindOfSite(sleep, ['time.Sleep', 'main.tick']), {
    kind: 'idle',
    confidence: 'possible',
    pattern: 'sleeps-on-its-own',
  })
  assert.equal(kindOfSite(sleep, ['time.Sleep', 'main.retry', serve]).kind, 'serving')
})
