/** Each rule over traces: a case that fires, a near miss, a case without the data it needs; and healthy programs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '../../model/contract.ts'
import type { TraceMeta } from '../../model/trace.ts'
import type { TraceAccount } from '../../model/trace-account.ts'
import { traceKinds as kind, wireGoroutineStatus } from '../../model/trace-kinds.ts'
import { chunkRows, type DrawOptions, drawTrace } from '../testing/draw-trace.ts'
import { openTraceAccount } from '../trace/trace-account.ts'
import { readTraceFrames } from '../traced/trace-frames.ts'
import { findInTrace, listTraceRuleInfo, type TraceFindingsInput, traceRules } from './registry.ts'
import { explainDelay } from './scheduler-delay.ts'

const tickNs = 10e6
const serve = 'net/http.HandlerFunc.ServeHTTP'
const read = ['internal/poll.runtime_pollWait', 'internal/poll.(*FD).Read', 'net.(*conn).Read']

const draw: DrawOptions = {
  tickNs,
  reasons: { M: 'sync', N: 'network', B: 'network', G: 'sync', K: 'network', Z: 'sleep' },
  stacks: {
    M: ['sync.(*Mutex).Lock', 'main.work'],
    G: ['sync.(*WaitGroup).Wait', 'main.join'],
    N: [...read, 'main.ask', serve],
    B: [...read, 'main.pump'],
    K: [
      ...read,
      'net/http.(*connReader).Read',
      'bufio.(*Reader).fill',
      'bufio.(*Reader).Peek',
      'net/http.(*conn).serve',
    ],
    W: ['runtime.chanrecv1', 'main.take', serve],
    Z: ['time.Sleep', 'main.tick'],
    S: ['syscall.Syscall', 'syscall.Flock', 'main.lockFile', serve],
  },
}

type Given = Omit<TraceFindingsInput, 'source' | 'subject'>

function trace(lines: readonly string[], more: DrawOptions = {}): Given {
  const drawn = drawTrace(lines, { ...draw, ...more })
  const account = openTraceAccount()
  for (const chunk of chunkRows(drawn.rows)) account.addChunk(chunk, drawn.tables)
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
  return { account: account.finish(meta), meta, framesOf: (stack) => readTraceFrames(drawn.tables, stack) }
}

function change(given: Given, part: (account: TraceAccount) => Partial<TraceAccount>): Given {
  return { ...given, account: { ...given.account, ...part(given.account) } }
}

function findAll(given: Given): readonly Finding[] {
  return findInTrace({ source: 'trace.bin', subject: { service: 'shop' }, ...given }).findings
}

const find = (given: Given, rule: string) => findAll(given).filter((finding) => finding.rule === rule)

const runs = `1 ${'R'.repeat(40)}`
const quiet = trace([runs])
const short = trace(['1 RRRR'])
const restless = Array.from({ length: 5 }, (_, at) => `${at + 2} ${'rR'.repeat(60)}`)

/** One stop of the world for each length, in ticks. */
const stops = (...lengths: readonly number[]) =>
  trace([runs], {
    rows: (tables) =>
      lengths.flatMap((length, at) => {
        const name = tables.string(at === 9 ? 'start trace' : 'GC mark termination')
        const from = (1 + at * 6) * tickNs
        return [
          { timeNs: from, kind: kind.STWBegin, goroutine: 1, processor: 1, args: [name, tables.stack('main.g1')] },
          { timeNs: from + length * tickNs, kind: kind.STWEnd, goroutine: 1, processor: 1, args: [name] },
        ]
      }),
  })

const assists = (ticks: number, hasCycle = true) =>
  trace([runs], {
    rows: () => [
      ...(hasCycle ? [{ timeNs: tickNs, kind: kind.GCBegin, goroutine: 1, processor: 1, args: [1, 0] }] : []),
      { timeNs: 2 * tickNs, kind: kind.GCMarkAssistBegin, goroutine: 1, processor: 1, args: [0] },
      { timeNs: (2 + ticks) * tickNs, kind: kind.GCMarkAssistEnd, goroutine: 1, processor: 1, args: [] },
      ...(hasCycle ? [{ timeNs: 38 * tickNs, kind: kind.GCEnd, goroutine: 1, processor: 1, args: [2] }] : []),
    ],
  })

const utilization = (ratio: number, errorRatio: number, cycles = 3) =>
  change(quiet, ({ gc }) => ({
    gc: { ...gc, cycles, collectorNs: 100e6, minimumMutatorUtilization: [{ windowNs: 1e8, ratio, errorRatio }] },
    maxProcessors: 2,
  }))

const churn = (createdCount: number, lifeNs: number) =>
  change(quiet, ({ groups }) => {
    const [group] = groups
    assert.ok(group !== undefined)
    return { groups: [{ ...group, startFunction: 'main.tiny', count: createdCount, createdCount, lifeNs }] }
  })

/** A goroutine that waits through all of it, told with its stack. */
const waitsThroughout = (...functions: readonly string[]) =>
  trace([runs], {
    rows: (tables) => [
      {
        timeNs: 20 * tickNs,
        kind: kind.GoStatusStack,
        args: [7, Number.NaN, wireGoroutineStatus.waiting, tables.stack(...functions)],
      },
    ],
  })

const queue = Array.from({ length: 4 }, (_, at) => `${at + 2} ${'RMMM'.repeat(10)}`)
const asks = ['2 RNNNNNNNNRNNNNNNNNRNNNNNNNNRNNNNNNNNR']

type Case = { readonly rule: string; readonly fires: Given; readonly nearMiss: Given; readonly noData: Given }

const cases: readonly Case[] = [
  {
    rule: 'scheduler-delay',
    fires: trace(restless),
    nearMiss: trace([runs, '2 rrrrRRRRRR']),
    noData: trace(['1 rrrRR']),
  },
  {
    rule: 'gc-stop-over-sla',
    fires: stops(2, 3),
    nearMiss: stops(1, 1),
    noData: quiet,
  },
  { rule: 'gc-assist-high', fires: assists(8), nearMiss: assists(2), noData: assists(8, false) },
  {
    rule: 'gc-takes-processors',
    fires: utilization(0.3, 0.05),
    nearMiss: utilization(0.48, 0.05),
    noData: utilization(0.3, 0.05, 0),
  },
  { rule: 'lock-contention', fires: trace(queue), nearMiss: trace(['2 RMRRRRRRRRRMRRRRRRRRRMRR']), noData: short },
  {
    rule: 'network-waits-dominate',
    fires: trace(asks),
    nearMiss: trace(['2 RRRRRRRRNRRRRRRRRNRRRRRRRRRRRRRR']),
    noData: trace(['2 RNNNNRN']),
  },
  {
    rule: 'blind-waits-dominate',
    fires: trace(asks),
    nearMiss: trace(['2 RNNNNRNNNNRWWWWWWWWWWWWRWWWWWWWWWWWR']),
    noData: trace(['2 RNNNNRN']),
  },
  {
    rule: 'unknown-reason-waits',
    fires: waitsThroughout('runtime.chanrecv1', 'main.take'),
    nearMiss: { ...waitsThroughout('runtime.chanrecv1', 'main.take'), told: new Set([7]) },
    noData: quiet,
  },
  {
    rule: 'slow-syscalls',
    fires: trace(['2 RSSSSSSSSSSSSRRRR']),
    nearMiss: trace(['2 RSSSSSSSSSRRRRRRR']),
    noData: quiet,
  },
  { rule: 'goroutine-churn', fires: churn(4000, 4000 * 0.1e6), nearMiss: churn(4000, 4000 * 5e6), noData: quiet },
  {
    rule: 'trace-incomplete',
    fires: { ...quiet, meta: { ...quiet.meta, complete: false } },
    nearMiss: quiet,
    noData: quiet,
  },
]

test('every rule over traces has its three cases here', () => {
  assert.deepEqual(cases.map(({ rule }) => rule).sort(), traceRules.map(({ id }) => id).sort())
})

for (const { rule, fires, nearMiss, noData } of cases) {
  test(`${rule} fires where it should`, () => {
    const [first] = find(fires, rule)
    assert.ok(first, `only ${findAll(fires).map((finding) => finding.rule)}`)
    assert.match(first.fingerprint, /^[0-9a-f]{32}$/)
    assert.deepEqual([first.evidence[0].lens, first.evidence[0].source], ['trace', 'trace.bin'])
    assert.ok((first.evidence[0].excerpt ?? '') !== '' && first.fix.summary !== '')
  })
  test(`${rule} is silent for a near miss`, () => assert.deepEqual(find(nearMiss, rule), []))
  test(`${rule} is silent without the data that it needs`, () => assert.deepEqual(find(noData, rule), []))
}

test('a queue for a lock is named with its number, its time and its place', () => {
  const [first] = find(trace(queue), 'lock-contention')
  assert.match(
    first?.title ?? '',
    /^40 waits for a lock in main\.work: 1\.2 goroutine-seconds, the longest 30ms, 3\.0 waiting/,
  )
  assert.deepEqual([first?.severity, first?.confidence], ['medium', 'certain'])
  assert.match(first?.evidence[0].at ?? '', /^goroutine \d+ at /)
  assert.equal(first?.cost.goroutineSeconds, 1.2)
})

test('waiting for others to be done is no lock', () => {
  assert.deepEqual(find(trace(queue.map((line) => line.replaceAll('M', 'G'))), 'lock-contention'), [])
})

test('waits of requests for the network are probable, those of others possible', () => {
  const confidences = (lines: readonly string[]) =>
    ['network-waits-dominate', 'blind-waits-dominate'].map((rule) => find(trace(lines), rule)[0]?.confidence)
  assert.deepEqual(confidences(asks), ['probable', 'probable'])
  assert.deepEqual(confidences(asks.map((line) => line.replaceAll('N', 'B'))), ['possible', 'possible'])
})

test('one stop over the limit is possible, two are certain; the stops of whoever traces do not count', () => {
  const one = find(stops(2), 'gc-stop-over-sla')[0]
  const two = find(stops(2, 20), 'gc-stop-over-sla')[0]
  assert.deepEqual([one?.severity, one?.confidence], ['low', 'possible'])
  assert.deepEqual([two?.severity, two?.confidence], ['high', 'certain'])
  assert.match(two?.title ?? '', /^2 stops of the world over 10ms, the longest 200ms \(GC mark termination\)/)
  assert.equal(find({ ...stops(2, 2), gcSlaNs: 50e6 }, 'gc-stop-over-sla').length, 0)
})

test('the cause of a delay is what covers most of it: a stop, long runs, the collector, busy processors, the machine', () => {
  const { account } = trace(restless)
  const { scheduler } = account
  const ns = scheduler.latency.ns
  const run = { goroutine: 9, startNs: 0, ns: 300e6, stack: 0 }
  const cause = (part: Partial<TraceAccount['scheduler']>, cycles = 0) => {
    const none = { duringStopNs: 0, duringAllBusyNs: 0, duringGcNs: 0, allBusyNs: 400e6, longRuns: [] }
    return explainDelay({
      ...account,
      gc: { ...account.gc, cycles },
      maxProcessors: 4,
      scheduler: { ...scheduler, ...none, ...part },
    })
  }
  assert.match(cause({ duringStopNs: ns * 0.4 }).what, /world was stopped/)
  assert.match(cause({ duringAllBusyNs: ns, longRuns: [run] }).what, /ran for up to 300ms without a stop/)
  assert.match(cause({ duringAllBusyNs: ns, duringGcNs: ns }, 1).what, /collector was marking/)
  assert.match(cause({ duringAllBusyNs: ns }).what, /all 4 processors were busy/)
  assert.equal(cause({ duringAllBusyNs: ns }).isOwn, true)
  assert.match(cause({}).what, /processors were free/)
  assert.equal(cause({}).isOwn, false)
})

test('few starts that all wait long are a delay too; one that does may be the machine’s doing', () => {
  const many = trace(Array.from({ length: 6 }, (_, at) => `${at + 2} ${'rrrrR'.repeat(8)}`))
  const [first] = find(many, 'scheduler-delay')
  assert.match(first?.title ?? '', /^4\.8 goroutines are ready at any time and wait 40ms for a processor on average/)
  assert.deepEqual([first?.severity, first?.confidence], ['medium', 'probable'])
  const [single] = find(trace([runs, '2 rrrrrrrrrrrrRRRRRR']), 'scheduler-delay')
  assert.deepEqual([single?.severity, single?.confidence], ['low', 'possible'])
})

test('a trace of which part is missing makes every other finding one step less sure', () => {
  const given = trace(queue)
  const cut = { ...given, meta: { ...given.meta, complete: false } }
  assert.equal(find(cut, 'lock-contention')[0]?.confidence, 'probable')
  assert.equal(find(cut, 'trace-incomplete')[0]?.confidence, 'certain')
})

test('a rule is silent where one over dumps has said the same', () => {
  const asked: string[][] = []
  const isSaid = (rules: readonly string[], symbols: readonly string[]) => {
    asked.push([...symbols])
    return rules.includes('lock-held-across-io')
  }
  assert.deepEqual(find({ ...trace(queue), isSaid }, 'lock-contention'), [])
  assert.deepEqual(asked, [['main.work']])
})

test('a server that idles has no findings: connections between requests, tickers, sleepers of their own', () => {
  const idle = trace([
    '1 RZZZZZZZZZZZZRZZZZZZZZZZZZZZZZZZZZZZZZRZZ',
    ...Array.from({ length: 30 }, (_, at) => `${at + 2} ${'KKKKKKKKKKKKRKKKKKKKKKKKKKKKKKKKKKKKKRKK'}`),
  ])
  assert.deepEqual(findAll(idle), [])
})

test('the list of rules over traces says of each what it needs, when it speaks and what to do', () => {
  for (const info of listTraceRuleInfo()) {
    for (const text of [info.title, info.severity, info.needs, info.saysWhen, info.fix]) {
      assert.ok(text.length > 3, info.id)
    }
    assert.equal(info.doc, `docs/rules.md#${info.id}`)
  }
})
