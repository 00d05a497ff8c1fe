/**
 * An audit for the terminal: what was read, then findings worst first, each with its place, the line of source and a mark
 * under it, and what to do; then counts by rule. Enters: the report. Leaves: text that ends in a newline.
 */
import type { Evidence, Finding } from '../../model/contract.ts'
import type { Report } from '../../model/report.ts'
import type { AuditData } from '../../model/trust/audit-data.ts'
import { renderTable } from '../table.ts'
import { countOf, cutEnd, endSentence, escapeControls, formatCount, widthOf, wrapWords } from '../text.ts'
import { type Theme, toneOfSeverity } from '../theme.ts'

export type AuditOptions = { readonly width: number; readonly theme: Theme; readonly top?: number }

const TOP = 20

export function renderAudit({ data, findings, issues }: Report<AuditData>, options: AuditOptions): string {
  const { theme, width, top = TOP } = options
  const lines: string[] = [...wrapWords(sayRead(data), width).map((line) => theme.dim(line)), '']
  const shown = findings.slice(0, top)
  for (const finding of shown) lines.push(...renderFinding(finding, options), '')
  if (findings.length === 0) lines.push(theme.good('No rule found anything.'), '')
  if (findings.length > shown.length) {
    lines.push(`${countOf(findings.length - shown.length, 'more finding')} (--top ${findings.length} shows all)`, '')
  }
  if (data.rules.length > 0) {
    lines.push(
      ...renderTable(
        [{ title: 'rule' }, { title: 'findings', align: 'right' }],
        data.rules.map(({ rule, findings: count }) => [rule, formatCount(count)]),
        options,
      ),
      '',
    )
  }
  lines.push(...sayFixes(data), ...sayIgnored(data))
  for (const issue of issues) lines.push(...wrapWords(theme.warn(escapeControls(endSentence(issue.message))), width))
  while (lines.at(-1) === '') lines.pop()
  return `${lines.join('\n')}\n`
}

function sayRead({ files, packages, tier, durationMs }: AuditData): string {
  const skipped = [
    [files.tests, 'of tests'],
    [files.vendor, 'in vendor'],
    [files.testdata, 'in testdata'],
    [files.tooLarge, 'too large'],
    [files.unreadable, 'unreadable'],
  ] as const
  const left = skipped.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`)
  return (
    `${countOf(files.read, 'file')} in ${countOf(packages, 'package')} read in ${(durationMs / 1000).toFixed(1)} s, ` +
    `${tier === 'a' ? 'by syntax (tier a: nothing is certain)' : 'with types (tier b)'}` +
    `${files.generated > 0 ? `; ${formatCount(files.generated)} generated, read and not judged` : ''}` +
    `${left.length > 0 ? `; not read: ${left.join(', ')}` : ''}.`
  )
}

function renderFinding(finding: Finding, { theme, width }: AuditOptions): string[] {
  const [first, ...related] = finding.evidence
  const paint = theme[toneOfSeverity(finding.severity)]
  const head = `${paint(finding.severity)} ${theme.dim(finding.confidence)} ${theme.strong(finding.rule)}`
  return [
    head,
    ...wrapWords(escapeControls(endSentence(finding.title)), width - 2).map((line) => `  ${line}`),
    ...renderFrame(first, paint, width, theme),
    ...related.flatMap((one) => [`  ${theme.dim(`${one.file ?? ''}:${one.at ?? ''}`)}`]),
    ...wrapWords(escapeControls(finding.fix.summary), width - 4).map(
      (line, index) => `  ${index === 0 ? '→' : ' '} ${line}`,
    ),
  ]
}

/** `  shop/api.go:31:7`, the line, and a mark under the column. */
function renderFrame(place: Evidence, paint: (text: string) => string, width: number, theme: Theme): string[] {
  const { file = place.source, line, column, excerpt = '' } = place
  const at = line === undefined ? file : `${file}:${line}${column === undefined ? '' : `:${column}`}`
  const gutter = `${line ?? ''}`.padStart(6)
  const indent = excerpt.length - excerpt.trimStart().length
  const code = expand(excerpt.slice(indent))
  const shown = cutEnd(code, Math.max(20, width - 10))
  const frame = [`  ${escapeControls(at)}`, `${theme.dim(`${gutter} |`)} ${shown}`]
  const mark = column === undefined ? undefined : widthOf(expand(takeBytes(excerpt, column - 1).slice(indent)))
  if (mark !== undefined && excerpt !== '' && mark < widthOf(shown)) {
    frame.push(`${theme.dim(`${' '.repeat(6)} |`)} ${' '.repeat(mark)}${paint('^')}`)
  }
  return frame
}

function expand(text: string): string {
  return escapeControls(text.replaceAll('\t', '  '))
}

/** The text before a column, which counts bytes as Go does. */
function takeBytes(text: string, bytes: number): string {
  let left = bytes
  let end = 0
  for (const character of text) {
    const code = character.codePointAt(0) as number
    left -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (left < 0) break
    end += character.length
  }
  return text.slice(0, end)
}

function sayFixes({ fixes }: AuditData): string[] {
  if (fixes.applied > 0) {
    return [
      `${countOf(fixes.applied, 'fix', 'fixes')} written into ${countOf(fixes.files.length, 'file')}; the findings are those from before.`,
    ]
  }
  if (fixes.available === 0) return []
  return [`${countOf(fixes.available, 'finding')} can be mended mechanically: --fix.`]
}

function sayIgnored({ ignored }: AuditData): string[] {
  return ignored.findings === 0 ? [] : [`${countOf(ignored.findings, 'finding')} silenced by comments.`]
}
