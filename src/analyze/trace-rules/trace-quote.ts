/** Evidence out of traces: the goroutine, when it began, and the stack, for findings; and how times are said. */
import { formatDuration } from '../../base/units.ts'
import type { Evidence } from '../../model/contract.ts'
import type { LongestStay, SiteRow } from '../../model/trace-account.ts'
import type { TraceFrame } from '../../model/trace-activity.ts'
import type { TraceRuleInput } from './trace-rule.ts'

const QUOTED_FRAMES = 6

/** The longest stay at a place. */
export function quoteSite({ source }: TraceRuleInput, site: SiteRow, frames: readonly TraceFrame[]): Evidence {
  const what = site.state === 'Waiting' ? (site.reason === '' ? 'no reason traced' : site.reason) : site.state
  const total = `${site.count} × here, ${formatDuration(site.ns)} in all, the longest ${formatDuration(site.longest.ns)}`
  return {
    lens: 'trace',
    source,
    at: placeOf(site.longest),
    excerpt: [`[${what}] ${total}`, ...quoteFrames(frames)].join('\n'),
  }
}

export function quoteStay(input: TraceRuleInput, stay: LongestStay, what: string): Evidence {
  return {
    lens: 'trace',
    source: input.source,
    at: placeOf(stay),
    excerpt: [`${what} ${formatDuration(stay.ns)}`, ...quoteFrames(input.framesOf(stay.stack))].join('\n'),
  }
}

/** Of the trace as a whole. */
export function quoteTrace({ source }: TraceRuleInput, lines: readonly string[]): Evidence {
  return { lens: 'trace', source, excerpt: lines.join('\n') }
}

function placeOf({ goroutine, startNs }: LongestStay): string {
  return `goroutine ${goroutine} at ${formatDuration(Math.max(0, startNs))}`
}

function quoteFrames(frames: readonly TraceFrame[]): readonly string[] {
  const lines = frames.slice(0, QUOTED_FRAMES).map(({ function: name, file, line }) => {
    return file === undefined ? name : `${name} ${file}${line === undefined ? '' : `:${line}`}`
  })
  const more = frames.length - QUOTED_FRAMES
  return more > 0 ? [...lines, `… ${more} more frames`] : lines
}

export function saySeconds(ns: number): string {
  return `${(ns / 1e9).toFixed(ns >= 10e9 ? 0 : ns >= 1e9 ? 1 : 3)} goroutine-seconds`
}

export function sayShare(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`
}
