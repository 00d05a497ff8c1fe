/** The screen of a timeline: the answer first, words for shares and windows, hostile names made harmless. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TimelineReportData, TimelineWait } from '../model/timeline.ts'
import { renderTimeline } from './terminal-timeline.ts'
import { widthOf } from './text.ts'
import { plainTheme } from './theme.ts'

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
  assert.match(render(), /^go1\.27\.3 · 1s .*\n\n61 % of the waiting in this second is in no profile: 1m01s of 1m40s/)
  assert.match(render({ window: { fromNs: 0, toNs: 25e7 } }), /in these 250ms is in no profile/)
  const seen = render({ blind: { waitingNs: 5, blindNs: 0, unknownNs: 0, blindRatio: 0 } })
  assert.match(seen, /All of the known waiting in this second is of kinds that a profile can record/)
  assert.match(render({ blind: { waitingNs: 0, blindNs: 0, unknownNs: 0, blindRatio: 0 } }), /Nothing waited/)
})

test('each reason is said with the profiles that record it, and what had not ended is not called recorded', () => {
  const text = render()
  assert.match(text, /61 %.* network +network +no profile\n/)
  assert.match(text, /39 %.* chan receive +chan +block\n/)
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
