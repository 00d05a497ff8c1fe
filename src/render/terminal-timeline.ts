/**
 * An execution trace's account for the terminal: first the answer (what the time went to, and how much of the waiting
 * is in no profile), then reasons, groups, scheduler, collector, tasks, doubts. Enters: the data of `timeline --json`.
 * Leaves: text that ends in \n. Every string of the trace's passes `escapeControls`, here or in the table writer.
 */
import { formatDuration, formatSize } from '../base/units.ts'
import type { Issue } from '../model/issue.ts'
import type { TimelineGroup, TimelineGroupKey, TimelineReportData, TimelineWait } from '../model/timeline.ts'
import type { StateTimes } from '../model/trace-account.ts'
import { renderTable } from './table.ts'
import { renderIssues } from './terminal-diagnose.ts'
import { renderGrouping } from './terminal-timeline-groups.ts'
import { countOf, escapeControls, formatCount, formatShare, joinAnd, shortFunction, wrapWords } from './text.ts'
import type { Theme } from './theme.ts'

type Options = { readonly width: number; readonly theme: Theme; readonly top?: number }
type Report = { readonly data: TimelineReportData; readonly issues: readonly Issue[] }

const MAX_WAITS = 20
const MAX_GROUPS = 15
const MAX_NAMES = 8
const MANY_BLIND = 0.5
const SOME_BLIND = 0.1
const WORTH_SAYING = 0.001

const states = [
  ['running', 'runningNs'],
  ['runnable', 'runnableNs'],
  ['in system calls', 'syscallNs'],
  ['waiting', 'waitingNs'],
] as const

export function renderTimeline({ data, issues }: Report, options: Options): string {
  const { theme } = options
  const lines = [
    ...renderAnswer(data, options),
    ...(data.grouped === undefined
      ? []
      : section(`Time by ${joinAnd(data.grouped.by.map(nameKey))}`, renderGrouping(data.grouped, options), theme)),
    ...section('This goroutine', renderGoroutine(data, options), theme),
    ...section('What the goroutines waited for', renderWaits(data.waiting, options), theme),
    ...section('Groups, by start function', renderGroups(data, options), theme),
    ...section('Scheduler', renderScheduler(data, options), theme),
    ...section('Garbage collection', renderCollector(data, options), theme),
    ...section('Tasks and regions', renderTasks(data, options), theme),
    ...section('Doubts about the data', renderIssues(issues, options), theme),
  ]
  return `${lines.join('\n')}\n`
}

const keyNames = { start: 'start function', creator: 'creator' } as const

function nameKey(key: TimelineGroupKey): string {
  return key === 'start' || key === 'creator' ? keyNames[key] : key
}

function section(title: string, body: readonly string[], theme: Theme): string[] {
  return body.length === 0 ? [] : ['', theme.strong(title), ...body]
}

function say(text: string, { width }: Options, indent = ''): string[] {
  return wrapWords(escapeControls(text), width - indent.length).map((line) => indent + line)
}

function joinFacts(facts: readonly string[], { width }: Options): string[] {
  const lines: string[] = []
  for (const fact of facts.map(escapeControls)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + fact.length + 3 <= width) lines[lines.length - 1] = `${last} · ${fact}`
    else lines.push(...wrapWords(fact, width))
  }
  return lines
}

function renderAnswer(data: TimelineReportData, options: Options): string[] {
  const { theme } = options
  const { trace, blind, totals } = data
  const facts = [
    trace.goVersion,
    formatDuration(trace.durationNs),
    countOf(trace.events, 'event'),
    countOf(trace.goroutines, 'goroutine'),
    countOf(trace.processors, 'processor'),
    formatSize(trace.sizeBytes),
    ...(trace.startTime === undefined ? [] : [trace.startTime]),
  ]
  const lines = [...joinFacts(facts, options).map(theme.dim), '']
  if (!trace.complete) lines.push(theme.warn('The trace is not whole: what is missing stands at the end.'), '')
  const sum = sumStates(totals)
  if (sum === 0) return [...lines, theme.strong('No goroutine of the program did anything in this time.')]
  const tone = blind.blindRatio >= MANY_BLIND ? 'bad' : blind.blindRatio >= SOME_BLIND ? 'warn' : 'good'
  lines.push(...say(sayBlind(data), options).map((line) => theme[tone](theme.strong(line))))
  if (blind.unknownNs >= blind.waitingNs * WORTH_SAYING && blind.unknownNs > 0) {
    const share = formatShare(blind.unknownNs / blind.waitingNs)
    lines.push(...say(`Of another ${share} the trace does not say what it waited for.`, options))
  }
  lines.push(
    '',
    ...renderTable(
      [{ title: '' }, { title: 'goroutine time', align: 'right' }, { title: 'share', align: 'right' }],
      states
        .filter(([, key]) => totals[key] > 0)
        .map(([name, key]) => [name, formatDuration(totals[key]), formatShare(totals[key] / sum)]),
      { ...options, header: false },
    ),
  )
  const system = sumStates(data.system)
  if (system > 0) {
    const text = `Goroutines of the runtime itself are not in it: they ran ${formatDuration(data.system.runningNs)} and waited ${formatDuration(data.system.waitingNs)}.`
    lines.push(...say(text, options).map(theme.dim))
  }
  return lines
}

/** `61 % of the waiting in this second is in no profile.` */
function sayBlind({ blind, trace, window }: TimelineReportData): string {
  const ns = window === undefined ? trace.durationNs : window.toNs - window.fromNs
  const when = ns >= 0.95e9 && ns <= 1.05e9 ? 'in this second' : `in these ${formatDuration(ns)}`
  if (blind.waitingNs === 0) return `Nothing waited ${when}.`
  if (blind.blindNs === 0) return `All of the known waiting ${when} is of kinds that a profile can record.`
  return `${formatShare(blind.blindRatio)} of the waiting ${when} is in no profile: ${formatDuration(blind.blindNs)} of ${formatDuration(blind.waitingNs)} goroutine time.`
}

function renderGoroutine({ goroutine }: TimelineReportData, options: Options): string[] {
  if (goroutine === undefined) return []
  const { id, startFunction, creator, createdInTrace, ended, startNs, endNs } = goroutine
  const life = sumStates(goroutine)
  const times = states
    .filter(([, key]) => goroutine[key] > 0)
    .map(([name, key]) => `${name} ${formatDuration(goroutine[key])} (${formatShare(goroutine[key] / life)})`)
  const begin = createdInTrace ? `made at ${formatDuration(startNs)}` : 'older than the trace'
  const end = ended ? `ended at ${formatDuration(endNs)}` : 'alive at its end'
  return [
    ...say(
      `${id}: ${nameFunction(startFunction)}${creator === '' ? '' : `, made by ${shortFunction(creator)}`}`,
      options,
    ),
    ...say(`${begin}, ${end}`, options),
    ...say(times.length === 0 ? 'nothing in this part of the trace' : joinAnd(times), options),
  ]
}

function renderWaits(waiting: readonly TimelineWait[], { width, theme }: Options): string[] {
  const total = waiting.reduce((sum, { ns }) => sum + ns, 0)
  const lines = renderTable(
    [
      { title: 'time', align: 'right' },
      { title: 'share', align: 'right' },
      { title: 'waits', align: 'right' },
      { title: 'p50', align: 'right' },
      { title: 'p99', align: 'right' },
      { title: 'longest', align: 'right' },
      { title: 'reason', overflow: 'end', least: 14 },
      { title: 'class' },
      { title: 'recorded by', overflow: 'wrap', least: 10 },
    ],
    waiting
      .slice(0, MAX_WAITS)
      .map((wait) => [
        formatDuration(wait.ns),
        formatShare(wait.ns / total),
        formatCount(wait.count),
        wait.p50Ns === undefined ? '' : formatDuration(wait.p50Ns),
        wait.p99Ns === undefined ? '' : formatDuration(wait.p99Ns),
        formatDuration(wait.maxNs),
        sayReason(wait),
        wait.waitClass,
        sayRecorded(wait, theme),
      ]),
    { width, theme },
  )
  if (waiting.length > MAX_WAITS)
    lines.push(theme.dim(`and ${countOf(waiting.length - MAX_WAITS, 'more reason')}, in --json`))
  const openNs = waiting.reduce((sum, wait) => sum + (wait.blind ? 0 : wait.openNs), 0)
  if (openNs > 0) {
    const text = `${formatDuration(openNs)} of it had not ended with the trace: a profile that records a wait at its end does not have it yet.`
    lines.push(...say(text, { width, theme }).map(theme.dim))
  }
  return lines
}

/** A wait from before the trace has no reason in it: its stack says what it was. */
function sayReason({ blockReason, waitClass }: TimelineWait): string {
  if (blockReason !== '') return blockReason
  return waitClass === 'unknown' ? 'not said' : `(${waitClass}, by its stack)`
}

function sayRecorded({ blind, recordedBy, waitKind }: TimelineWait, theme: Theme) {
  if (blind) return { text: 'no profile', paint: theme.bad }
  if (recordedBy.length > 0) return { text: recordedBy.join(', ') }
  return { text: waitKind === undefined ? 'not known' : 'no profile', paint: theme.warn }
}

function renderGroups({ groups }: TimelineReportData, { width, theme }: Options): string[] {
  const own = groups.filter(({ system }) => !system)
  const ranked = own.toSorted((left, right) => right.waitingNs - left.waitingNs || right.runningNs - left.runningNs)
  const lines = renderTable(
    [
      { title: 'count', align: 'right' },
      { title: 'waiting', align: 'right' },
      { title: 'running', align: 'right' },
      { title: 'runnable', align: 'right' },
      { title: 'syscall', align: 'right' },
      { title: 'mostly', overflow: 'end', least: 12 },
      { title: 'start function', overflow: 'start', least: 24 },
    ],
    ranked
      .slice(0, MAX_GROUPS)
      .map((group) => [
        formatCount(group.count),
        sayTime(group.waitingNs),
        sayTime(group.runningNs),
        sayTime(group.runnableNs),
        sayTime(group.syscallNs),
        sayMostly(group),
        nameFunction(group.startFunction),
      ]),
    { width, theme },
  )
  if (own.length > MAX_GROUPS) lines.push(theme.dim(`and ${countOf(own.length - MAX_GROUPS, 'more group')}, in --json`))
  return lines
}

/** What the group spent most of its time on. */
function sayMostly(group: TimelineGroup): string {
  const [first] = group.waiting
  const most = Math.max(group.runningNs, group.runnableNs, group.syscallNs)
  if (first !== undefined && first.ns >= most) return sayReason(first)
  if (most === 0) return ''
  return most === group.runningNs ? 'running' : most === group.syscallNs ? 'system calls' : 'runnable'
}

function renderScheduler({ scheduler, totals, sketchErrorRatio }: TimelineReportData, options: Options): string[] {
  const { latencyNs, count, causes, longRuns } = scheduler
  if (count === 0) return []
  const parts = [
    ...(['p50', 'p95', 'p99'] as const).flatMap((name) => {
      const ns = latencyNs[name]
      return ns === undefined ? [] : [`${name} ${formatDuration(ns)}`]
    }),
    `max ${formatDuration(latencyNs.max)}`,
  ]
  const lines = say(
    `From runnable to running: ${parts.join(', ')} over ${countOf(count, 'start')} (quantiles within ${formatShare(sketchErrorRatio)}).`,
    options,
  )
  const ranked = causes.filter(({ ns }) => ns > 0).toSorted((left, right) => right.ns - left.ns)
  if (ranked.length > 0) {
    const said = ranked
      .slice(0, 4)
      .map(({ cause, ns, count: times }) => `${cause} ${formatDuration(ns)} (${formatCount(times)})`)
    lines.push(...say(`Runnable because: ${said.join(', ')}.`, options))
  }
  if (totals.runnableNs > 0) {
    const during = [
      ['every processor ran something', scheduler.duringAllBusyNs],
      ['the collector marked', scheduler.duringGcNs],
      ['the world was stopped', scheduler.duringStopNs],
    ] as const
    const said = during.filter(([, ns]) => ns > 0).map(([what, ns]) => `${formatDuration(ns)} while ${what}`)
    if (said.length > 0) lines.push(...say(`Of the runnable time: ${said.join(', ')}.`, options))
  }
  const [longest] = longRuns
  if (longest !== undefined) {
    const text = `Longest run without a stop: ${formatDuration(longest.ns)}, goroutine ${longest.goroutine}.`
    lines.push(...say(text, options))
  }
  return lines
}

function renderCollector({ gc, heap }: TimelineReportData, options: Options): string[] {
  const lines: string[] = []
  if (gc.cycles + gc.stwCount + gc.assistCount > 0) {
    const parts = [
      countOf(gc.cycles, 'cycle'),
      ...(gc.stwCount === 0
        ? []
        : [
            `the world stopped ${countOf(gc.stwCount, 'time')} for ${formatDuration(gc.stwNs)}, longest ${formatDuration(gc.stwMaxNs)}`,
          ]),
      ...(gc.assistCount === 0
        ? []
        : [`${formatCount(gc.assistCount)} assists took ${formatDuration(gc.assistNs)} of goroutine time`]),
    ]
    lines.push(...say(`${parts.join('; ')}.`, options))
  }
  if (heap !== undefined) {
    lines.push(...say(`Heap from ${formatSize(heap.minBytes)} to ${formatSize(heap.maxBytes)}.`, options))
  }
  return lines
}

function renderTasks({ taskCount, taskTypes, regions, logs }: TimelineReportData, options: Options): string[] {
  const rows = [
    ...taskTypes.slice(0, MAX_NAMES).map((row) => ['task', row] as const),
    ...regions.slice(0, MAX_NAMES).map((row) => ['region', row] as const),
  ]
  const lines = renderTable(
    [
      { title: '' },
      { title: 'count', align: 'right' },
      { title: 'time', align: 'right' },
      { title: 'longest', align: 'right' },
      { title: 'name', overflow: 'end', least: 16 },
    ],
    rows.map(([what, { name, count, ns, maxNs }]) => [
      what,
      formatCount(count),
      formatDuration(ns),
      formatDuration(maxNs),
      name,
    ]),
    options,
  )
  if (lines.length === 0 && taskCount + logs.count === 0) return []
  return [...lines, ...say(`${countOf(taskCount, 'task')} and ${countOf(logs.count, 'log message')} in all.`, options)]
}

function sumStates(times: StateTimes): number {
  return times.runningNs + times.runnableNs + times.waitingNs + times.syscallNs
}

function sayTime(ns: number): string {
  return ns === 0 ? '' : formatDuration(ns)
}

function nameFunction(name: string): string {
  return name === '' ? 'not known' : shortFunction(name)
}
