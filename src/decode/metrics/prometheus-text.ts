/**
 * The door of the metrics text decoder: Prometheus text 0.0.4 (with the quoted names of 1.0.0) and OpenMetrics 1.0.
 * Enters: the bytes of a `/metrics` answer. Leaves: families in order of first appearance, and an issue per kind of
 * bad line: one bad line never costs the others. Which of the two formats it is: the content type, else `# EOF`.
 * Does not judge whether counters count up, nor read the protobuf exposition or native histograms.
 */
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { formatSize } from '../../base/units.ts'
import { type Decoded, type IssueLog, openIssueLog } from '../../model/issue.ts'
import type { MetricFamily, MetricSample, MetricType } from '../../model/metrics.ts'
import { looksLikeHtml } from '../looks-like-html.ts'
import { LineFault, parseComment, parseSample } from './metric-line.ts'

export type MetricsLimits = { readonly maxBytes: number; readonly maxSamples: number }

const DEFAULT_METRICS_LIMITS: MetricsLimits = { maxBytes: 64 * 1024 * 1024, maxSamples: 500_000 }

export type MetricsOptions = {
  /** The Content-Type that came with the bytes, where there was one. */
  readonly contentType?: string
  readonly limits?: MetricsLimits
}

const TYPES: Readonly<Record<string, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  gaugehistogram: 'gaugehistogram',
  gauge_histogram: 'gaugehistogram',
  summary: 'summary',
  info: 'info',
  stateset: 'stateset',
  unknown: 'unknown',
  untyped: 'unknown',
}

/** Suffixes that samples of a family carry beside its bare name. OpenMetrics 1.0 section "Metric types". */
const OPEN_METRICS_SUFFIXES: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  summary: ['_count', '_sum', '_created'],
  info: ['_info'],
  stateset: [],
  unknown: [],
}
const TEXT_SUFFIXES: Readonly<Record<MetricType, readonly string[]>> = {
  ...OPEN_METRICS_SUFFIXES,
  counter: [],
  histogram: ['_bucket', '_count', '_sum'],
  gaugehistogram: ['_bucket', '_count', '_sum', '_gcount', '_gsum'],
  summary: ['_count', '_sum'],
  info: [],
}
const ANY_SUFFIX = /^(.+)(_total|_created|_bucket|_count|_sum|_gcount|_gsum|_info)$/s

type Family = { name: string; type?: MetricType; help?: string; unit?: string; samples: MetricSample[] }

/** Whether the first lines read as metrics text: a HELP or TYPE comment, or a sample. */
export function detectMetricsText(head: Uint8Array): 'certain' | 'possible' | undefined {
  const lines = new TextDecoder().decode(head.subarray(0, 4096)).split('\n').slice(0, -1)
  let samples = 0
  for (const line of lines) {
    if (line.trim() === '') continue
    try {
      if (line.startsWith('#')) {
        if (/^# EOF\r?$/.test(line) || parseComment(line) !== undefined) return 'certain'
      } else {
        parseSample(line, true)
        samples++
      }
    } catch (error) {
      if (error instanceof LineFault) return undefined
      throw error
    }
  }
  return samples > 0 ? 'possible' : undefined
}

/** Decodes a whole exposition. Faults only where nothing of it could be read. */
export function decodeMetricsText(
  bytes: Uint8Array,
  options: MetricsOptions = {},
): Result<Decoded<readonly MetricFamily[]>> {
  const limits = options.limits ?? DEFAULT_METRICS_LIMITS
  if (bytes.length === 0) return err(fault('SL_DECODE_EMPTY'))
  if (bytes.length > limits.maxBytes) {
    const message = `The metrics take ${formatSize(bytes.length)}, the limit is ${formatSize(limits.maxBytes)}`
    return err(fault('SL_DECODE_TOO_LARGE', { message }))
  }
  if (looksLikeHtml(bytes)) return err(fault('SL_DECODE_HTML'))
  const text = new TextDecoder().decode(bytes)
  const isOpenMetrics =
    options.contentType?.includes('application/openmetrics-text') === true || /(^|\n)# EOF\r?\n?$/.test(text)
  const issues = openIssueLog()
  const families = new Map<string, Family>()
  const tally = readLines(text, isOpenMetrics, limits.maxSamples, families, issues)
  if (tally.bad > 0 && tally.good === 0) {
    const message = `No line reads as a metric; the first fault is in line ${tally.firstBadLine}: ${tally.firstReason}`
    return err(
      fault('SL_DECODE_MALFORMED', { message, detail: { line: tally.firstBadLine, offset: tally.firstBadOffset } }),
    )
  }
  const value = [...families.values()].filter((family) => family.samples.length > 0).map(closeFamily)
  return ok({ value, issues: issues.list() })
}

type Tally = { good: number; bad: number; firstBadLine: number; firstBadOffset: number; firstReason: string }

function readLines(
  text: string,
  isOpenMetrics: boolean,
  maxSamples: number,
  families: Map<string, Family>,
  issues: IssueLog,
): Tally {
  const tally: Tally = { good: 0, bad: 0, firstBadLine: 0, firstBadOffset: 0, firstReason: '' }
  let samples = 0
  let isOver = false
  let from = 0
  for (let number = 1; from < text.length; number++) {
    const newline = text.indexOf('\n', from)
    const end = newline === -1 ? text.length : newline
    const line = text.slice(from, text[end - 1] === '\r' ? end - 1 : end)
    const start = from
    from = end + 1
    if (isOver) {
      if (line.trim() !== '')
        issues.add('SL_DECODE_MALFORMED', 'text after # EOF is not read', { at: { line: number } })
      continue
    }
    if (isOpenMetrics && line === '# EOF') {
      isOver = true
      tally.good++
      continue
    }
    // Without its end a line may have lost half of its number: not a value to report.
    if (newline === -1 && !line.startsWith('#')) {
      issues.add('SL_DECODE_TRUNCATED', 'the last line has no end and is left out', {
        at: { line: number, offset: start },
      })
      tally.good += tally.good === 0 ? 0 : 1
      break
    }
    try {
      if (line.trimStart().startsWith('#')) readComment(line.trimStart(), families, issues, number)
      else if (line.trim() !== '') {
        if (samples === maxSamples) {
          issues.add('SL_DECODE_TOO_LARGE', `samples past the first ${maxSamples} are left out`, {
            at: { line: number },
          })
          continue
        }
        samples++
        const sample = parseSample(line, isOpenMetrics)
        familyOf(sample.name, families, isOpenMetrics).samples.push(sample)
      } else continue
      tally.good++
    } catch (error) {
      if (!(error instanceof LineFault)) throw error
      if (tally.bad === 0)
        Object.assign(tally, { firstBadLine: number, firstBadOffset: start, firstReason: error.message })
      tally.bad++
      issues.add('SL_DECODE_MALFORMED', `not a metric: ${error.message}`, { at: { line: number, offset: start } })
    }
  }
  if (isOpenMetrics && !isOver) {
    issues.add('SL_DECODE_TRUNCATED', 'OpenMetrics without # EOF: the end is missing')
  }
  return tally
}

function readComment(line: string, families: Map<string, Family>, issues: IssueLog, number: number): void {
  const comment = parseComment(line)
  if (comment === undefined) return
  const family = families.get(comment.name) ?? { name: comment.name, samples: [] }
  families.set(comment.name, family)
  const at = { line: number }
  if (comment.keyword === 'HELP') {
    if (family.help !== undefined) issues.add('SL_DECODE_MALFORMED', 'a second HELP line of one family', { at })
    else family.help = comment.text
  } else if (comment.keyword === 'UNIT') family.unit = comment.text
  else {
    const type = TYPES[comment.text.toLowerCase()]
    if (type === undefined) issues.add('SL_DECODE_MALFORMED', 'a metric type that is not known', { at })
    else if (family.type !== undefined || family.samples.length > 0) {
      issues.add('SL_DECODE_MALFORMED', 'a second TYPE line of one family, or one after its samples', { at })
    } else family.type = type
  }
}

function familyOf(name: string, families: Map<string, Family>, isOpenMetrics: boolean): Family {
  const own = families.get(name)
  if (own !== undefined) return own
  const match = ANY_SUFFIX.exec(name)
  if (match !== null) {
    const base = families.get(match[1] as string)
    const suffixes = isOpenMetrics ? OPEN_METRICS_SUFFIXES : TEXT_SUFFIXES
    if (base?.type !== undefined && suffixes[base.type].includes(match[2] as string)) return base
  }
  const family: Family = { name, samples: [] }
  families.set(name, family)
  return family
}

function closeFamily(family: Family): MetricFamily {
  const { name, type, help, unit, samples } = family
  return {
    name,
    type: type ?? 'unknown',
    ...(help === undefined ? {} : { help }),
    ...(unit === undefined ? {} : { unit }),
    samples,
  }
}
