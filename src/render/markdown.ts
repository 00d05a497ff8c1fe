/**
 * A diagnosis as Markdown for a pull request or an issue: verdict, findings, next steps; groups and blind spots folded.
 * Text of the target's goes into code spans or is escaped, so that it can make no link, mention, image or HTML.
 */
import {
  answerDiagnosis,
  type DiagnoseReport,
  rankBlindSpots,
  sayHowLong,
  sayTracedHere,
  type Trouble,
  userFrame,
} from './answer.ts'
import { countOf, escapeControls, formatCount, formatSeconds, shortPlace } from './text.ts'

const MAX_ROWS = 30

export function renderMarkdown(reports: readonly DiagnoseReport[]): string {
  return `${reports.map(renderOne).join('\n\n---\n\n')}\n`
}

function renderOne(report: DiagnoseReport): string {
  const answer = answerDiagnosis(report)
  const parts = [
    `### ${escapeMarkdown(answer.subject)}: ${answer.grade}`,
    `**${escapeMarkdown(answer.headline)}**`,
    answer.because.map((reason) => `- ${escapeMarkdown(reason)}`).join('\n'),
    renderTroubles(answer.troubles),
    answer.steps.length === 0
      ? ''
      : `**What to do next**\n\n${answer.steps.map((step, index) => `${index + 1}. ${escapeMarkdown(step.what)}`).join('\n')}`,
    renderBlindSpots(report),
    renderGroups(report),
    renderDoubts(report),
    `<sub>${escapeMarkdown(answer.facts.join(' · '))} · Sightline</sub>`,
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function renderTroubles(troubles: readonly Trouble[]): string {
  if (troubles.length === 0) return ''
  const rows = troubles.slice(0, MAX_ROWS).map((trouble) => {
    const { group } = trouble
    const where = group === undefined ? '' : markdownCode(userFrame(group).function)
    const frame = group?.stack.find((one) => one.function === group.userFunction) ?? group?.stack[0]
    const place = frame?.file === undefined ? '' : `<br>${markdownCode(shortPlace(frame.file, frame.line))}`
    return markdownRow([
      `${trouble.severity}, ${trouble.confidence}`,
      escapeMarkdown(trouble.title),
      where + place,
      trouble.missedBy.join(', '),
    ])
  })
  const more = troubles.length - MAX_ROWS
  return [markdownRow(['severity', 'what', 'where', 'never in']), markdownRow(['---', '---', '---', '---']), ...rows]
    .concat(more > 0 ? [markdownRow(['', `and ${formatCount(more)} more`, '', ''])] : [])
    .join('\n')
}

function renderBlindSpots({ data }: DiagnoseReport): string {
  if (data.blindSpots.length === 0) return ''
  const rows = rankBlindSpots(data.blindSpots)
    .slice(0, MAX_ROWS)
    .map((spot) =>
      markdownRow([
        formatCount(spot.goroutineCount),
        spot.goroutineSeconds === undefined ? '' : formatSeconds(spot.goroutineSeconds),
        spot.tracedGoroutineSeconds === undefined ? '' : formatSeconds(spot.tracedGoroutineSeconds),
        escapeMarkdown(spot.what),
        spot.lensesThatShowIt.join(', '),
        escapeMarkdown(spot.turnOn),
      ]),
    )
  return fold('What no profile that is on can show', [
    markdownRow(['goroutines', 'their time', 'traced', 'what', 'shown by', 'how to see it']),
    markdownRow(['--:', '--:', '--:', '---', '---', '---']),
    ...rows,
  ])
}

function renderGroups({ data }: DiagnoseReport): string {
  const { groups, count } = data.goroutines
  if (groups.length === 0) return ''
  const rows = groups
    .slice(0, MAX_ROWS)
    .map((group) =>
      markdownRow([
        group.id,
        formatCount(group.count),
        group.verdict,
        group.confidence,
        markdownCode(group.waitReason ?? group.state),
        markdownCode(userFrame(group).function),
        sayTracedHere(group) ?? sayHowLong(group) ?? '',
      ]),
    )
  const left = groups.length - MAX_ROWS
  return fold(`${countOf(count, 'goroutine')} in ${countOf(groups.length, 'group')}`, [
    markdownRow(['', 'count', 'verdict', 'confidence', 'state', 'function', 'here']),
    markdownRow(['---', '--:', '---', '---', '---', '---', '---']),
    ...rows,
    ...(left > 0 ? [markdownRow(['', `and ${formatCount(left)} more`, '', '', '', '', ''])] : []),
  ])
}

function renderDoubts({ issues, coverage }: DiagnoseReport): string {
  const lines = [
    ...issues.slice(0, MAX_ROWS).map((issue) => `- ${markdownCode(issue.code)} ${escapeMarkdown(issue.message)}`),
    ...coverage.missing.slice(0, MAX_ROWS).map((gap) => `- ${escapeMarkdown(`${gap.what}: ${gap.why}`)}`),
  ]
  return lines.length === 0 ? '' : fold('Doubts, and what did not answer', lines)
}

export function fold(title: string, lines: readonly string[]): string {
  return `<details><summary>${title}</summary>\n\n${lines.join('\n')}\n\n</details>`
}

export function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** Code; what a code span cannot hold in a table (a backtick, a pipe) goes into a `code` element as escaped text. */
export function markdownCode(text: string): string {
  if (text === '') return ''
  return /[`|]/.test(text) ? `<code>${escapeMarkdown(text)}</code>` : `\`${escapeControls(text)}\``
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '`': '&#96;',
  '|': '&#124;',
}

/** Text that Markdown takes as text: marks, HTML, mentions, references and bare links lose their meaning. */
export function escapeMarkdown(text: string): string {
  return escapeControls(text)
    .replace(/[\\*_{}[\]#~!$]/g, '\\$&')
    .replace(/[&<>`|]/g, (character) => entities[character] as string)
    .replace(/@(?=\w)/g, '@\u2060')
    .replace(/(https?|ftp):\/\//gi, '$1:\u2060//')
    .replace(/\bwww\./gi, 'www\u2060.')
}
