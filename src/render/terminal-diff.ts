/** What changed between two captures, for the terminal. Enters: DiffData. Leaves: text that ends in a newline. */

import type { Finding } from '../model/contract.ts'
import type { DiffData, GroupChange } from '../model/diagnosis.ts'
import type { Issue } from '../model/issue.ts'
import { renderTable } from './table.ts'
import { renderIssues } from './terminal-diagnose.ts'
import { countOf, escapeControls, formatCount, shortFunction, wrapWords } from './text.ts'
import { type Theme, toneOfGrade, toneOfSeverity } from './theme.ts'

type Options = { readonly width: number; readonly theme: Theme }

const MAX_CHANGES = 60
const tones: Readonly<Record<GroupChange['change'], keyof Theme>> = {
  appeared: 'bad',
  grew: 'bad',
  went: 'good',
  shrank: 'good',
  verdict: 'warn',
}

export function renderDiff(
  {
    data,
    findings,
    issues,
  }: { readonly data: DiffData; readonly findings: readonly Finding[]; readonly issues: readonly Issue[] },
  options: Options,
): string {
  const { theme, width } = options
  const { before, after } = data.goroutines
  const grades = [data.verdict.before.grade, data.verdict.after.grade] as const
  const more = after - before
  const lines = [
    theme.dim(escapeControls(`${nameSide(data.before)}  →  ${nameSide(data.after)}`)),
    '',
    theme.strong(
      `${formatCount(before)} → ${countOf(after, 'goroutine')} (${more > 0 ? '+' : ''}${formatCount(more)}), ${theme[toneOfGrade(grades[0])](grades[0])} → ${theme[toneOfGrade(grades[1])](grades[1])}`,
    ),
  ]
  if (data.changes.length === 0)
    lines.push('', `Nothing changed: ${countOf(data.unchangedGroups, 'group')} on both sides.`)
  else lines.push('', ...renderChanges(data.changes, options))
  if (data.changes.length > MAX_CHANGES)
    lines.push(theme.dim(`and ${countOf(data.changes.length - MAX_CHANGES, 'more change')}, in --json`))
  if (data.changes.length > 0 && data.unchangedGroups > 0)
    lines.push(theme.dim(`${countOf(data.unchangedGroups, 'group')} unchanged`))
  const { appeared, went, kept } = data.findings
  lines.push('', `Findings: ${appeared.length} new, ${went.length} gone, ${kept} in both.`)
  for (const finding of findings.filter(({ fingerprint }) => appeared.includes(fingerprint))) {
    const label = `new, ${finding.severity}: `
    wrapWords(escapeControls(finding.title), width - 2 - label.length).forEach((line, index) => {
      lines.push(`  ${index === 0 ? theme[toneOfSeverity(finding.severity)](label) : ' '.repeat(label.length)}${line}`)
    })
  }
  const doubts = renderIssues(issues, options)
  if (doubts.length > 0) lines.push('', theme.strong('Doubts about the data'), ...doubts)
  return `${lines.join('\n')}\n`
}

function nameSide({ service, version, startTime }: DiffData['before']): string {
  return [service, version, startTime].filter((part) => part !== undefined).join(' ')
}

function renderChanges(changes: readonly GroupChange[], { width, theme }: Options): string[] {
  return renderTable(
    [
      { title: '' },
      { title: 'before', align: 'right' },
      { title: 'after', align: 'right' },
      { title: 'verdict', overflow: 'end', least: 8 },
      { title: 'state', overflow: 'end', least: 12 },
      { title: 'function', overflow: 'start', least: 30 },
    ],
    changes
      .slice(0, MAX_CHANGES)
      .map((change) => [
        { text: change.change, paint: theme[tones[change.change]] },
        change.before === undefined ? '' : formatCount(change.before.count),
        change.after === undefined ? '' : formatCount(change.after.count),
        sayVerdicts(change),
        change.waitReason ?? change.state,
        shortFunction(change.userFunction || change.topFunction),
      ]),
    { width, theme },
  )
}

function sayVerdicts({ before, after }: GroupChange): string {
  const verdicts = [before?.verdict, after?.verdict].filter((verdict) => verdict !== undefined)
  return verdicts[0] === verdicts[1] ? (verdicts[0] ?? '') : verdicts.join(' → ')
}
