/**
 * One trace in a terminal: its tree, when each span began and how long it took, and what is broken at it.
 *
 *   gateway  GET /cart                server   0       120ms
 *     gateway  GET /cart              client   2ms     110ms
 *   ? cart  GET /cart                 server   4ms     100ms
 *       parent 00f067aa0ba902b7 is not here (it was remote)
 */
import { formatDuration } from '../../base/units.ts'
import type { TraceTree, TreeMark, TreeSpan } from '../../model/trust/trace-tree.ts'
import type { TerminalOptions } from '../terminal-diagnose.ts'
import { countOf, cutEnd, escapeControls, formatCount, padEnd, padStart, widthOf, wrapWords } from '../text.ts'
import type { Theme } from '../theme.ts'
import { shortTime } from './answer.ts'

const MAX_SHOWN = 500
/** Deeper spans stand no further to the right. */
const MAX_INDENT = 16
const TIME_WIDTH = 9

export function renderTraceTree(tree: TraceTree, { width, theme }: TerminalOptions): string[] {
  const shown = tree.spans.slice(0, MAX_SHOWN)
  const marked = tree.spans.filter(({ marks }) => marks.length > 0).length
  const services = new Set(tree.spans.map(({ service }) => service)).size
  const head = [
    countOf(tree.spanCount, 'span'),
    countOf(services, 'service'),
    formatDuration(tree.durationNs),
    shortTime(tree.startTime),
    ...(marked === 0 ? [] : [`${formatCount(marked)} with something to say`]),
  ]
  const lines = [theme.strong(`Trace ${tree.traceId}`), ...wrapWords(head.join(' · '), width).map(theme.dim), '']
  const kindWidth = Math.max(4, ...shown.map(({ kind }) => kind.length))
  const nameWidth = Math.min(
    Math.max(...shown.map((span) => widthOf(nameOf(span)))),
    Math.max(24, width - kindWidth - TIME_WIDTH * 2 - 6),
  )
  for (const span of shown) {
    const name = padEnd(cutEnd(nameOf(span), nameWidth), nameWidth)
    const times = [span.startNs === 0 ? '0' : formatDuration(span.startNs), formatDuration(span.durationNs)]
    const isBad = span.marks.some(isBroken)
    const paint: keyof Theme = isBad ? 'bad' : span.isError ? 'warn' : 'strong'
    lines.push(
      `${theme[paint](name)}  ${theme.dim(padEnd(span.kind, kindWidth))}${times.map((time) => padStart(time, TIME_WIDTH)).join('')}`.trimEnd(),
    )
    const indent = ' '.repeat(indentOf(span) + 4)
    for (const mark of span.marks) {
      const tone = isBroken(mark) ? 'bad' : 'note'
      for (const line of wrapWords(escapeControls(sayMark(mark)), width - indent.length))
        lines.push(indent + theme[tone](line))
    }
  }
  const left = tree.spanCount - shown.length
  if (left > 0) lines.push(theme.dim(`and ${countOf(left, 'more span')}`))
  return lines
}

/** The name as the tree shows it: where it hangs, whose it is, what it is. */
function nameOf(span: TreeSpan): string {
  const isOrphan = span.marks.some(({ kind }) => kind === 'orphan')
  const lead = isOrphan ? '? ' : span.depth === 0 ? '' : '└ '
  return `${' '.repeat(indentOf(span))}${lead}${escapeControls(span.service)}  ${escapeControls(span.name)}`
}

function indentOf({ depth }: TreeSpan): number {
  return Math.min(depth, MAX_INDENT) * 2
}

function isBroken(mark: TreeMark): boolean {
  return (
    mark.kind === 'orphan' ||
    mark.kind === 'duplicate-id' ||
    (mark.kind === 'break' && (mark.state === 'lost' || mark.state === 'unexplained'))
  )
}

export function sayMark(mark: TreeMark): string {
  switch (mark.kind) {
    case 'orphan': {
      const where =
        mark.place === 'unknown' ? '' : mark.place === 'local' ? ' (of the same process)' : ' (of another process)'
      return `its parent ${mark.parentId}${where} is not among the spans`
    }
    case 'duplicate-id':
      return 'another span of this trace has the same id'
    case 'outside-parent': {
      const parts = [
        ...(mark.beforeNs > 0 ? [`begins ${formatDuration(mark.beforeNs)} before its parent`] : []),
        ...(mark.afterNs > 0
          ? [`ends ${formatDuration(mark.afterNs)} after ${mark.beforeNs > 0 ? 'it' : 'its parent'}`]
          : []),
      ]
      const skew =
        mark.skewNs === undefined
          ? ''
          : `: its host's clock is ${formatDuration(Math.abs(mark.skewNs))} ${mark.skewNs < 0 ? 'behind' : 'ahead'}`
      return parts.join(' and ') + skew
    }
    case 'link':
      return `linked to trace ${mark.traceId}`
    case 'other-half': {
      const more = mark.others === 0 ? '' : `, the tightest of ${formatCount(mark.others + 1)} that could be it`
      return `the call was ${mark.service} ${mark.name}, trace ${mark.traceId} span ${mark.spanId}${more}`
    }
    case 'break': {
      const names = [...(mark.class === undefined ? [] : [mark.class]), ...mark.alternatives]
      const name = names.length === 0 ? 'cause not settled' : names.join(' or ')
      return `${mark.state}: ${name}; ${mark.why}`
    }
  }
}
