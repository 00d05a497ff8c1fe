/**
 * An audit for the terminal: what was read, then findings worst first, each with its place, the line of source and a mark
 * under it, and what to do; then counts by rule. Enters: the report. Leaves: text that ends in a newline.
 */
import type { Evidence, Finding } from '../../model/contract.ts'
import type { Report } from '../../model/report.ts'
import type { AuditData } from '../../model/trust/audit-data.ts'
import { type CodePlace, renderFrame } from '../code-frame.ts'
import { renderTable } from '../table.ts'
import { countOf, endSentence, escapeControls, formatCount, wrapWords } from '../text.ts'
import { type Theme, toneOfSeverity } from '../theme.ts'

export type AuditOptions = {
  readonly width: number
  readonly theme: Theme
  readonly top?: number
  /** List notes (severity info) with their places too; else they are a count per rule. */
  readonly notes?: boolean
}

const TOP = 20

export function renderAudit({ data, findings, issues }: Report<AuditData>, options: AuditOptions): string {
  const { theme, width, top = TOP, notes: isListed = false } = options
  const lines: string[] = [...wrapWords(sayRead(data), width).map((line) => theme.dim(line)), '']
  const notes = findings.filter(isNote)
  const told = isListed ? findings : findings.filter((one) => !isNote(one))
  const shown = told.slice(0, top)
  for (const finding of shown) lines.push(...renderFinding(finding, options), '')
  if (findings.length === 0) lines.push(theme.good('No rule found anything.'), '')
  else if (told.length === 0) lines.push(theme.good('No rule found a fault; there are notes.'), '')
  if (told.length > shown.length) {
    lines.push(`${countOf(told.length - shown.length, 'more finding')} (--top ${told.length} shows all)`, '')
  }
  lines.push(...renderCounts(data, notes, options))
  if (notes.length > 0 && !isListed) {
    lines.push(...wrapWords(theme.dim(sayNotes(notes.length)), width), '')
  }
  lines.push(
    ...saySeen(data).flatMap((line) => wrapWords(escapeControls(line), width)),
    ...sayFixes(data),
    ...sayIgnored(data),
  )
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

function isNote({ severity }: Finding): boolean {
  return severity === 'info'
}

function sayNotes(count: number): string {
  return `${countOf(count, 'note')}: true, and nothing shows that it costs anything (--notes lists them).`
}

/** Findings and notes of each rule that has any, most findings first. */
function renderCounts({ rules }: AuditData, notes: readonly Finding[], options: AuditOptions): string[] {
  if (rules.length === 0) return []
  const noted = Map.groupBy(notes, ({ rule }) => rule)
  const rows = rules.map(({ rule, findings: count }) => {
    const own = noted.get(rule)?.length ?? 0
    return { rule, told: Math.max(0, count - own), own }
  })
  const show = (count: number): string => (count === 0 ? '' : formatCount(count))
  return [
    ...renderTable(
      [
        { title: 'rule' },
        { title: 'findings', align: 'right' },
        ...(notes.length === 0 ? [] : [{ title: 'notes', align: 'right' } as const]),
      ],
      rows
        .sort((a, b) => b.told - a.told || b.own - a.own)
        .map(({ rule, told, own }) => [rule, show(told), ...(notes.length === 0 ? [] : [show(own)])]),
      options,
    ),
    '',
  ]
}

function renderFinding(finding: Finding, { theme, width }: AuditOptions): string[] {
  const [first, ...related] = finding.evidence
  const paint = theme[toneOfSeverity(finding.severity)]
  const head = `${paint(finding.severity)} ${theme.dim(finding.confidence)} ${theme.strong(finding.rule)}`
  return [
    head,
    ...wrapWords(escapeControls(endSentence(finding.title)), width - 2).map((line) => `  ${line}`),
    ...renderFrame(toPlace(first), paint, { width, theme }),
    ...related.flatMap((one) =>
      wrapWords(escapeControls(sayEvidence(one)), width - 2).map((line) => `  ${theme.dim(line)}`),
    ),
    ...wrapWords(escapeControls(finding.fix.summary), width - 4).map(
      (line, index) => `  ${index === 0 ? '→' : ' '} ${line}`,
    ),
  ]
}

function toPlace({ file, source, line, column, excerpt, function: name }: Evidence): CodePlace {
  return {
    file: file ?? source,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    ...(excerpt === undefined ? {} : { excerpt }),
    ...(name === undefined ? {} : { note: ` in ${name}` }),
  }
}

/** Another place in the source, or what spans and runtime show. */
function sayEvidence({ lens, file, line, at, source, excerpt = '' }: Evidence): string {
  if (lens === 'source') {
    const place = `${file ?? ''}:${line ?? at ?? ''}`
    // A linter's own words; of another place in the source the place is enough.
    return file === undefined || source === file ? place : `${place} ${source}: ${excerpt}`
  }
  return `${lens}: ${excerpt}${at === undefined ? '' : `; ${at}`} (${source})`
}

function saySeen({ seen }: AuditData): string[] {
  if (seen === undefined) return []
  const { services, confirmedBySpans, confirmedByRuntime, mayBe, notSeen, notReached, notCompared } = seen
  const parts = [
    [confirmedBySpans, 'confirmed by spans'],
    [confirmedByRuntime, 'confirmed by the runtime'],
    [mayBe, 'may be what breaks, beside another'],
    [notSeen, 'not seen in traces that pass there'],
    [notReached, 'in code that no trace passes'],
    [notCompared, 'of a service that is not known (--service NAME)'],
  ] as const
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`)
  const against = services.length === 0 ? '' : ` against spans of ${services.join(', ')}`
  return [
    `Held${against === '' ? ' against what ran' : against}: ${said.length === 0 ? 'no finding of a break class' : said.join(', ')}.`,
  ]
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
