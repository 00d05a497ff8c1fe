/**
 * The rows of --group-by for the terminal: a table, or, by stack, a paragraph for each with its frames.
 * Counts, quantiles and the longest are those of the state that took most of the row's time and is not running.
 */
import { formatDuration } from '../../base/units.ts'
import type { TimelineFrame, TimelineGroupedRow, TimelineGrouping, TimelineStays } from '../../model/timeline.ts'
import { type Cell, type Column, renderTable } from '../table.ts'
import { countOf, cutEnd, escapeControls, formatCount, formatShare, shortFunction, shortPlace } from '../text.ts'
import type { Theme } from '../theme.ts'
import { nameFunction, WIDE } from './terminal-lines.ts'

type Options = { readonly width: number; readonly theme: Theme; readonly top?: number }

const DEFAULT_ROWS = 20
const DEFAULT_STACKS = 8
const MAX_FRAMES = 10

const titles = {
  start: 'start function',
  creator: 'created by',
  state: 'state',
  reason: 'reason',
  class: 'class',
  stack: 'stack',
} as const

export function renderGrouping(grouped: TimelineGrouping, options: Options): string[] {
  const byStack = grouped.by.includes('stack')
  const most = options.top ?? (byStack ? DEFAULT_STACKS : DEFAULT_ROWS)
  const rows = grouped.rows.slice(0, most)
  const lines = byStack ? renderStacks(grouped, rows, options) : renderRows(grouped, rows, options)
  const left = grouped.rowCount - rows.length
  if (left > 0) lines.push(options.theme.dim(`and ${countOf(left, 'more row')}: --top ${grouped.rowCount} shows all`))
  return lines
}

function renderRows(
  { by }: TimelineGrouping,
  rows: readonly TimelineGroupedRow[],
  { width, theme }: Options,
): string[] {
  // By reason or class a row is of one state, and says it in its words.
  const isOfOneState = by.some((key) => key === 'state' || key === 'reason' || key === 'class')
  const isWide = width >= WIDE
  const columns: Column[] = [
    { title: 'time', align: 'right' },
    { title: 'share', align: 'right' },
    ...(isOfOneState ? [] : [{ title: 'mostly' }]),
    { title: 'count', align: 'right' },
    ...(isWide ? [{ title: 'p50', align: 'right' } as const, { title: 'p95', align: 'right' } as const] : []),
    { title: 'p99', align: 'right' },
    { title: 'longest', align: 'right' },
    ...by.map((key): Column => {
      const isName = key === 'start' || key === 'creator'
      return { title: titles[key], overflow: isName ? 'start' : 'end', least: isName ? 20 : 10 }
    }),
  ]
  const body = rows.map((row): Cell[] => {
    const stays = findStays(row)
    return [
      formatDuration(row.ns),
      formatTinyShare(row.shareRatio),
      ...(isOfOneState ? [] : [sayMostly(row)]),
      stays?.count === undefined ? '' : formatCount(stays.count),
      ...(isWide ? [sayNs(stays?.p50Ns), sayNs(stays?.p95Ns)] : []),
      sayNs(stays?.p99Ns),
      sayNs(stays?.maxNs),
      ...by.map((key) => sayKey(key, row)),
    ]
  })
  return renderTable(columns, body, { width, theme })
}

function renderStacks(
  { by }: TimelineGrouping,
  rows: readonly TimelineGroupedRow[],
  { width, theme }: Options,
): string[] {
  const others = by.filter((key) => key !== 'stack')
  return rows.flatMap((row, at) => {
    const stays = findStays(row)
    const facts = [
      `${formatDuration(row.ns)} (${formatTinyShare(row.shareRatio)})`,
      ...(others.includes('state') || others.includes('reason') || others.includes('class') ? [] : [sayMostly(row)]),
      ...others.map((key) => sayKey(key, row)),
      ...(stays?.count === undefined ? [] : [sayCounts(stays)]),
    ].filter((fact) => fact !== '')
    const head = escapeControls(facts.join(' · '))
    return [
      ...(at === 0 ? [] : ['']),
      theme.strong(cutEnd(head, width)),
      ...renderFrames(row.stack ?? [], { width, theme }),
    ]
  })
}

/** The runtime's own way into a wait says nothing of where it waits. */
const intoWait = /^runtime\.|\.runtime_|^internal\/poll\.\(\*pollDesc\)\./

export function renderFrames(
  stack: readonly TimelineFrame[],
  { width, theme, most = MAX_FRAMES }: { readonly width: number; readonly theme: Theme; readonly most?: number },
): string[] {
  if (stack.length === 0) return [theme.dim('    no stack')]
  const own = stack.findIndex((frame) => !intoWait.test(frame.function))
  const frames = stack.slice(Math.max(0, own))
  const lines = renderTable(
    [
      { title: '', overflow: 'start', least: 24 },
      { title: '', overflow: 'start', least: 16 },
    ],
    frames
      .slice(0, most)
      .map((frame) => [
        { text: shortFunction(frame.function) || 'not known' },
        { text: frame.file === '' ? '' : shortPlace(frame.file, frame.line), paint: theme.dim },
      ]),
    { width, theme, indent: '    ', header: false },
  )
  if (frames.length > most) lines.push(theme.dim(`    and ${countOf(frames.length - most, 'more frame')}`))
  return lines
}

function sayCounts(stays: TimelineStays): string {
  const parts = [countOf(stays.count ?? 0, 'time')]
  if (stays.p50Ns !== undefined && (stays.count ?? 0) > 1) parts.push(`p50 ${formatDuration(stays.p50Ns)}`)
  if (stays.p99Ns !== undefined && (stays.count ?? 0) > 1) parts.push(`p99 ${formatDuration(stays.p99Ns)}`)
  if (stays.maxNs !== undefined) parts.push(`longest ${formatDuration(stays.maxNs)}`)
  return parts.join(', ')
}

/** The largest state that has counts. */
function findStays({ states }: TimelineGroupedRow): TimelineStays | undefined {
  return states.find(({ count }) => count !== undefined)
}

const stateWords = { running: 'running', runnable: 'runnable', waiting: 'waiting', syscall: 'system call' } as const

/** `waiting 98 %` */
function sayMostly({ states, ns }: TimelineGroupedRow): string {
  const [first] = states
  if (first === undefined || ns === 0) return ''
  return states.length === 1 ? stateWords[first.state] : `${stateWords[first.state]} ${formatTinyShare(first.ns / ns)}`
}

function sayKey(key: TimelineGrouping['by'][number], row: TimelineGroupedRow): string {
  const state = row.state === undefined ? '' : stateWords[row.state]
  switch (key) {
    case 'start':
      return nameFunction(row.startFunction)
    case 'creator':
      return nameFunction(row.creator)
    case 'state':
      return state
    case 'reason':
      if (row.state === 'waiting') return row.reason === '' ? sayOlder(row.waitClass) : (row.reason ?? '')
      return row.reason === '' || row.reason === undefined ? state : `${state}: ${row.reason}`
    case 'class':
      return row.waitClass ?? state
    case 'stack':
      return ''
  }
}

/** A wait that the trace gives no reason for: what its stack says. */
function sayOlder(waitClass: string | undefined): string {
  return waitClass === undefined || waitClass === 'unknown' ? 'not said' : `${waitClass}, by its stack`
}

/** `<0.1 %`: as formatShare, for columns. */
export function formatTinyShare(ratio: number): string {
  return formatShare(ratio).replace('under ', '<').replace('over ', '>')
}

function sayNs(ns: number | undefined): string {
  return ns === undefined ? '' : formatDuration(ns)
}
