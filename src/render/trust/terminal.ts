/**
 * `trust` in a terminal: the verdict and what breaks first, then services, edges, clocks, what is no debt, the
 * Instrumentation Score, doubts. Enters: a report, a width, a theme. Leaves: text; every string of the input's passes
 * `escapeControls`, here or in the table writer.
 */
import type { SourcePlace } from '../../model/trust/source-evidence.ts'
import type { TrustService } from '../../model/trust/trust-data.ts'
import { renderFrame } from '../code-frame.ts'
import { renderTable } from '../table.ts'
import { renderCoverage, renderIssues, type TerminalOptions } from '../terminal-diagnose.ts'
import { countOf, cutEnd, escapeControls, formatCount, formatShare, wrapWords } from '../text.ts'
import { toneOfSeverity } from '../theme.ts'
import {
  answerTrust,
  sayRate,
  sayScore,
  saySkew,
  saySource,
  type TrustReport,
  type TrustTrouble,
  toneOfTrust,
} from './answer.ts'

const MAX_TROUBLES = 8
const MAX_SERVICES = 40
const MAX_EDGES = 20
const MAX_SKEW = 4
const MAX_LOOK = 2

export function renderTrust(report: TrustReport, options: TerminalOptions): string {
  const { theme, width } = options
  const { data } = report
  const answer = answerTrust(report)
  const grade = answer.grade.toUpperCase()
  const indent = ' '.repeat(grade.length + 2)
  const lines = [...wrapWords(answer.facts.map(escapeControls).join(' · '), width).map(theme.dim), '']
  wrapWords(escapeControls(answer.headline), width - indent.length).forEach((line, index) => {
    const mark = index === 0 ? `${theme[toneOfTrust(answer.grade)](theme.strong(grade))}  ` : indent
    lines.push(mark + theme.strong(line))
  })
  lines.push(...section('Services', renderServices(data.services, options), options))
  if (answer.troubles.length > 0) lines.push('', theme.strong('What breaks'))
  answer.troubles.slice(0, MAX_TROUBLES).forEach((trouble, index) => {
    lines.push(...(index === 0 ? [] : ['']), ...renderTrouble(trouble, index + 1, options))
  })
  const more = answer.troubles.length - MAX_TROUBLES
  if (more > 0) lines.push('', theme.dim(`   and ${formatCount(more)} more, in --json and --html in full`))
  lines.push(
    ...section('Edges', renderEdges(report, options), options),
    ...section('Clocks', renderClocks(answer, options), options),
    ...section(
      'Looks like a break, and is none',
      answer.noDebt.flatMap((line) => wrapWords(escapeControls(line), width)),
      options,
    ),
    ...section('Instrumentation Score', renderScores(data.services, options), options),
    ...section('Doubts about the data', renderIssues(report.issues, options), options),
    ...section('What did not answer', renderCoverage(report.coverage, options, 'file'), options),
  )
  return `${lines.join('\n')}\n`
}

export function section(title: string, body: readonly string[], { theme }: TerminalOptions): string[] {
  return body.length === 0 ? [] : ['', theme.strong(title), ...body]
}

function renderServices(services: readonly TrustService[], { width, theme }: TerminalOptions): string[] {
  const shown = services.slice(0, MAX_SERVICES)
  const lines = renderTable(
    [
      { title: 'grade' },
      { title: 'service', overflow: 'end', least: 12 },
      { title: 'traces', align: 'right' },
      { title: 'of them broken' },
      { title: 'logs without id', align: 'right' },
      { title: 'capped by', overflow: 'wrap', least: 14 },
    ],
    shown.map(({ grade, service, traces, breakRate, interval, logsWithoutTraceIdRatio, cappedBy }) => [
      { text: grade === 'insufficient' ? 'few' : grade, paint: theme[toneOfTrust(grade)] },
      service,
      formatCount(traces),
      breakRate === undefined || interval === undefined ? '' : sayRate(breakRate, interval),
      logsWithoutTraceIdRatio === undefined ? '' : formatShare(logsWithoutTraceIdRatio),
      cappedBy ?? '',
    ]),
    { width, theme },
  )
  if (services.length > shown.length)
    lines.push(theme.dim(`and ${countOf(services.length - shown.length, 'more service')}`))
  if (shown.some(({ grade }) => grade === 'insufficient')) {
    lines.push(theme.dim('few: below 300 traces, which is no grade'))
  }
  return lines
}

function renderTrouble(trouble: TrustTrouble, number: number, { width, theme }: TerminalOptions): string[] {
  const { finding } = trouble
  const mark = ` ${number} `.padStart(3)
  const label = `${finding.severity.toUpperCase()}, ${finding.confidence}`
  const title = wrapWords(escapeControls(finding.title), width - label.length - 2 - mark.length)
  const lines = title.map((line, index) => (index === 0 ? mark : ' '.repeat(mark.length)) + line)
  lines[0] = `${theme.strong((lines[0] ?? mark).padEnd(width - label.length - 2))}  ${theme[toneOfSeverity(finding.severity)](label)}`
  const say = (name: string, text: string | undefined, tone: keyof typeof theme = 'dim') => {
    if (text === undefined || text === '') return
    const head = `${' '.repeat(mark.length)}${name.padEnd(11)}`
    wrapWords(escapeControls(text), width - head.length).forEach((line, index) => {
      lines.push((index === 0 ? theme.dim(head) : ' '.repeat(head.length)) + theme[tone](line))
    })
  }
  say('traces', trouble.howMany, 'note')
  say('why', trouble.why)
  say('cause', trouble.others)
  trouble.decide.forEach(({ what, command }, index) => {
    say(index === 0 ? 'decide by' : '', what)
    // On one line, however long: it is there to be copied.
    if (command !== undefined) lines.push(`${' '.repeat(mark.length + 11)}${theme.note(escapeControls(command))}`)
  })
  if (trouble.source !== undefined) lines.push(...renderSource(trouble.source, { width, theme }))
  say('fix', trouble.fix, 'good')
  trouble.look.slice(0, MAX_LOOK).forEach((one, index) => {
    say(index === 0 ? 'look at' : '', one)
  })
  return lines
}

/** The line that does it, where a person would look for it at night. */
function renderSource(source: SourcePlace, { width, theme }: TerminalOptions): string[] {
  const { file, line, column, excerpt } = source
  const place = { file, line, note: saySource(source), ...(column === undefined ? {} : { column }) }
  const frame = renderFrame({ ...place, ...(excerpt === undefined ? {} : { excerpt }) }, theme.bad, {
    width: width - 14,
    theme,
  })
  const head = '   source     '
  return frame.flatMap((text, index) => {
    if (index > 0) return [' '.repeat(head.length - 4) + text]
    return wrapWords(text.trim(), width - head.length).map(
      (part, at) => (at === 0 ? theme.dim(head) : ' '.repeat(head.length)) + theme.strong(part),
    )
  })
}

function renderEdges({ data }: TrustReport, { width, theme }: TerminalOptions): string[] {
  const shown = data.edges.slice(0, MAX_EDGES)
  const lines = renderTable(
    [
      { title: 'grade' },
      { title: 'edge', overflow: 'end', least: 20 },
      { title: 'traces', align: 'right' },
      { title: 'of them broken' },
      { title: 'carries', overflow: 'wrap', least: 12 },
    ],
    shown.map(({ grade, from, to, traces, breakRate, interval, carries }) => [
      { text: grade === 'insufficient' ? 'few' : grade, paint: theme[toneOfTrust(grade)] },
      `${from} → ${to}`,
      formatCount(traces),
      sayRate(breakRate, interval),
      (carries ?? []).map(({ format, share }) => `${format} ${formatShare(share)}`).join(', '),
    ]),
    { width, theme },
  )
  const left = data.edges.length - shown.length
  if (left > 0) lines.push(theme.dim(`and ${countOf(left, 'more edge')}`))
  return lines
}

function renderClocks(
  { skewed, agreeing }: ReturnType<typeof answerTrust>,
  { width, theme }: TerminalOptions,
): string[] {
  if (skewed.length === 0) return []
  const lines = skewed.slice(0, MAX_SKEW).map((row) => cutEnd(escapeControls(saySkew(row)), width))
  const left = skewed.length - MAX_SKEW
  if (left > 0) lines.push(theme.dim(`and ${countOf(left, 'more pair')} of hosts`))
  const rest = agreeing === 0 ? '' : ` ${countOf(agreeing, 'other pair')} of hosts may agree.`
  lines.push(...wrapWords(`Times are shown as they were written, never moved.${rest}`, width).map(theme.dim))
  return lines
}

function renderScores(services: readonly TrustService[], { width, theme }: TerminalOptions): string[] {
  const rows = services.slice(0, MAX_SERVICES).map(({ service, instrumentationScore }) => {
    const { score, rules, failed } = sayScore(instrumentationScore)
    return [service, score, rules, failed]
  })
  const lines = renderTable(
    [
      { title: 'service', overflow: 'end', least: 12 },
      { title: 'score', align: 'right' },
      { title: 'rules answered' },
      { title: 'failed', overflow: 'wrap', least: 16 },
    ],
    rows,
    { width, theme },
  )
  const isIncomplete = services.some(({ instrumentationScore }) => !instrumentationScore.complete)
  if (isIncomplete && lines.length > 0) {
    const note = 'incomplete, so there is no band: spans and logs cannot answer all rules of its specification'
    lines.push(...wrapWords(note, width).map(theme.dim))
  }
  return lines
}
