/** The screen of a timeline: the answer first, words for shares and windows, hostile names made harmless. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '../../model/contract.ts'
import type { TimelineGroupedRow, TimelineLife, TimelineReportData, TimelineWait } from '../../model/timeline.ts'
import { widthOf } from '../text.ts'
import { plainTheme } from '../theme.ts'
import { renderTimeline } from './terminal.ts'

const none = { runningNs: 0, runnableNs: 0, waitingNs: 0, syscallNs: 0 }

function wait(more: Partial<TimelineWait>): TimelineWait {
  const row = {
    blockReason: 'network',
    waitClass: 'network',
    ns: 61e9,
    count: 100,
    recordedBy: [],
    blind: true,
  } as const
  return { ...row, waitKind: 'network', openCount: 0, openNs: 0, olderCount: 0, maxNs: 1e9, ...more }
}

const waiting = [
  wait({}),
  wait({ blockReason: 'chan receive', waitClass: 'chan', ns: 39e9, recordedBy: ['block'], blind: false, openNs: 2e9 }),
]

const data: TimelineReportData = {
  trace: {
    goVersion: 'go1.27.3',
    format: 'v2/26',
    sizeBytes: 2048,
    generations: 1,
    events: 1234,
    goroutines: 100,
    processors: 4,
    durationNs: 1e9,
    clock: { kind: 'none' },
    complete: true,
  },
  eventCounts: {},
  totals: { ...none, runningNs: 1e9, waitingNs: 100e9 },
  system: none,
  waiting,
  groups: [
    {
      ...none,
      startFunction: 'example.com/a/b.Serve',
      system: false,
      count: 99,
      waitingNs: 100e9,
      assistNs: 0,
      waiting,
      creators: [],
    },
    {
      ...none,
      startFunction: 'runtime.bgsweep',
      system: true,
      count: 1,
      waitingNs: 1e9,
      assistNs: 0,
      waiting: [],
      creators: [],
    },
  ],
  scheduler: {
    latencyNs: { p50: 1000, p95: 2000, p99: 3000, max: 4000 },
    count: 7,
    causes: [],
    duringStopNs: 0,
    duringAllBusyNs: 0,
    duringGcNs: 0,
    longRuns: [],
  },
  gc: {
    cycles: 2,
    stwNs: 3e5,
    stwCount: 4,
    stwMaxNs: 2e5,
    stwByKind: [],
    assistNs: 0,
    assistCount: 0,
    sweepNs: 0,
    minimumMutatorUtilization: [],
  },
  processors: [],
  syscalls: { count: 0, ns: 0, maxNs: 0 },
  taskCount: 0,
  tasks: [],
  taskTypes: [],
  regions: [],
  logs: { count: 0 },
  cpuSamples: 0,
  wakes: [],
  blind: { waitingNs: 100e9, blindNs: 61e9, unknownNs: 0, blindRatio: 0.61 },
  unknownWaits: { count: 0, ns: 0 },
  join: { rung: 0, spans: 0, certain: 0, probable: 0, partial: 0 },
  sketchErrorRatio: 0.03,
  omitted: {},
}

function render(more: Partial<TimelineReportData> = {}, width = 100): string {
  return renderTimeline({ data: { ...data, ...more }, issues: [] }, { width, theme: plainTheme })
}

test('the first sentence says how much of the waiting is in no profile', () => {
  assert.match(
    render(),
    /^go1\.27\.3 · 1s .*\n\n61 % of the waiting in this second is in no profile: 61 s of 100 s of goroutine time\.\nThat is: network 61 s\./,
  )
  assert.match(render({ window: { fromNs: 0, toNs: 25e7 } }), /in these 250ms is in no profile/)
  const seen = render({ blind: { waitingNs: 5, blindNs: 0, unknownNs: 0, blindRatio: 0 } })
  assert.match(seen, /All of the known waiting in this second is of kinds that a profile can record/)
  assert.match(render({ blind: { waitingNs: 0, blindNs: 0, unknownNs: 0, blindRatio: 0 } }), /Nothing waited/)
})

test('each reason is said with the profiles that record it, and what had not ended is not called recorded', () => {
  const text = render()
  assert.match(text, /61 %.* network +no profile\n/)
  assert.match(text, /39 %.* chan receive +block\n/)
  assert.match(text, /2s of it had not ended with the trace/)
})

test('groups are those of the program, without the runtime’s', () => {
  const text = render()
  assert.match(text, /99 +1m40s +network +b\.Serve\n/)
  assert.doesNotMatch(text, /bgsweep/)
})

test('scheduler and collector are said in numbers; what the trace does not have is left out', () => {
  const text = render()
  assert.match(text, /p50 1µs, p95 2µs, p99 3µs, max 4µs over 7 starts/)
  assert.match(text, /2 cycles; the world stopped 4 times for 300µs, longest 200µs\./)
  assert.doesNotMatch(text, /Tasks|Heap|This goroutine|Doubts/)
})

test('a trace that is not whole says so before its numbers', () => {
  const text = render({ trace: { ...data.trace, complete: false } })
  assert.ok(text.indexOf('not whole') < text.indexOf('61 %') && text.includes('not whole'))
})

test('an empty account is one sentence', () => {
  assert.match(render({ totals: none, waiting: [], groups: [] }), /No goroutine of the program did anything/)
})

test('hostile names stay harmless and no line is wider than asked', () => {
  const evil = `\u001b[31m${'x'.repeat(300)}\u202e`
  const text = render(
    {
      waiting: [wait({ blockReason: evil })],
      groups: data.groups.map((group) => ({ ...group, startFunction: evil, waiting: [wait({ blockReason: evil })] })),
      taskTypes: [{ name: evil, count: 1, ns: 1, maxNs: 1 }],
      goroutine: {
        ...none,
        id: 7,
        startFunction: evil,
        creator: evil,
        isSystem: false,
        startNs: 0,
        endNs: 1,
        createdInTrace: true,
        ended: true,
        runningNs: 1,
      },
    },
    72,
  )
  assert.ok(!text.includes('\u001b') && !text.includes('\u202e'))
  assert.deepEqual(
    text.split('\n').filter((line) => widthOf(line) > 72),
    [],
  )
})

const life: TimelineLife = {
  bar: {
    startNs: 0,
    binNs: 1e6,
    runningNs: Array.from({ length: 200 }, (_, at) => (at < 100 ? 1e6 : 0)),
    runnableNs: new Array(200).fill(0),
    waitingNs: Array.from({ length: 200 }, (_, at) => (at < 100 ? 0 : 1e6)),
    syscallNs: new Array(200).fill(0),
  },
  runs: { count: 1, maxNs: 1e8 },
  places: [
    {
      state: 'waiting',
      reason: 'chan receive',
      waitClass: 'chan',
      stack: [
        { function: 'runtime.chanrecv1', file: 'runtime/chan.go', line: 1 },
        { function: 'sync.helper', file: 'sync/x.go', line: 2 },
        { function: 'example.com/shop/cart.Wait', file: '/src/cart/wait.go', line: 31 },
      ],
      ns: 1e8,
      count: 1,
      openCount: 1,
      maxNs: 1e8,
      longestStartNs: 1e8,
    },
  ],
  longest: [],
  path: [{ goroutine: 9, startFunction: 'main.slow', state: 'syscall', startNs: 1e8, ns: 9e7, reason: '', stack: [] }],
  created: { count: 2, rows: [{ startFunction: 'main.child\x1b[31m', count: 2 }] },
  wokenBy: [{ count: 3, ns: 5e6 }],
  wokeCount: 0,
  regions: [],
  tasks: [],
  logs: { count: 1, rows: [{ timeNs: 5, category: 'note', message: 'a\nb' }] },
  cpuSamples: { count: 0, rows: [] },
}

const goroutine = {
  ...none,
  id: 7,
  startFunction: 'main.serve',
  creator: 'main.main',
  isSystem: false,
  startNs: 0,
  endNs: 2e8,
  createdInTrace: true,
  ended: false,
  runningNs: 1e8,
  waitingNs: 1e8,
  life,
}

for (const width of [80, 120]) {
  test(`a goroutine's life at ${width} columns: a bar per state, the program's own function, the way to the end`, () => {
    const text = renderTimeline({ data: { ...data, goroutine }, issues: [] }, { theme: plainTheme, width })
    const lines = text.split('\n')
    const room = Math.min(200, width - 13)
    const bar = lines.find((line) => line.startsWith('running      '))?.slice(13) ?? ''
    assert.match(bar, /^█+▄?$/)
    assert.ok(Math.abs(bar.length - room / 2) <= 1)
    assert.match(lines.find((line) => line.startsWith('waiting      ')) ?? '', / +▄?█+$/)
    assert.ok(!lines.some((line) => line.startsWith('runnable  ')))
    assert.match(text, /chan receive +cart\.Wait/)
    assert.match(text, /9 +main\.slow +syscall/)
    assert.match(text, /no goroutine: a timer, the network, the runtime/)
    assert.ok(text.includes('main.child\\x1b[31m') && text.includes('a\\nb') && !text.includes('\x1b'))
    assert.ok(!text.includes('Groups, by start function'))
    assert.ok(lines.every((line) => widthOf(line) <= width))
  })
}

test('a version that only the header tells is the releases that write it; one that a capture tells is itself', () => {
  const of = (goVersion: string) =>
    renderTimeline(
      { data: { ...data, trace: { ...data.trace, goVersion } }, issues: [] },
      { theme: plainTheme, width: 80 },
    )
  assert.match(of('go1.26'), /^go1\.26 or newer · /)
  assert.match(of('go1.26.8'), /^go1\.26\.8 · /)
  assert.match(of('go1.25'), /^go1\.25 · /)
})

test('a path that was not kept is said, with the window that has it', () => {
  const { path: _path, ...rest } = life
  const woken = {
    state: 'waiting',
    reason: 'sync',
    startNs: 3e9,
    ns: 5e6,
    isOlder: false,
    isOpen: false,
    stack: [],
  } as const
  const longest = [{ ...woken, wokenBy: { goroutine: 9, stack: [] } }]
  const cut = { ...goroutine, life: { ...rest, longest, isPathCut: true } }
  const text = renderTimeline({ data: { ...data, goroutine: cut }, issues: [] }, { theme: plainTheme, width: 100 })
  assert.match(text, /A narrower window shows it: --from 3s\./)
  assert.match(text, /5ms from 3s on, sync, ended by goroutine 9\./)
})

const rows: readonly TimelineGroupedRow[] = [
  {
    ...none,
    startFunction: 'example.com/a/b.Serve',
    state: 'waiting',
    stack: [{ function: 'example.com/a/b.Lock', file: '/go/b/lock.go', line: 3 }],
    ns: 3e9,
    waitingNs: 3e9,
    shareRatio: 0.75,
    blindNs: 0,
    states: [{ state: 'waiting', ns: 3e9, count: 12, maxNs: 1e9, p50Ns: 2e8, p95Ns: 8e8, p99Ns: 9e8 }],
  },
  {
    ...none,
    startFunction: '',
    state: 'running',
    stack: [],
    ns: 1e9,
    runningNs: 1e9,
    shareRatio: 0.25,
    blindNs: 0,
    states: [{ state: 'running', ns: 1e9 }],
  },
]

test('a grouping stands in the place of the tables, with shares, counts and quantiles, and says what it leaves out', () => {
  const grouped = { by: ['start', 'state'], ns: 4e9, rowCount: 5, rows } as const
  const text = renderTimeline({ data: { ...data, grouped }, issues: [] }, { theme: plainTheme, width: 80 })
  assert.match(text, /Time by start function and state/)
  assert.match(text, /3s +75 % +12 +900ms +1s +b\.Serve +waiting/)
  assert.match(text, /1s +25 % +not known +running/)
  assert.match(text, /and 3 more rows: --top 5 shows all/)
  assert.ok(!text.includes('What the goroutines waited for'))
})

test('by stack each row is a paragraph with its frames; --top is the number of rows', () => {
  const grouped = { by: ['stack'], ns: 4e9, rowCount: 2, rows } as const
  const options = { theme: plainTheme, width: 80 }
  const text = renderTimeline({ data: { ...data, grouped }, issues: [] }, options)
  assert.match(text, /3s \(75 %\) · waiting · 12 times, p50 200ms, p99 900ms, longest 1s\n {4}b\.Lock +b\/lock\.go:3/)
  assert.match(text, /1s \(25 %\) · running\n {4}no stack/)
  const top = renderTimeline({ data: { ...data, grouped }, issues: [] }, { ...options, top: 1 })
  assert.ok(!top.includes('no stack') && top.includes('and 1 more row'))
})

test('a part of the trace, and a focus, are said before anything else', () => {
  const focus = { focus: 'pool', ignore: 'test', keptNs: 1e9, ofNs: 4e9, keptRatio: 0.25 }
  const part = { ...data, window: { fromNs: 2e8, toNs: 4e8 }, focus }
  const text = renderTimeline({ data: part, issues: [] }, { theme: plainTheme, width: 120 })
  assert.match(text, /From 200ms to 400ms: 20 % of the trace\./)
  assert.match(text, /with a match of \/pool\/ and without one of \/test\/: 1 s of 4 s \(25 %\)/)
})

test('findings stand below the answer, with what to do and where it was seen', () => {
  const finding: Finding = {
    rule: 'long-run',
    title: 'A goroutine ran 200ms without a stop',
    severity: 'medium',
    confidence: 'certain',
    subject: { service: 'shop' },
    evidence: [{ lens: 'trace', source: 'trace.bin', at: 'goroutine 7' }],
    blindTo: [],
    cost: {},
    fix: { summary: 'Call runtime.Gosched' },
    fingerprint: 'x',
  }
  const text = renderTimeline({ data, findings: [finding], issues: [] }, { theme: plainTheme, width: 80 })
  assert.match(
    text,
    /Findings\nmedium: A goroutine ran 200ms without a stop \(certain\)\n {2}Call runtime\.Gosched\.\n {2}trace\.bin, goroutine 7/,
  )
  assert.ok(text.indexOf('Findings') < text.indexOf('What the goroutines waited for'))
})
