/**
 * An execution trace's account for the terminal: first the answer (what the time went to, and how much of the waiting
 * is in no profile), then reasons, groups, scheduler, collector, tasks, doubts. Enters: the data of `timeline --json`.
 * Leaves: text that ends in \n. Every string of the trace's passes `escapeControls`, here or in the table writer.
 */
import { formatDuration, formatSize } from '../../base/units.ts'
import type { Finding } from '../../model/contract.ts'
import type { Issue } from '../../model/issue.ts'
import type { TimelineGroup, TimelineGroupKey, TimelineReportData, TimelineWait } from '../../model/timeline.ts'
import type { StateTimes } from '../../model/trace-account.ts'
import { renderTable } from '../table.ts'
import { renderIssues } from '../terminal-diagnose.ts'
import {
  capitalize,
  countOf,
  endSentence,
  escapeControls,
  formatCount,
  formatSeconds,
  formatShare,
  joinAnd,
  wrapWords,
} from '../text.ts'
import type { Theme } from '../theme.ts'
import { formatTinyShare, renderGrouping } from './terminal-groups.ts'
import { renderLife } from './terminal-life.ts'
import { nameFunction, say, sayTime, section, WIDE } from './terminal-lines.ts'
import { renderJoin, renderSpan } from './terminal-span.ts'

type Options = { readonly width: number; readonly theme: Theme; readonly top?: number }
type Report = {
  readonly data: TimelineReportData
  readonly findings?: readonly Finding[]
  readonly issues: readonly Issue[]
}

const MAX_WAITS = 20
const MAX_GROUPS = 15
const MAX_NAMES = 8
const MANY_BLIND = 0.5
const SOME_BLIND = 0.1
const WORTH_SAYING = 0.001
const MAX_KINDS = 4
const MUTATOR_WINDOWS_NS: readonly number[] = [1e6, 10e6, 100e6, 1e9]

const states = [
  ['running', 'runningNs'],
  ['runnable', 'runnableNs'],
  ['in system calls', 'syscallNs'],
  ['waiting', 'waitingNs'],
] as const

export function renderTimeline({ data, findings, issues }: Report, options: Options): string {
  const { theme } = options
  const { grouped, goroutine } = data
  const whole = [
    ...section('What the goroutines waited for', renderWaits(data, options), theme),
    ...section('Groups, by start function', renderGroups(data, options), theme),
    ...section('Scheduler', renderScheduler(data, options), theme),
    ...section('Garbage collection', renderCollector(data, options), theme),
    ...section('Tasks and regions', renderTasks(data, options), theme),
  ]
  // One goroutine, or one grouping, is asked for in the place of the whole.
  const isWhole = grouped === undefined && goroutine === undefined && data.span === undefined
  const found = section('Findings', renderFindings(findings ?? [], options), theme)
  const lines = [
    ...(data.span === undefined ? renderAnswer(data, options) : renderSpan(data.span, options)),
    ...(isWhole ? found : []),
    ...(grouped === undefined
      ? []
      : section(`Time by ${joinAnd(grouped.by.map(nameKey))}`, renderGrouping(grouped, options), theme)),
    ...(goroutine === undefined ? [] : ['', ...renderLife(goroutine, options)]),
    ...(data.join.names === undefined || data.span !== undefined
      ? []
      : section('Spans', renderJoin(data.join, options), theme)),
    ...(isWhole ? whole : []),
    // Findings are of the whole: beside one goroutine or span they would only be in the way.
    ...(isWhole || goroutine !== undefined || data.span !== undefined ? [] : found),
    ...section('Doubts about the data', renderIssues(issues, options), theme),
  ]
  return `${lines.join('\n')}\n`
}

function renderFindings(findings: readonly Finding[], options: Options): string[] {
  const { theme, width } = options
  return findings.flatMap(({ severity, confidence, title, fix, evidence }) => {
    const tone = severity === 'critical' || severity === 'high' ? 'bad' : severity === 'medium' ? 'warn' : 'note'
    const [first] = evidence
    const place = first?.at === undefined ? '' : `${first.source}, ${first.at}`
    return [
      ...say(`${severity}: ${title} (${confidence})`, options).map((line) => theme[tone](line)),
      ...say(endSentence(fix.summary), { ...options, width: width - 2 }).map((line) => `  ${line}`),
      ...(place === '' ? [] : say(place, { ...options, width: width - 2 }).map((line) => `  ${theme.dim(line)}`)),
    ]
  })
}

const keyNames = { start: 'start function', creator: 'creator' } as const

function nameKey(key: TimelineGroupKey): string {
  return key === 'start' || key === 'creator' ? keyNames[key] : key
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

/** What wrote a trace, where only its header says it: several releases write the same. */
const headerVersions: Readonly<Record<string, string>> = {
  'go1.11': 'go1.11 to 1.18',
  'go1.19': 'go1.19 or 1.20',
  'go1.23': 'go1.23 or 1.24',
  'go1.26': 'go1.26 or newer',
}

function renderAnswer(data: TimelineReportData, options: Options): string[] {
  const { theme } = options
  const { trace, blind, totals } = data
  const facts = [
    headerVersions[trace.goVersion] ?? trace.goVersion,
    formatDuration(trace.durationNs),
    countOf(trace.events, 'event'),
    countOf(trace.goroutines, 'goroutine'),
    countOf(trace.processors, 'processor'),
    formatSize(trace.sizeBytes),
    ...(trace.startTime === undefined ? [] : [trace.startTime]),
  ]
  const lines = [...joinFacts(facts, options).map(theme.dim), '']
  if (!trace.complete) lines.push(theme.warn('The trace is not whole: what is missing stands at the end.'), '')
  lines.push(...sayPart(data).flatMap((text) => say(text, options)))
  const sum = sumStates(totals)
  if (sum === 0) return [...lines, theme.strong('No goroutine of the program did anything in this time.')]
  const tone = blind.blindRatio >= MANY_BLIND ? 'bad' : blind.blindRatio >= SOME_BLIND ? 'warn' : 'good'
  lines.push(...say(sayBlind(data), options).map((line) => theme[tone](theme.strong(line))))
  lines.push(...say(sayBlindKinds(data), options))
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
        .map(([name, key]) => [name, formatDuration(totals[key]), formatTinyShare(totals[key] / sum)]),
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
  return `${formatShare(blind.blindRatio)} of the waiting ${when} is in no profile: ${formatSeconds(blind.blindNs / 1e9)} of ${formatSeconds(blind.waitingNs / 1e9)} of goroutine time.`
}

/** `Most of it: network 68 s, sleep 18 s.` */
function sayBlindKinds({ waiting }: TimelineReportData): string {
  const kinds = new Map<string, number>()
  for (const { blind, waitClass, blockReason, ns } of waiting) {
    const name = waitClass === 'unknown' ? (blockReason === '' ? 'not said' : blockReason) : waitClass
    if (blind) kinds.set(name, (kinds.get(name) ?? 0) + ns)
  }
  const ranked = [...kinds].filter(([, ns]) => ns > 0).toSorted((a, b) => b[1] - a[1])
  if (ranked.length === 0) return ''
  const said = ranked.slice(0, MAX_KINDS).map(([name, ns]) => `${name} ${formatSeconds(ns / 1e9)}`)
  return `${ranked.length > MAX_KINDS ? 'Most of it' : 'That is'}: ${said.join(', ')}.`
}

/** What part of the trace is told of, where it is not all. */
function sayPart({ window, focus, trace }: TimelineReportData): string[] {
  const said: string[] = []
  if (window !== undefined) {
    const { fromNs, toNs } = window
    const share = formatShare((toNs - fromNs) / trace.durationNs)
    said.push(`From ${formatDuration(fromNs)} to ${formatDuration(toNs)}: ${share} of the trace.`)
  }
  if (focus !== undefined) {
    const patterns = [
      ...(focus.focus === undefined ? [] : [`with a match of /${focus.focus}/`]),
      ...(focus.ignore === undefined ? [] : [`without one of /${focus.ignore}/`]),
    ]
    const kept = `${formatSeconds(focus.keptNs / 1e9)} of ${formatSeconds(focus.ofNs / 1e9)} (${formatShare(focus.keptRatio)})`
    said.push(`Only goroutine time ${joinAnd(patterns)}: ${kept}. Findings, scheduler, collector and tasks are of all.`)
  }
  return said.length === 0 ? [] : [...said, '']
}

function renderWaits({ waiting, unknownWaits }: TimelineReportData, options: Options): string[] {
  const { width, theme } = options
  const most = options.top ?? MAX_WAITS
  const isWide = width >= WIDE
  const total = waiting.reduce((sum, { ns }) => sum + ns, 0)
  const lines = renderTable(
    [
      { title: 'time', align: 'right' },
      { title: 'share', align: 'right' },
      { title: 'waits', align: 'right' },
      ...(isWide ? [{ title: 'p50', align: 'right' } as const] : []),
      { title: 'p99', align: 'right' },
      { title: 'longest', align: 'right' },
      { title: 'for', overflow: 'end', least: 18 },
      ...(isWide ? [{ title: 'class' } as const] : []),
      { title: 'recorded by', overflow: 'wrap', least: 10 },
    ],
    waiting
      .slice(0, most)
      .map((wait) => [
        formatDuration(wait.ns),
        formatTinyShare(wait.ns / total),
        formatCount(wait.count),
        ...(isWide ? [wait.p50Ns === undefined ? '' : formatDuration(wait.p50Ns)] : []),
        wait.p99Ns === undefined ? '' : formatDuration(wait.p99Ns),
        formatDuration(wait.maxNs),
        sayReason(wait),
        ...(isWide ? [wait.waitClass] : []),
        sayRecorded(wait, theme),
      ]),
    { width, theme },
  )
  if (waiting.length > most) lines.push(theme.dim(`and ${countOf(waiting.length - most, 'more reason')}, in --json`))
  if (waiting.some(isOlder)) {
    const text = 'older: it began before the trace, which then gives no reason; told by its stack.'
    lines.push(...say(text, options).map(theme.dim))
  }
  const { told = [], count } = unknownWaits
  if (told.length > 0) {
    const all = told.reduce((sum, one) => sum + one.count, 0)
    const reasons = told.slice(0, MAX_NAMES).map((one) => `${one.waitReason} ${formatCount(one.count)}`)
    const text = `Of ${formatCount(all)} of the ${formatCount(count)} that waited throughout, ${joinAnd([...new Set(told.map(({ source }) => source))])} has the reason: ${joinAnd(reasons)}.`
    lines.push(...say(text, { width, theme }).map(theme.dim))
  }
  const openNs = waiting.reduce((sum, wait) => sum + (wait.blind ? 0 : wait.openNs), 0)
  if (openNs > 0) {
    const text = `${formatDuration(openNs)} of it had not ended with the trace: a profile that records a wait at its end does not have it yet.`
    lines.push(...say(text, { width, theme }).map(theme.dim))
  }
  return lines
}

/** A wait from before the trace has no reason in it: its stack says what it was. */
function isOlder({ blockReason, waitClass, olderCount }: TimelineWait): boolean {
  return blockReason === '' && waitClass !== 'unknown' && olderCount > 0
}

/** `chan send`: the row of the lens table, else the class. */
function sayKind({ waitKind, waitClass }: TimelineWait): string {
  return (waitKind ?? waitClass).replaceAll('-', ' ')
}

function sayReason(wait: TimelineWait): string {
  if (wait.blockReason !== '') return wait.blockReason
  if (wait.waitClass === 'unknown') return 'not said'
  return isOlder(wait) ? `${sayKind(wait)} (older)` : wait.waitClass
}

function sayRecorded({ blind, recordedBy, waitKind }: TimelineWait, theme: Theme) {
  if (blind) return { text: 'no profile', paint: theme.bad }
  if (recordedBy.length > 0) return { text: recordedBy.join(', ') }
  return { text: waitKind === undefined ? 'not known' : 'no profile', paint: theme.warn }
}

function renderGroups({ groups }: TimelineReportData, { width, theme, top = MAX_GROUPS }: Options): string[] {
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
      .slice(0, top)
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
  if (own.length > top) lines.push(theme.dim(`and ${countOf(own.length - top, 'more group')}, in --json`))
  return lines
}

/** What the group spent most of its time on. */
function sayMostly(group: TimelineGroup): string {
  const [first] = group.waiting
  const most = Math.max(group.runningNs, group.runnableNs, group.syscallNs)
  if (first !== undefined && first.ns >= most)
    return first.blockReason === '' && first.waitClass !== 'unknown' ? sayKind(first) : sayReason(first)
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
  const all = ranked.reduce((sum, { ns }) => sum + ns, 0)
  lines.push(
    ...renderTable(
      [
        { title: 'runnable', align: 'right' },
        { title: 'share', align: 'right' },
        { title: 'times', align: 'right' },
        { title: 'because' },
      ],
      ranked.map(({ cause, ns, count: times }) => [
        formatDuration(ns),
        formatTinyShare(ns / all),
        formatCount(times),
        cause,
      ]),
      options,
    ),
  )
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
    lines.push(...say(`${capitalize(parts.join('; '))}.`, options))
    const least = gc.minimumMutatorUtilization
      .filter(({ windowNs }) => MUTATOR_WINDOWS_NS.includes(windowNs))
      .map(({ windowNs, ratio }) => `${formatShare(ratio)} in any ${formatDuration(windowNs)}`)
    if (gc.cycles > 0 && least.length > 0) {
      lines.push(...say(`Of the processors the program had at least ${joinAnd(least)}.`, options))
    }
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
