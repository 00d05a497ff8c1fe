/**
 * One goroutine's life for the terminal: its states over time, what it waited for and where, its longest wait with how
 * that came to its end, who made it and whom it made, its regions, tasks and logs.
 */
import { formatDuration } from '../../base/units.ts'
import type { TimelineFrame, TimelineLife, TimelineReportData, TimelineStay } from '../../model/timeline.ts'
import type { StateTimes } from '../../model/trace-account.ts'
import { renderTable } from '../table.ts'
import { countOf, formatCount, joinAnd, padEnd, shortFunction, wrapWords } from '../text.ts'
import type { Theme } from '../theme.ts'
import { formatTinyShare, renderFrames } from './terminal-groups.ts'
import { nameFunction, say, section, WIDE } from './terminal-lines.ts'

type Options = { readonly width: number; readonly theme: Theme; readonly top?: number }
type Goroutine = NonNullable<TimelineReportData['goroutine']>

const MAX_PLACES = 12
const MAX_STEPS = 15
const MAX_NAMES = 8
const MAX_LOGS = 20
const FRAMES = 8
const BLOCKS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const
const LABEL_WIDTH = 13

const states = [
  ['running', 'runningNs', 'good'],
  ['runnable', 'runnableNs', 'warn'],
  ['waiting', 'waitingNs', 'note'],
  ['system calls', 'syscallNs', 'bad'],
] as const satisfies readonly (readonly [string, keyof StateTimes, keyof Theme])[]

export function renderLife(goroutine: Goroutine, options: Options): string[] {
  const { theme } = options
  const { life } = goroutine
  const lines = renderHead(goroutine, options)
  if (life === undefined) return lines
  return [
    ...lines,
    '',
    ...renderBar(life, options),
    ...section('What it did when it did not run', renderPlaces(life, options), theme),
    ...section('Its longest stays', renderLongest(life, options), theme),
    ...section('How its longest wait that a goroutine ended came to its end', renderPath(life, options), theme),
    ...section('Who ended its waits', renderWakers(life, options), theme),
    ...section('Who made it, and whom it made', renderFamily(life, options), theme),
    ...section('Regions and tasks', renderSpans(life, options), theme),
    ...section('Logs', renderLogs(life, options), theme),
    ...section('Where it ran, by CPU samples', renderSamples(life, options), theme),
  ]
}

function renderHead(goroutine: Goroutine, options: Options): string[] {
  const { id, startFunction, creator, createdInTrace, ended, startNs, endNs } = goroutine
  const all = states.reduce((sum, [, key]) => sum + goroutine[key], 0)
  const times = states
    .filter(([, key]) => goroutine[key] > 0)
    .toSorted((a, b) => goroutine[b[1]] - goroutine[a[1]])
    .map(([name, key]) => `${name} ${formatDuration(goroutine[key])} (${formatTinyShare(goroutine[key] / all)})`)
  const begin = createdInTrace ? `made at ${formatDuration(startNs)}` : 'older than the trace'
  const end = ended ? `ended at ${formatDuration(endNs)}` : 'alive at its end'
  const maker = creator === '' ? '' : `, made by ${shortFunction(creator)}`
  return [
    ...say(`Goroutine ${id}: ${nameFunction(startFunction)}${maker}`, options).map(options.theme.strong),
    ...say(`${begin}, ${end}`, options),
    ...say(times.length === 0 ? 'nothing in this part of the trace' : joinAnd(times), options),
  ]
}

/** A line per state: how much of each part of the window it had, as a block's height. */
function renderBar({ bar, runs }: TimelineLife, { width, theme }: Options): string[] {
  const parts = bar.waitingNs.length
  const columns = Math.max(16, Math.min(parts, width - LABEL_WIDTH))
  const lines = states.flatMap(([name, key, tone]) => {
    const heights = rebin(bar[key], columns).map((ns) => ns / ((parts / columns) * bar.binNs))
    if (heights.every((height) => height === 0)) return []
    return [padEnd(name, LABEL_WIDTH) + theme[tone](heights.map(sayHeight).join('').trimEnd())]
  })
  if (lines.length === 0) return []
  const end = formatDuration(bar.startNs + parts * bar.binNs)
  const start = formatDuration(bar.startNs)
  const axis = `${' '.repeat(LABEL_WIDTH)}${start}${end.padStart(Math.max(1, columns - start.length))}`
  const ran =
    runs.count === 0 ? [] : [`ran ${countOf(runs.count, 'time')}, at most ${formatDuration(runs.maxNs)} at once`]
  return [...lines, theme.dim(axis), ...ran]
}

/** Anything at all is a block: a column without one is time that was not. */
function sayHeight(share: number): string {
  if (share <= 0) return ' '
  return BLOCKS[Math.min(8, Math.max(1, Math.round(share * 8)))] as string
}

/** Spreads parts over fewer columns, by time. */
function rebin(values: readonly number[], columns: number): number[] {
  const found = new Array<number>(columns).fill(0)
  const step = columns / values.length
  values.forEach((value, at) => {
    const from = at * step
    const to = from + step
    for (let column = Math.floor(from); column < Math.min(columns, Math.ceil(to)); column++) {
      const share = (Math.min(to, column + 1) - Math.max(from, column)) / step
      if (share > 0) found[column] = (found[column] as number) + value * share
    }
  })
  return found
}

function renderPlaces({ places }: TimelineLife, options: Options): string[] {
  const { width, theme } = options
  const most = options.top ?? MAX_PLACES
  const total = places.reduce((sum, { ns }) => sum + ns, 0)
  const lines = renderTable(
    [
      { title: 'time', align: 'right' },
      { title: 'share', align: 'right' },
      { title: 'times', align: 'right' },
      { title: 'longest', align: 'right' },
      { title: 'at', align: 'right' },
      { title: 'what', overflow: 'end', least: 14 },
      { title: 'where', overflow: 'end', least: 20 },
    ],
    places
      .slice(0, most)
      .map((place) => [
        formatDuration(place.ns),
        formatTinyShare(total === 0 ? 0 : place.ns / total),
        formatCount(place.count),
        formatDuration(place.maxNs),
        formatDuration(place.longestStartNs),
        { text: sayWhat(place), ...(place.blind === true ? { paint: theme.bad } : {}) },
        sayWhere(place.stack, width >= WIDE),
      ]),
    { width, theme },
  )
  if (places.length > most) lines.push(theme.dim(`and ${countOf(places.length - most, 'more row')}, in --json`))
  return lines
}

function renderLongest({ longest }: TimelineLife, options: Options): string[] {
  const [first, ...others] = longest
  if (first === undefined || first.ns === 0) return []
  const lines = [
    ...say(`${sayStay(first)}.`, options),
    ...renderFrames(first.stack, { ...options, most: FRAMES }),
    ...(first.wokenBy === undefined || first.wokenBy.stack.length === 0
      ? []
      : [
          ...say(`${nameGoroutine(first.wokenBy)} ended it from`, options),
          ...renderFrames(first.wokenBy.stack, { ...options, most: FRAMES }),
        ]),
  ]
  const next = others.slice(0, 2).filter(({ ns }) => ns > 0)
  return [...lines, ...next.flatMap((stay) => say(`then ${sayStay(stay)}.`, options)).map(options.theme.dim)]
}

/** `512ms from 120ms on, chan receive, ended by 33 (main.worker)` */
function sayStay(stay: TimelineStay): string {
  const from = stay.isOlder ? 'from before the trace on' : `from ${formatDuration(stay.startNs)} on`
  const end = stay.isOpen
    ? 'not ended'
    : stay.wokenBy !== undefined
      ? `ended by ${nameGoroutine(stay.wokenBy)}`
      : stay.state === 'waiting'
        ? 'ended by no goroutine (a timer, the network, the runtime)'
        : ''
  return [`${formatDuration(stay.ns)} ${from}`, sayWhat(stay), end].filter((part) => part !== '').join(', ')
}

function renderPath({ path, isPathCut, longest }: TimelineLife, { width, theme }: Options): string[] {
  if (isPathCut === true) {
    const wait = longest.find(({ state, wokenBy }) => state === 'waiting' && wokenBy !== undefined)
    const near = wait === undefined ? '' : `: --from ${formatDuration(Math.max(0, wait.startNs - 1e6))}`
    return wrapWords(`The trace holds more changes of state than are kept. A narrower window shows it${near}.`, width)
  }
  if (path === undefined || path.length === 0) return []
  const shown = path.slice(-MAX_STEPS)
  const lines = renderTable(
    [
      { title: 'at', align: 'right' },
      { title: 'for', align: 'right' },
      { title: 'goroutine', align: 'right' },
      { title: 'start function', overflow: 'start', least: 16 },
      { title: 'did', overflow: 'end', least: 10 },
      { title: 'where', overflow: 'end', least: 12 },
    ],
    shown.map((step) => [
      formatDuration(step.startNs),
      formatDuration(step.ns),
      String(step.goroutine),
      step.startFunction === undefined ? '' : shortFunction(step.startFunction),
      step.reason === '' ? (step.state === 'unknown' ? 'not known' : step.state) : step.reason,
      step.stack.length === 0 ? '' : sayWhere(step.stack, width >= WIDE),
    ]),
    { width, theme },
  )
  if (path.length > shown.length)
    lines.unshift(theme.dim(`${countOf(path.length - shown.length, 'step')} before these`))
  return lines
}

function renderWakers({ wokenBy, wokeCount }: TimelineLife, options: Options): string[] {
  const lines = renderTable(
    [
      { title: 'waited', align: 'right' },
      { title: 'times', align: 'right' },
      { title: 'by', overflow: 'start', least: 24 },
    ],
    wokenBy
      .slice(0, MAX_NAMES)
      .map(({ startFunction, count, ns }) => [
        formatDuration(ns),
        formatCount(count),
        startFunction === undefined ? 'no goroutine: a timer, the network, the runtime' : nameFunction(startFunction),
      ]),
    options,
  )
  if (wokeCount > 0) lines.push(...say(`It made others runnable ${countOf(wokeCount, 'time')}.`, options))
  return lines
}

function renderFamily({ createdBy, created }: TimelineLife, options: Options): string[] {
  const lines: string[] = []
  if (createdBy !== undefined) {
    lines.push(...say(`Made by ${nameGoroutine(createdBy)} at ${formatDuration(createdBy.timeNs)}, in`, options))
    lines.push(...renderFrames(createdBy.stack, { ...options, most: FRAMES }))
  }
  if (created.count > 0) {
    const names = created.rows
      .slice(0, MAX_NAMES)
      .map(({ startFunction, count }) => `${nameFunction(startFunction)} (${formatCount(count)})`)
    lines.push(...say(`It made ${countOf(created.count, 'goroutine')}: ${names.join(', ')}.`, options))
  }
  return lines
}

function renderSpans({ regions, tasks }: TimelineLife, options: Options): string[] {
  const rows = [
    ...tasks.map((row) => ['task', row] as const),
    ...regions.map((row) => ['region', row] as const),
  ].toSorted((a, b) => a[1].startNs - b[1].startNs || b[1].ns - a[1].ns)
  const most = options.top ?? MAX_PLACES
  const lines = renderTable(
    [
      { title: 'at', align: 'right' },
      { title: 'for', align: 'right' },
      { title: '' },
      { title: 'name', overflow: 'end', least: 16 },
    ],
    rows
      .slice(0, most)
      .map(([what, { name, startNs, ns, complete }]) => [
        formatDuration(startNs),
        formatDuration(ns),
        what,
        complete ? name : `${name} (one end is not in the trace)`,
      ]),
    options,
  )
  if (rows.length > most) lines.push(options.theme.dim(`and ${countOf(rows.length - most, 'more row')}, in --json`))
  return lines
}

function renderLogs({ logs }: TimelineLife, options: Options): string[] {
  const most = options.top ?? MAX_LOGS
  const lines = renderTable(
    [
      { title: 'at', align: 'right' },
      { title: 'category', overflow: 'end' },
      { title: 'message', overflow: 'end', least: 24 },
    ],
    logs.rows.slice(0, most).map(({ timeNs, category, message }) => [formatDuration(timeNs), category, message]),
    options,
  )
  if (logs.count > most) lines.push(options.theme.dim(`and ${countOf(logs.count - most, 'more message')}`))
  return lines
}

function renderSamples({ cpuSamples }: TimelineLife, options: Options): string[] {
  return renderTable(
    [
      { title: 'samples', align: 'right' },
      { title: 'where', overflow: 'end', least: 24 },
    ],
    cpuSamples.rows.slice(0, MAX_NAMES).map(({ stack, count }) => [formatCount(count), sayWhere(stack, true)]),
    options,
  )
}

function sayWhat(stay: { readonly state: string; readonly reason: string; readonly waitClass?: string }): string {
  if (stay.state === 'syscall') return 'system call'
  if (stay.state === 'runnable') return stay.reason === '' ? 'runnable' : `runnable: ${stay.reason}`
  if (stay.reason !== '') return stay.reason
  return stay.waitClass === undefined || stay.waitClass === 'unknown' ? 'waiting, not said' : stay.waitClass
}

/** The first function of the program's own code, and who called it; in a library without any, the first that is not the runtime's. */
function sayWhere(stack: readonly TimelineFrame[], isLong = false): string {
  if (stack.length === 0) return 'no stack'
  const own = stack.findIndex((frame) => !isStandard(frame.function))
  const first = own === -1 ? stack.findIndex((frame) => !frame.function.startsWith('runtime.')) : own
  return stack
    .slice(Math.max(0, first), Math.max(0, first) + (isLong ? 2 : 1))
    .map((frame) => nameFunction(frame.function))
    .join(' ← ')
}

/** Packages of the standard library have no dot in the first part of their path, and are not main. */
function isStandard(name: string): boolean {
  const path = name.slice(0, name.lastIndexOf('/') + 1)
  return path === '' ? !name.startsWith('main.') : !path.slice(0, path.indexOf('/')).includes('.')
}

function nameGoroutine({ goroutine, startFunction }: { readonly goroutine: number; readonly startFunction?: string }) {
  return startFunction === undefined
    ? `goroutine ${goroutine}`
    : `goroutine ${goroutine} (${shortFunction(startFunction)})`
}
